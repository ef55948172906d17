'use strict'
// After Effects' objects for the host, named as in its scripting guide, from dump_project.py's JSON. Every access is
// counted (host.calls.host), because each costs time in After Effects. No `require`: pages load it too.
//
// appFrom(host, app) -> globals. The host provides what objectsFrom needs, File in host.context, and tasks: a Map of the
// tasks given to app.scheduleTask.

const STATUS = { WILL_CONTINUE: 3012, NEEDS_OUTPUT: 3013, UNQUEUED: 3014, QUEUED: 3015, RENDERING: 3016, USER_STOPPED: 3017, ERR_STOPPED: 3018, DONE: 3019 }

class FolderItem {}
class FootageItem {}
class CompItem {}
class FileSource {}
class SolidSource {}
class PlaceholderSource {}
class TextLayer {}
const SOURCES = { file: FileSource, solid: SolidSource, placeholder: PlaceholderSource }
const ITEMS = { folder: FolderItem, footage: FootageItem, comp: CompItem }

function appFrom (host, app) {
  const File = () => host.context.File
  const slashed = text => host.platform === 'windows' ? text.replace(/\\/g, '/').replace(/^([A-Za-z]):\//, '/$1/') : text
  const uri = text => encodeURI(slashed(text)).replace(/#/g, '%23').replace(/\?/g, '%3F')
  const fileOf = text => text ? new (File())(uri(text)) : null
  const counted = object => new Proxy(object, { get (target, name) { host.calls.host++; return target[name] } })
  const made = (kind, values) => counted(Object.assign(Object.create(kind.prototype), values))

  function sourceOf (source) {
    if (!source) { return null }
    const { type, file, ...values } = source
    return made(SOURCES[type], { ...values, file: fileOf(file) })
  }

  const byId = {}
  function itemOf (item) {
    const { type, usedIn = [], layers = [], mainSource, proxySource, ...values } = item
    const object = made(ITEMS[type], { ...values, mainSource: sourceOf(mainSource), proxySource: sourceOf(proxySource) })
    const target = object
    Object.defineProperty(target, 'usedIn', { get: () => host.list(usedIn.map(id => byId[id])) })
    const texts = layers.map(documents => made(TextLayer, { property: () => ({ property: () => textOf(documents) }) }))
    Object.assign(target, { numLayers: texts.length, layer: number => texts[number - 1] })
    byId[item.id] = object
    return object
  }

  function textOf (documents) {
    return counted({ numKeys: documents.length > 1 ? documents.length : 0, value: documents[0], keyValue: number => documents[number - 1] })
  }

  function moduleOf (module) {
    return counted({ name: module.name, get file () { return fileOf(module.file) }, getSettings: () => settingsOf(module) })
  }

  function settingsOf (module) {
    if (!module.settings) { throw new Error('After Effects error: internal verification failure') }
    return counted({ ...module.settings })
  }

  function queueOf (item) {
    const { comp, modules, status, settings, ...values } = item
    const outputs = modules.map(moduleOf)
    return counted({ ...values, comp: byId[comp], status: STATUS[status], numOutputModules: outputs.length, outputModule: number => outputs[number - 1], getSettings: () => counted({ ...settings }) })
  }

  const stored = { ...(app.settings || {}) }
  const result = {
    version: app.version || '25.1x1', project: null, exitCode: 0,
    settings: {
      haveSetting: (section, key) => `${section}/${key}` in stored,
      getSetting: (section, key) => stored[`${section}/${key}`],
      saveSetting: (section, key, value) => { if (typeof value !== 'string') { throw new Error('text is wanted') } stored[`${section}/${key}`] = value }
    },
    preferences: { havePref: section => section === 'Main Pref Section v2', getPrefAsLong: () => app.mayWrite === false ? 0 : 1 },
    fonts: { missingOrSubstitutedFonts: host.list((app.missingFonts || []).map(name => ({ postScriptName: name }))) },
    scheduleTask: (code, delay, repeat) => { const id = host.tasks.size + 1; host.tasks.set(id, { code, repeat }); return id },
    cancelTask: id => { host.tasks.delete(id) }
  }
  host.stored = stored
  if (app.project) {
    const { items, queue, usedFonts, file, xmpPacket, ...values } = app.project
    let packet = xmpPacket
    const objects = items.map(itemOf)
    const entries = queue.map(queueOf)
    result.project = counted({
      ...values, file: fileOf(file), numItems: objects.length, item: number => objects[number - 1],
      renderQueue: counted({ numItems: entries.length, item: number => entries[number - 1] }),
      usedFonts: usedFonts && host.list(usedFonts.map(font => ({ font }))),
      get xmpPacket () { return packet },
      set xmpPacket (text) { // an unsaved change, like any other
        packet = text
        if (result.project.dirty === false) { result.project.dirty = true }
      },
      save () { host.saved = (host.saved || 0) + 1; result.project.dirty = false }
    })
    host.queue = entries
  }
  return { app: result, FolderItem, FootageItem, CompItem, FileSource, SolidSource, PlaceholderSource, TextLayer, RQItemStatus: STATUS, GetSettingsFormat: { STRING: 3413, NUMBER: 3412 } }
}

if (typeof module !== 'undefined') { module.exports = { appFrom } }
