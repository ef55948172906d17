'use strict'
// The host that the panel runs in without After Effects: ExtendScript's language and objects, over a real disk.
//
// The language is ECMAScript 3 and nothing else: what a context has beyond it is deleted, by a list of what ES3 has. The
// objects are those of ExtendScript (File, Folder, system, $, XMPMeta) and of After Effects, filled from the JSON that
// dump_project.py makes of a project. File and Folder take what they are given for a URI, as the real ones do.
//
// hostFor({ app, platform, root, env, script }) -> Host; host.load(entry, { ui }) runs the panel's own files.

const fs = require('fs')
const path = require('path')
const vm = require('vm')
const { execFileSync } = require('child_process')
const { appFrom } = require('./host_app')

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

// All that is to go is found before any of it goes.
const STRIP = `(function (table) {
  var everything = this, surplus = []
  Object.keys(table).forEach(function (name) {
    var owner = name === 'globals' ? everything : name.split('.').reduce(function (object, part) { return object[part] }, everything)
    Object.getOwnPropertyNames(owner).forEach(function (key) { if (table[name].indexOf(key) < 0) { surplus.push([owner, key]) } })
  })
  for (var i = 0; i < surplus.length; i++) { delete surplus[i][0][surplus[i][1]] }
})`

class Host {
  constructor (options) {
    this.platform = options.platform || 'posix'
    this.root = options.root || '' // stands before every path on the real disk
    this.env = options.env || process.env
    this.calls = { host: 0, system: [] }
    this.tasks = new Map()
    this.said = []
    this.context = vm.createContext({})
    vm.runInContext(STRIP, this.context).call(vm.runInContext('this', this.context), ES3)
    this.list = items => { const made = vm.runInContext('[]', this.context); items.forEach(item => made.push(item)); return made }
    Object.assign(this.context, this.extendscript(options))
    Object.assign(this.context, appFrom(this, options.app || {}))
  }

  // Where a path given to File or Folder lies, in slashes: a URI's escapes are read, a Windows drive becomes /c.
  canonical (given) {
    let text = String(given)
    try { text = decodeURIComponent(text) } catch { /* no URI: taken as it stands */ }
    if (this.platform === 'windows') {
      text = text.replace(/\\/g, '/').replace(/^([A-Za-z]):(?=\/|$)/, (_, drive) => '/' + drive.toLowerCase())
    }
    return path.posix.resolve('/', text)
  }

  real (canonical) { return this.root + canonical }

