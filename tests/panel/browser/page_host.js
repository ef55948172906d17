// The host of the panel in a page: a disk in memory, and a fake Deadline Cloud client.
//
// ExtendScript's and After Effects' objects are those of host_objects.js and host_app.js, which Node's host uses as well.
// The fake client replaces the program that `system.callSystem` would start: it reads the panel's run.sh for the command,
// and writes output.txt and code.txt beside it, at once or after a pause, like the real one.
(function (global) {
  "use strict";

  // Path to bytes of a file; null for a folder.
  function diskOf(files) {
    var disk = {
      read: function (at) { return typeof files.get(at) === "string" ? files.get(at) : null; },
      write: function (at, bytes, append) {
        if (files.get(above(at)) !== null) { return false; }
        files.set(at, (append && files.get(at) || "") + bytes);
        return true;
      },
      stat: function (at) {
        var held = files.get(at);
        return held === undefined ? null : { folder: held === null, size: held === null ? 0 : held.length, link: false };
      },
      list: function (at) { return below(at).map(function (path) { return path.slice(at.length + 1); }).filter(function (name) { return name.indexOf("/") < 0; }); },
      makeFolder: function (at) { files.set(at, null); return true; },
      remove: function (at) { return files.delete(at); },
      rename: function (from, to) {
        [from].concat(below(from)).forEach(function (path) {
          files.set(to + path.slice(from.length), files.get(path));
          files.delete(path);
        });
        return true;
      },
      copy: function (from, to) { return disk.write(to, files.get(from), false); }
    };
    function above(at) { return at.slice(0, at.lastIndexOf("/")) || "/"; }
    function below(at) { return Array.from(files.keys()).filter(function (path) { return path.indexOf(at + "/") === 0; }); }
    return disk;
  }

  function Host(options) {
    this.platform = "posix";
    this.files = new Map([["/", null]]);
    this.disk = diskOf(this.files);
    this.calls = { host: 0, system: [] };
    this.tasks = new Map();
    this.said = [];
    this.opened = [];
    this.answers = [];
    this.client = Object.assign({ login: "AUTHENTICATED", lines: [], code: 0, errors: "", pause: 0 }, options.client);
    Object.keys(options.files).forEach(function (path) { this.put(path, options.files[path]); }, this);
    this.put("/tmp", null);
    this.put("/Users/anna/Library/Application Support", null);
    this.context = global.hostModule.objectsFrom(this, {
      folders: { temp: "/tmp", userData: "/Users/anna/Library/Application%20Support" }, script: options.script
    });
  }

  Host.prototype.list = function (items) { return items; };

  // Add a file and its parent folders; null adds a folder.
  Host.prototype.put = function (path, bytes) {
    for (var at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1)) { this.files.set(path.slice(0, at), null); }
    this.files.set(path, bytes);
  };

  // Simulate the user: choose a file or folder in a dialog (the next of `answers`), open a file.
  Host.prototype.attend = function () {
    var host = this, File = this.context.File, Folder = this.context.Folder;
    function asked(Kind) {
      return function () { var answer = host.answers.shift(); return answer ? new Kind(encodeURI(answer)) : null; };
    }
    File.openDialog = File.saveDialog = asked(File);
    Folder.selectDialog = asked(Folder);
    File.prototype.execute = function () { host.opened.push(this.fsName); return host.opens !== false; };
  };

  Host.prototype.shell = function (command) {
    var script = /^\/bin\/sh '(.+)\/run\.sh'/.exec(command);
    if (!script) { this.finish(this.folder, 143); return ""; }
    this.folder = script[1];
    this.asked = this.files.get(this.folder + "/run.sh");
    if (this.asked.indexOf("'auth' 'status'") >= 0) {
      this.files.set(this.folder + "/output.txt", "{\"status\": \"" + this.client.login + "\"}");
      this.finish(this.folder, 0);
    } else { this.submitted(this.folder); }
    return "";
  };

  // The client prints `lines`, one after each pause, then `errors`, and exits with `code`.
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

  // After Effects with this project. Scheduled tasks run on the page's clock, with delays multiplied by `pace`.
  global.makeHost = function (options) {
    var host = new Host(options);
    Object.assign(host.context, global.hostModule.appFrom(host, options.app));
    host.attend();
    host.pace = 1;
    host.context.app.scheduleTask = function (code, delay, repeat) {
      var run = function () { (0, eval)(code); };
      return repeat ? setInterval(run, delay * host.pace) : setTimeout(run, delay * host.pace);
    };
    host.context.app.cancelTask = function (id) { clearTimeout(id); clearInterval(id); };
    Object.assign(global, host.context);
    global.host = host;
    return host;
  };
})(window);
