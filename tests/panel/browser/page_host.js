// ExtendScript's objects in a page: files and folders in memory, a Deadline Cloud client that says what it is told to say.
//
// After Effects' own objects are those of host_app.js, which Node's host uses as well. Files are bytes, one character each,
// by their plain paths. The client is what `system.callSystem` would start: the panel's own run.sh is looked at for what is
// asked, and output.txt and code.txt are written beside it, at once or after a while, as a real one does.
(function (global) {
  "use strict";

  function Host(options) {
    this.platform = "posix";
    this.calls = { host: 0, system: [] };
    this.tasks = new Map();
    this.files = new Map([["/", null]]);
    this.said = [];
    this.opened = [];
    this.answers = [];
    this.client = Object.assign({ login: "AUTHENTICATED", lines: [], code: 0, errors: "", pause: 0 }, options.client);
    this.list = function (items) { return items; };
    this.context = Object.assign({}, this.extendscript());
    Object.keys(options.files).forEach(function (path) { this.put(path, options.files[path]); }, this);
  }

  // A file and the folders above it; null makes a folder.
  Host.prototype.put = function (path, bytes) {
    for (var at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1)) { this.files.set(path.slice(0, at), null); }
    this.files.set(path, bytes);
  };

  Host.prototype.canonical = function (given) {
    var text = String(given);
    try { text = decodeURIComponent(text); } catch (error) { /* no URI: taken as it stands */ }
    return "/" + text.split("/").filter(function (part) { return part && part !== "."; }).join("/");
  };

  Host.prototype.extendscript = function () {
    var host = this;
    function uri(path) { return encodeURI(path).replace(/#/g, "%23").replace(/\?/g, "%3F"); }

    class Entry {
      constructor(given) { this.at = host.canonical(given); this.error = ""; }
      get fsName() { return this.at; }
      get parent() { return this.at === "/" ? null : new Folder(uri(this.at.replace(/\/[^/]*$/, "") || "/")); }
      get alias() { return false; }
      remove() { return host.files.delete(this.at); }
      rename(name) {
        var to = this.at.replace(/[^/]*$/, name);
        if (host.files.has(to)) { return false; }
        var from = this.at;
        Array.from(host.files.keys()).forEach(function (path) {
          if (path !== from && path.indexOf(from + "/") !== 0) { return; }
          host.files.set(to + path.slice(from.length), host.files.get(path));
          host.files.delete(path);
        });
        this.at = to;
        return true;
      }
    }
    class File extends Entry {
      get exists() { return typeof host.files.get(this.at) === "string"; }
      get length() { return this.exists ? host.files.get(this.at).length : 0; }
      open(mode) {
        if (mode === "r" ? !this.exists : !this.parent.exists) { this.error = "no such file"; return false; }
        if (mode === "w") { host.files.set(this.at, ""); }
        if (mode === "a" && !this.exists) { host.files.set(this.at, ""); }
        this.position = 0;
        return true;
      }
      seek(position) { this.position = position; return true; }
      read(count) { return host.files.get(this.at).substr(this.position, count); }
      write(text) { host.files.set(this.at, host.files.get(this.at) + text); return true; }
      close() { return true; }
      copy(target) { host.files.set(target.at, host.files.get(this.at)); return true; }
      execute() { host.opened.push(this.at); return host.opens !== false; }
    }
    class Folder extends Entry {
      get exists() { return host.files.get(this.at) === null; }
      create() { host.put(this.at, null); return true; }
      getFiles() {
        var start = this.at === "/" ? "/" : this.at + "/";
        var inside = Array.from(host.files.keys()).filter(function (path) {
          return path.indexOf(start) === 0 && path.length > start.length && path.indexOf("/", start.length) < 0;
        });
        return inside.map(function (path) { return host.files.get(path) === null ? new Folder(uri(path)) : new File(uri(path)); });
      }
    }
    function asked(Kind) {
      return function () { var answer = host.answers.shift(); return answer ? new Kind(uri(answer)) : null; };
    }
    File.openDialog = asked(File);
    Folder.selectDialog = asked(Folder);
    Folder.temp = new Folder("/tmp");
    Folder.userData = new Folder("/Users/anna/Library/Application%20Support");
    return {
      File: File, Folder: Folder, XMPMeta: XMPMeta, ExternalObject: function ExternalObject() {},
      $: { os: "Macintosh OS 14.5", fileName: "", version: "4.5.6", writeln: function (text) { host.said.push(text); } },
      system: { callSystem: function (command) { return host.run(command); } },
      alert: function (text) { host.said.push(text); }
    };
  };

  // Metadata is a packet of text to After Effects; here it is JSON.
  function XMPMeta(packet) { this.kept = packet ? JSON.parse(packet) : {}; }
  XMPMeta.registerNamespace = function () {};
  XMPMeta.prototype.doesPropertyExist = function (space, name) { return name in this.kept; };
  XMPMeta.prototype.getProperty = function (space, name) { return this.kept[name]; };
  XMPMeta.prototype.setProperty = function (space, name, value) { this.kept[name] = value; };
  XMPMeta.prototype.serialize = function () { return JSON.stringify(this.kept); };

  Host.prototype.run = function (command) {
    this.calls.system.push(command);
    var script = /^\/bin\/sh '(.+)\/run\.sh'/.exec(command);
    if (!script) { this.finish(this.folder, 143); return ""; }
    this.folder = script[1];
    this.asked = this.files.get(this.folder + "/run.sh");
    if (this.asked.indexOf("'auth' 'status'") >= 0) {
      this.files.set(this.folder + "/output.txt", JSON.stringify({ status: this.client.login }).replace(":", ": "));
      this.finish(this.folder, 0);
    } else { this.submitted(this.folder); }
    return "";
  };

  // What the client says is in `lines`, one after each pause; then `errors`, and it ends with `code`.
  Host.prototype.submitted = function (folder) {
    var host = this, client = this.client, left = client.lines.slice();
    this.bundle = {};
    this.files.forEach(function (bytes, path) {
      if (bytes !== null && path.indexOf(folder + "/bundle/") === 0) { host.bundle[path.slice(folder.length + 8)] = bytes; }
    });
    this.files.set(folder + "/pid.txt", "4711");
    this.files.set(folder + "/output.txt", "");
    (function next() {
      if (!host.files.has(folder + "/output.txt")) { return; }
      if (!left.length) {
        host.files.set(folder + "/errors.txt", client.errors);
        host.finish(folder, client.code);
        return;
      }
      host.files.set(folder + "/output.txt", host.files.get(folder + "/output.txt") + left.shift() + "\n");
      setTimeout(next, client.pause);
    })();
  };

  Host.prototype.finish = function (folder, code) { this.files.set(folder + "/code.txt", String(code)); };

  // After Effects with this project, in this page. Scheduled tasks run on the page's clock.
  global.makeHost = function (options) {
    var host = new Host(options);
    var ours = global.hostApp.appFrom(host, options.app);
    Object.assign(host.context, ours);
    Object.assign(global, host.context);
    host.pace = 1;
    ours.app.scheduleTask = function (code, delay, repeat) {
      var run = function () { (0, eval)(code); };
      return repeat ? setInterval(run, delay * host.pace) : setTimeout(run, delay * host.pace);
    };
    ours.app.cancelTask = function (id) { clearTimeout(id); clearInterval(id); };
    global.host = host;
    return host;
  };
})(window);