  native (canonical) {
    if (this.platform !== 'windows') { return canonical }
    return canonical.replace(/^\/([a-z])(?=\/|$)/, (_, drive) => drive.toUpperCase() + ':').replace(/\//g, '\\')
  }

  extendscript (options) {
    const host = this
    class Entry {
      constructor (given) { this.at = host.canonical(given === undefined ? '/tmp/untitled' : given); this.error = '' }
      get fsName () { return host.native(this.at) }
      get fullName () { return encodeURI(this.at) }
      get absoluteURI () { return encodeURI(this.at) }
      get name () { return encodeURI(path.posix.basename(this.at)) }
      get parent () { return this.at === '/' ? null : new Folder(encodeURI(path.posix.dirname(this.at)).replace(/#/g, '%23')) }
      get alias () { try { return fs.lstatSync(this.real).isSymbolicLink() } catch { return false } }
      get real () { return host.real(this.at) }
      stat () { try { return fs.statSync(this.real) } catch { return null } }
      tried (action) { try { action(); return true } catch (error) { this.error = error.message; return false } }
      rename (name) {
        const to = path.posix.join(path.posix.dirname(this.at), name)
        return !fs.existsSync(host.real(to)) && this.tried(() => { fs.renameSync(this.real, host.real(to)); this.at = to })
      }
    }
    class File extends Entry {
      get exists () { const stat = this.stat(); return stat !== null && stat.isFile() }
      get length () { const stat = this.stat(); return stat ? stat.size : 0 }
      open (mode) {
        return this.tried(() => { this.handle = fs.openSync(this.real, mode); this.position = 0; this.mode = mode })
      }
      seek (position) { this.position = position; return true }
      read (count) {
        if (this.encoding !== 'BINARY') { throw new Error('the host reads bytes only') }
        const size = fs.fstatSync(this.handle).size
        const bytes = Buffer.alloc(Math.max(0, Math.min(count === undefined ? size : count, size - this.position)))
        fs.readSync(this.handle, bytes, 0, bytes.length, this.position)
        return bytes.toString('latin1')
      }
      write (text) {
        if (this.encoding !== 'BINARY' || /[^\x00-\xff]/.test(text)) { throw new Error('the host writes bytes only') }
        return host.diskFull ? false : this.tried(() => fs.writeSync(this.handle, Buffer.from(text, 'latin1')))
      }
      close () { fs.closeSync(this.handle); return true }
      copy (target) {
        const to = target instanceof File ? target.real : host.real(host.canonical(target))
        return !host.diskFull && this.tried(() => fs.copyFileSync(this.real, to))
      }
      remove () { return this.tried(() => fs.unlinkSync(this.real)) }
    }
    class Folder extends Entry {
      get exists () { const stat = this.stat(); return stat !== null && stat.isDirectory() }
      create () { return this.exists || this.tried(() => fs.mkdirSync(this.real)) }
      remove () { return this.tried(() => fs.rmdirSync(this.real)) }
      getFiles () {
        host.calls.host++
        const entries = this.exists ? fs.readdirSync(this.real) : []
        return host.list(entries.map(name => {
          const at = encodeURI(path.posix.join(this.at, name)).replace(/#/g, '%23').replace(/\?/g, '%3F')
          const folder = new Folder(at)
          return folder.exists ? folder : new File(at)
        }))
      }
    }
    const place = name => new Folder(encodeURI(host.canonical((options.folders || {})[name] || '/tmp')))
    Object.defineProperties(Folder, { temp: { get: () => place('temp') }, userData: { get: () => place('userData') } })
    return {
      File, Folder, XMPMeta: xmpMeta(), ExternalObject: function ExternalObject () {},
      $: { os: this.platform === 'windows' ? 'Windows 11 64-bit' : 'Macintosh OS 14.5', fileName: options.script || '', version: '4.5.6', writeln: text => { host.said.push(text) } },
      system: { callSystem: command => host.callSystem(command) },
      alert: text => { host.said.push(text) }
    }
  }

  // As a terminal would run it. On "Windows" it is only noted.
  callSystem (command) {
    this.calls.system.push(command)
    if (this.platform === 'windows') { return '' }
    try { return execFileSync('/bin/sh', ['-c', command], { env: this.env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }) } catch (error) { return error.stdout || '' }
  }

  // Run what has been scheduled, once; true while something is.
  tick () {
    for (const [id, task] of [...this.tasks]) {
      if (!task.repeat) { this.tasks.delete(id) }
      vm.runInContext(task.code, this.context)
    }
    return this.tasks.size > 0
  }

  eval (code, file = 'test') { return vm.runInContext(code, this.context, { filename: file }) }

  // The panel's own files, by the includes of its entry; `ui: false` leaves the interface out.
  load (entry, { ui = true } = {}) {
    this.context.$.fileName = entry
    const text = fs.readFileSync(this.real(this.canonical(encodeURI(entry))), 'utf8')
    for (const [, name] of text.matchAll(/^\/\/@include "(.+)"$/gm)) {
      if (!ui && path.basename(name).startsWith('ui')) { continue }
      const file = path.join(path.dirname(this.real(entry)), name)
      this.eval(fs.readFileSync(file, 'utf8'), file)
    }
    if (!ui) { this.eval('STMPO.ui = { open: function () {} };') }
    this.eval(text, entry)
    return this
  }
}

// A packet that keeps simple properties, as text between tags, beside whatever else is in it.
function xmpMeta () {
  const escape = text => text.replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`)
  const unescape = text => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
  const prefixes = {}
  class XMPMeta {
    constructor (packet) { this.packet = packet || '<x:xmpmeta><rdf:RDF></rdf:RDF></x:xmpmeta>' }
    static registerNamespace (uri, prefix) { prefixes[uri] = prefix }
    pattern (uri, name) { return new RegExp(`<${prefixes[uri]}${name}>([^<]*)</${prefixes[uri]}${name}>`) }
    doesPropertyExist (uri, name) { return this.pattern(uri, name).test(this.packet) }
    getProperty (uri, name) { const value = unescape(this.pattern(uri, name).exec(this.packet)[1]); return { value, toString: () => value } }
    setProperty (uri, name, value) {
      const tag = prefixes[uri] + name
      this.packet = this.packet.replace(this.pattern(uri, name), '').replace('</rdf:RDF>', () => `<${tag}>${escape(value)}</${tag}></rdf:RDF>`)
    }
    serialize () { return this.packet }
  }
  return XMPMeta
}

module.exports = { hostFor: options => new Host(options), ES3 }
