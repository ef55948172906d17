'use strict'
// Find code that ExtendScript misreads: `node language.js FILE…` prints a line per place.
//
// Every file must parse as ECMAScript 3. ExtendScript also has pitfalls that no parser reports: it evaluates a mix of && and
// || from left to right and nested conditionals wrongly, so both must be in parentheses; it has no lookbehind and guesses
// encodings; it counts a trailing comma in a list as an element; and scripts share their built-in prototypes. Methods that
// ES5 added to objects, lists and texts do not exist, except for STMPO's own functions of the same names.

const fs = require('fs')
const acorn = require('acorn')

const RESERVED = new Set('abstract boolean break byte case catch char class const continue debugger default delete do double else enum export extends false final finally float for function goto if implements import in instanceof int interface long native new null package private protected public return short static super switch synchronized this throw throws transient true try typeof var void volatile while with'.split(' '))

const LATER = new Set('trim trimStart trimEnd map filter forEach reduce reduceRight some every find findIndex includes fill flat flatMap bind isArray keys values entries defineProperty freeze assign now toISOString toJSON parse stringify startsWith endsWith padStart padEnd repeat matchAll replaceAll at'.split(' '))

function faultsOf (file) {
  const source = fs.readFileSync(file, 'utf8')
  const faults = []
  const say = (node, what) => faults.push(`${file}:${source.slice(0, node.start).split('\n').length}: ${what}`)
  const odd = /[^\x00-\x7e]/.exec(source)
  if (odd) { say({ start: odd.index }, 'not ASCII') }
  try { walk(acorn.parse(source, { ecmaVersion: 3, preserveParens: true }), null) } catch (error) { faults.push(`${file}: ${error.message}`) }
  return faults

  function walk (node, parent) {
    CHECKS[node.type]?.(node, parent, say, source)
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (child && typeof child.type === 'string') { walk(child, node) }
      }
    }
  }
}

// Recognise STMPO or a part of it.
function isOurs (node) { return node.type === 'Identifier' ? node.name === 'STMPO' : node.type === 'MemberExpression' && isOurs(node.object) }

const CHECKS = {
  ArrayExpression (node, parent, say, source) {
    if (/,\s*\]$/.test(source.slice(node.start, node.end))) { say(node, 'a comma at the end of a list') }
  },
  LogicalExpression (node, parent, say) {
    for (const side of [node.left, node.right]) {
      if (side.type === 'LogicalExpression' && side.operator !== node.operator) { say(node, '&& and || without parentheses') }
    }
  },
  ConditionalExpression (node, parent, say) {
    for (const part of [node.test, node.consequent, node.alternate]) {
      if (part.type === 'ConditionalExpression') { say(node, 'a conditional in a conditional without parentheses') }
    }
  },
  MemberExpression (node, parent, say) {
    if (!node.computed && RESERVED.has(node.property.name)) { say(node, `reserved word .${node.property.name}`) }
    if (!node.computed && LATER.has(node.property.name) && !isOurs(node.object)) { say(node, `.${node.property.name} came after ES3`) }
  },
  Property (node, parent, say) {
    if (node.key.type === 'Identifier' && RESERVED.has(node.key.name)) { say(node, `reserved word ${node.key.name}:`) }
    if (node.kind !== 'init') { say(node, 'a getter or setter') }
  },
  Literal (node, parent, say) {
    if (node.regex && /\(\?[=!<]/.test(node.regex.pattern)) { say(node, 'lookaround in a regular expression') }
  },
  FunctionDeclaration (node, parent, say) {
    if (parent.type === 'BlockStatement' && parent.owner !== true) { say(node, 'a function declared in a block') }
  },
  AssignmentExpression (node, parent, say) {
    const { left } = node
    if (left.type === 'MemberExpression' && left.object.type === 'MemberExpression' && left.object.property.name === 'prototype') { say(node, 'a prototype is changed') }
  },
  FunctionExpression (node) { node.body.owner = true },
  Program (node) { for (const part of node.body) { if (part.type === 'FunctionDeclaration') { part.body.owner = true } } }
}
const declared = CHECKS.FunctionDeclaration
CHECKS.FunctionDeclaration = (node, parent, say) => { declared(node, parent, say); node.body.owner = true }

const faults = process.argv.slice(2).flatMap(faultsOf)
process.stdout.write(faults.map(fault => `${fault}\n`).join(''))
process.exitCode = faults.length ? 1 : 0
