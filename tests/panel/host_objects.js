'use strict'
// ExtendScript's objects over any disk: File, Folder, XMPMeta, ExternalObject, system, $. No `require`: pages load it too.
//
// objectsFrom(host, options) -> globals. The host provides
//   platform   "posix" or "windows"
//   disk       read(path) -> bytes or null, write(path, bytes, append), stat(path) -> null or { folder, size, link },
//              list(path) -> names, makeFolder, remove, rename(from, to), copy(from, to): true on success.
//              Paths use slashes, a Windows drive is /c; bytes are text of the characters 0 to 255.
//   shell(command) -> its output;  list(items) -> an array of the panel's own context
//   calls      { host: number, system: [commands] };  said: []
// and the options are { folders: { temp, userData }, script }.

function posix (text) {
  const parts = []
  for (const part of text.split('/')) {
    if (part === '..') { parts.pop() } else if (part !== '' && part !== '.') { parts.push(part) }
  }
  return '/' + parts.join('/')
}

const parentOf = at => at.slice(0, at.lastIndexOf('/')) || '/'
const nameOf = at => at.slice(at.lastIndexOf('/') + 1)
const uriOf = at => encodeURI(at).replace(/#/g, '%23').replace(/\?/g, '%3F')

// Convert an argument of File or Folder to a path with slashes: decode URI escapes; a Windows drive becomes /c.
function canonical (host, given) {
  let text = String(given)
  try { text = decodeURIComponent(text) } catch { /* not a URI: used unchanged */ }
  if (host.platform === 'windows') {
    text = text.replace(/\\/g, '/').replace(/^(?:([A-Za-z]):|\/([A-Za-z]))(?=\/|$)/, (_, drive, slashed) => '/' + (drive || slashed).toLowerCase())
  }
  return posix(text)
}

function native (host, at) {
  if (host.platform !== 'windows') { return at }
  return at.replace(/^\/([a-z])(?=\/|$)/, (_, drive) => drive.toUpperCase() + ':').replace(/\//g, '\\')
}

function objectsFrom (host, options) {
  const { disk } = host
  class Entry {
    constructor (given) { this.at = canonical(host, given === undefined ? '/tmp/untitled' : given); this.error = '' }
    get fsName () { return native(host, this.at) }
    toString () { return this.fullName }
    get fullName () { return uriOf(this.at) }
    get absoluteURI () { return uriOf(this.at) }
    get name () { return uriOf(nameOf(this.at)) }
    get parent () { return this.at === '/' ? null : new Folder(uriOf(parentOf(this.at))) }
    get alias () { const stat = disk.stat(this.at); return stat !== null && stat.link === true }
    tried (done) { this.error = done ? '' : 'the disk refuses'; return done }
    remove () { return this.tried(disk.stat(this.at) !== null && disk.remove(this.at)) }
    rename (name) {
      const to = parentOf(this.at).replace(/\/$/, '') + '/' + name
      if (disk.stat(to) !== null || !this.tried(disk.rename(this.at, to))) { return false }
      this.at = to
      return true
    }
  }
  class File extends Entry {
    get exists () { const stat = disk.stat(this.at); return stat !== null && !stat.folder }
    get length () { const stat = disk.stat(this.at); return stat ? stat.size : 0 }
    open (mode) {
      this.position = 0
      this.mode = mode
      if (mode === 'r') {
        this.bytes = disk.read(this.at)
        this.encoding = 'UTF-8' // ExtendScript guesses, whatever was set
        return this.tried(this.bytes !== null)
      }
      return this.tried(disk.write(this.at, '', mode === 'a'))
    }
    seek (position) { this.position = position; return true }
    read (count) {
      if (this.encoding !== 'BINARY') { throw new Error('the host reads bytes only') }
      return this.bytes.slice(this.position, count === undefined ? undefined : this.position + count)
    }
    write (text) {
      if (this.encoding !== 'BINARY' || /[^\x00-\xff]/.test(text)) { throw new Error('the host writes bytes only') }
      return this.tried(disk.write(this.at, this.lineFeed === 'Unix' ? text : text.replace(/\n/g, '\r\n'), true))
    }
    close () { this.bytes = null; return true }
    copy (target) { return this.tried(disk.copy(this.at, target instanceof File ? target.at : canonical(host, target))) }
  }
  class Folder extends Entry {
    get exists () { const stat = disk.stat(this.at); return stat !== null && stat.folder }
    create () { return this.exists || this.tried(disk.makeFolder(this.at)) }
    getFiles () {
      host.calls.host++
      return host.list((this.exists ? disk.list(this.at) : []).map(name => {
        const at = uriOf(this.at.replace(/\/$/, '') + '/' + name)
        const folder = new Folder(at)
        return folder.exists ? folder : new File(at)
      }))
    }
  }
  const place = name => new Folder(uriOf(canonical(host, (options.folders || {})[name] || '/tmp')))
  Object.defineProperties(Folder, { temp: { get: () => place('temp') }, userData: { get: () => place('userData') } })
  return {
    File, Folder, XMPMeta: xmpMeta(), ExternalObject: function ExternalObject () {},
    $: { os: host.platform === 'windows' ? 'Windows 11 64-bit' : 'Macintosh OS 14.5', fileName: options.script || '', version: '4.5.6', writeln: text => { host.said.push(text) } },
    system: { callSystem: command => { host.calls.system.push(command); return host.shell(command) } },
    alert: text => { host.said.push(text) }
  }
}

// A packet that stores simple properties as text between tags, beside its other content.
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

if (typeof module !== 'undefined') { module.exports = { objectsFrom, canonical } }
