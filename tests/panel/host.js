'use strict'
// A host that runs the panel without After Effects: ExtendScript's language and objects, over a real disk.
//
// The language is ECMAScript 3: everything newer is deleted from the context, by a list of what ES3 has. The objects are
// those of ExtendScript (File, Folder, system, $, XMPMeta) and of After Effects, filled from dump_project.py's JSON.
// File and Folder treat their argument as a URI, as the real ones do.
//
// hostFor({ app, platform, root, env, script }) -> Host; host.load(entry, { ui }) runs the panel's own files.

const fs = require('fs')
const path = require('path')
const vm = require('vm')
const { execFileSync } = require('child_process')
const { appFrom } = require('./host_app')
const { objectsFrom } = require('./host_objects')

const ES3 = {
  globals: ['Array', 'Boolean', 'Date', 'Error', 'EvalError', 'Function', 'Infinity', 'Math', 'NaN', 'Number', 'Object',
    'RangeError', 'ReferenceError', 'RegExp', 'String', 'SyntaxError', 'TypeError', 'URIError', 'decodeURI',
    'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'escape', 'eval', 'isFinite', 'isNaN', 'parseFloat', 'parseInt',
    'undefined', 'unescape'],
  Array: ['length', 'name', 'prototype'],
  'Array.prototype': ['length', 'constructor', 'concat', 'join', 'pop', 'push', 'reverse', 'shift', 'slice', 'sort', 'splice',
    'toLocaleString', 'toString', 'unshift'],
  'Date.prototype': 'constructor getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth getSeconds getTime getTimezoneOffset getUTCDate getUTCDay getUTCFullYear getUTCHours getUTCMilliseconds getUTCMinutes getUTCMonth getUTCSeconds getYear setDate setFullYear setHours setMilliseconds setMinutes setMonth setSeconds setTime setUTCDate setUTCFullYear setUTCHours setUTCMilliseconds setUTCMinutes setUTCMonth setUTCSeconds setYear toDateString toGMTString toLocaleDateString toLocaleString toLocaleTimeString toString toTimeString toUTCString valueOf'.split(' '),
  Date: ['length', 'name', 'prototype', 'UTC', 'parse'],
  'Function.prototype': ['length', 'name', 'constructor', 'apply', 'call', 'toString', 'arguments', 'caller'],
  Math: 'E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 abs acos asin atan atan2 ceil cos exp floor log max min pow random round sin sqrt tan'.split(' '),
  Number: ['length', 'name', 'prototype', 'MAX_VALUE', 'MIN_VALUE', 'NEGATIVE_INFINITY', 'NaN', 'POSITIVE_INFINITY'],
  'Number.prototype': ['constructor', 'toExponential', 'toFixed', 'toLocaleString', 'toPrecision', 'toString', 'valueOf'],
  Object: ['length', 'name', 'prototype'],
  'Object.prototype': ['constructor', 'hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable', 'toLocaleString', 'toString', 'valueOf', '__proto__'],
  RegExp: ['length', 'name', 'prototype'],
  'RegExp.prototype': ['constructor', 'exec', 'test', 'toString', 'global', 'ignoreCase', 'multiline', 'source', 'flags', 'unicode', 'sticky', 'dotAll', 'hasIndices'],
  String: ['length', 'name', 'prototype', 'fromCharCode'],
  'String.prototype': ['length', 'constructor', 'charAt', 'charCodeAt', 'concat', 'indexOf', 'lastIndexOf', 'localeCompare', 'match',
    'replace', 'search', 'slice', 'split', 'substr', 'substring', 'toLocaleLowerCase', 'toLocaleUpperCase', 'toLowerCase',
    'toString', 'toUpperCase', 'valueOf']
}

// Find everything to delete before deleting anything.
const STRIP = `(function (table) {
  var everything = this, surplus = []
  Object.keys(table).forEach(function (name) {
    var owner = name === 'globals' ? everything : name.split('.').reduce(function (object, part) { return object[part] }, everything)
    Object.getOwnPropertyNames(owner).forEach(function (key) { if (table[name].indexOf(key) < 0) { surplus.push([owner, key]) } })
  })
  for (var i = 0; i < surplus.length; i++) { delete surplus[i][0][surplus[i][1]] }
})`

// The file operations of File and Folder, on the real disk below a root. Bytes are text of the characters 0 to 255.
function diskAt (root) {
  const tried = action => { try { action(); return true } catch { return false } }
  return {
    read: at => { try { return fs.readFileSync(root + at, 'latin1') } catch { return null } },
    write: (at, bytes, append) => tried(() => fs.writeFileSync(root + at, bytes, { encoding: 'latin1', flag: append ? 'a' : 'w' })),
    stat: at => {
      try {
        const stat = fs.statSync(root + at)
        return { folder: stat.isDirectory(), size: stat.size, link: fs.lstatSync(root + at).isSymbolicLink() }
      } catch { return null }
    },
    list: at => { try { return fs.readdirSync(root + at) } catch { return [] } },
    makeFolder: at => tried(() => fs.mkdirSync(root + at)),
    remove: at => tried(() => fs.statSync(root + at).isDirectory() ? fs.rmdirSync(root + at) : fs.unlinkSync(root + at)),
    rename: (from, to) => tried(() => fs.renameSync(root + from, root + to)),
    copy: (from, to) => tried(() => fs.copyFileSync(root + from, root + to))
  }
}

class Host {
  constructor (options) {
    this.platform = options.platform || 'posix'
    this.root = options.root || '' // the prefix of every path on the real disk
    this.env = options.env || process.env
    this.disk = diskAt(this.root)
    this.calls = { host: 0, system: [] }
    this.tasks = new Map()
    this.said = []
    this.context = vm.createContext({})
    vm.runInContext(STRIP, this.context).call(vm.runInContext('this', this.context), ES3)
    this.list = items => { const made = vm.runInContext('[]', this.context); items.forEach(item => made.push(item)); return made }
    Object.assign(this.context, objectsFrom(this, options))
    Object.assign(this.context, appFrom(this, options.app || {}))
  }

  // Run a command as a terminal does. On "Windows" it is only recorded.
  shell (command) {
    if (this.platform === 'windows') { return '' }
    try { return execFileSync('/bin/sh', ['-c', command], { env: this.env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }) } catch (error) { return error.stdout || '' }
  }

  // Run the scheduled tasks once; return whether there were any.
  tick () {
    for (const [id, task] of [...this.tasks]) {
      if (!task.repeat) { this.tasks.delete(id) }
      vm.runInContext(task.code, this.context)
    }
    return this.tasks.size > 0
  }

  eval (code, file = 'test') { return vm.runInContext(code, this.context, { filename: file }) }

  // Load the panel's own files, by the includes of its entry; `ui: false` omits the interface.
  load (entry, { ui = true } = {}) {
    this.context.$.fileName = entry
    const text = fs.readFileSync(this.root + entry, 'utf8')
    for (const [, name] of text.matchAll(/^\/\/@include "(.+)"$/gm)) {
      if (!ui && path.basename(name).startsWith('ui')) { continue }
      const file = path.join(path.dirname(this.root + entry), name)
      this.eval(fs.readFileSync(file, 'utf8'), file)
    }
    if (!ui) { this.eval('STMPO.ui = { open: function () {} };') }
    this.eval(text, entry)
    return this
  }
}

module.exports = { hostFor: options => new Host(options), ES3 }
