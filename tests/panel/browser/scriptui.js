// ScriptUI in a web page: enough to run the panel's own code, to click it, and to see it.
//
// An element is a ScriptUI object (Element, Container, Root) with a DOM node that is placed absolutely by layout.js.
// ScriptUI's quirks are the same here: setting a list's selection by script calls its onChange; setting a text
// or a value does not; an invisible element keeps its place; a text does not widen its element.
// A control's onClick, onChange and onChanging are called as methods of the element. Errors reach `window.onerror`.
(function (global) {
  "use strict";

  var LARGE = 32767;
  var TEXT_HEIGHT = 16;
  var ROW = 22;
  var makers = {};

  // Width and height by name and by index, as ScriptUI's Dimension.
  function Dimension(width, height) { this.width = width; this.height = height; }
  Dimension.of = function (value) {
    if (value instanceof Array) { return new Dimension(value[0], value[1]); }
    return typeof value === "number" ? new Dimension(value, value) : new Dimension(value.width, value.height);
  };
  ["width", "height"].forEach(function (name, nth) {
    Object.defineProperty(Dimension.prototype, nth, {
      get: function () { return this[name]; },
      set: function (value) { this[name] = value; }
    });
  });

  function sized(prototype, name) {
    Object.defineProperty(prototype, name, {
      get: function () { return this["_" + name]; },
      set: function (value) { this["_" + name] = Dimension.of(value); }
    });
  }

  function Graphics(element) {
    this.element = element;
    this.PenType = { SOLID_COLOR: 0, THEME_COLOR: 1 };
    this.BrushType = { SOLID_COLOR: 0, THEME_COLOR: 1 };
  }
  Graphics.prototype.newPen = function (type, color, width) { return { type: type, color: color, lineWidth: width }; };
  Graphics.prototype.newBrush = function (type, color) { return { type: type, color: color }; };
  Graphics.prototype.measureString = function (text) { return new Dimension(textWidth(text), TEXT_HEIGHT); };
  ["foregroundColor", "backgroundColor"].forEach(function (name) {
    Object.defineProperty(Graphics.prototype, name, {
      set: function (pen) {
        var rgb = pen.color.slice(0, 3).map(function (part) { return Math.round(part * 255); });
        this.element.node.style[name === "foregroundColor" ? "color" : "background"] = "rgb(" + rgb.join(",") + ")";
      }
    });
  });
  Object.defineProperty(Graphics.prototype, "font", {
    get: function () { return { name: "Sans", style: this.element.node.style.fontWeight === "600" ? 1 : 0, size: 12 }; },
    set: function (font) { this.element.node.style.fontWeight = font.style === 1 ? "600" : ""; }
  });

  function Element(type, node, properties) {
    this.type = type;
    this.node = node;
    this.properties = properties || {};
    this.name = this.properties.name;
    this.node.classList.add("ui", type);
    this.node.scriptui = this;
    this.measured = new Dimension(0, 0);
    this.size = [0, 0];
    this.preferredSize = [-1, -1];
    this.minimumSize = [0, 0];
    this.maximumSize = [LARGE, LARGE];
    this.location = [0, 0];
    this.graphics = new Graphics(this);
    this.characters = 0;
    this._enabled = true;
    this._visible = true;
  }
  Element.prototype.isContainer = false;
  sized(Element.prototype, "preferredSize");
  sized(Element.prototype, "minimumSize");
  sized(Element.prototype, "maximumSize");
  sized(Element.prototype, "size");
  property(Element.prototype, "text", function (value) { this.node.textContent = value; });
  property(Element.prototype, "helpTip", function (value) { this.node.title = value; });
  property(Element.prototype, "visible", function (value) { this.node.style.visibility = value ? "" : "hidden"; });
  property(Element.prototype, "enabled", function (value) {
    this.node.classList.toggle("disabled", !value);
    this.node.inert = !value;
  });
  Object.defineProperty(Element.prototype, "bounds", {
    get: function () {
      var x = this.location[0], y = this.location[1];
      return { left: x, top: y, right: x + this.size.width, bottom: y + this.size.height,
        width: this.size.width, height: this.size.height, 0: x, 1: y, 2: x + this.size.width, 3: y + this.size.height };
    }
  });
  Object.defineProperty(Element.prototype, "active", {
    get: function () { return this.node.contains(document.activeElement); },
    set: function (value) { if (value) { (this.node.querySelector("input,textarea,select") || this.node).focus(); } }
  });
  Object.defineProperty(Element.prototype, "window", {
    get: function () { return this.parent ? this.parent.window : this; }
  });
  Element.prototype.place = function (x, y, width, height) {
    this.location = [Math.round(x), Math.round(y)];
    this.size = [Math.round(width), Math.round(height)];
    var style = this.node.style;
    style.left = this.location[0] + "px";
    style.top = this.location[1] + "px";
    style.width = this.size.width + "px";
    style.height = this.size.height + "px";
    if (this.placed) { this.placed(); }
  };
  Element.prototype.naturalSize = function () { return new Dimension(textWidth(this.text || ""), TEXT_HEIGHT); };
  Element.prototype.notify = function (event) { if (this[event || "onClick"]) { this[event || "onClick"](); } };
  Element.prototype.show = function () { this.visible = true; };
  Element.prototype.hide = function () { this.visible = false; };
  Element.prototype.addEventListener = function (name, handler) {
    var self = this;
    var dom = { mouseover: "mouseenter", mouseout: "mouseleave", focus: "focusin", blur: "focusout" }[name] || name;
    this.node.addEventListener(dom, function (event) {
      handler.call(self, { type: name, target: self, keyName: event.key, ctrlKey: event.ctrlKey, shiftKey: event.shiftKey });
    });
  };

  // A property that is stored and drawn; setting it by script calls no handler.
  function property(prototype, name, draw) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      get: function () { return this["_" + name] === undefined ? "" : this["_" + name]; },
      set: function (value) {
        this["_" + name] = value;
        draw.call(this, value);
      }
    });
  }

  function Container(type, node, properties) {
    Element.call(this, type, node, properties);
    this.children = [];
    this.orientation = type === "group" ? "row" : "column";
    this.spacing = 10;
    this.margins = type === "group" ? 0 : 15;
    this.layout = new global.LayoutManager(this);
  }
  Container.prototype = Object.create(Element.prototype);
  Container.prototype.isContainer = true;
  Container.prototype.laidOut = function () { return this.children; };
  Container.prototype.insets = function () {
    var m = this.margins;
    if (typeof m === "number") { m = [m, m, m, m]; }
    return m instanceof Array ? { left: m[0], top: m[1], right: m[2], bottom: m[3] } : m;
  };
  Container.prototype.add = function (type, bounds, content, properties) {
    if (!makers[type]) { throw new Error("this layer has no " + type); }
    var child = makers[type](content, properties || {}, arguments);
    child.parent = this;
    this.children.push(child);
    (this.body || this.node).appendChild(child.node);
    if (child.name) { this[child.name] = child; }
    return child;
  };
  Container.prototype.remove = function (which) {
    var child = typeof which === "number" ? this.children[which] : which;
    this.children = this.children.filter(function (other) { return other !== child; });
    child.node.remove();
  };
  Container.prototype.findElement = function (name) {
    for (var i = 0; i < this.children.length; i++) {
      var child = this.children[i];
      var found = child.name === name ? child : child.isContainer && child.findElement(name);
      if (found) { return found; }
    }
    return null;
  };

  // A window, or the place in the workspace where a panel is docked.
  function Root(type, node, properties) {
    Container.call(this, type, node, properties);
    this.ownsItsSize = type !== "panel-docked";
  }
  Root.prototype = Object.create(Container.prototype);
  Root.prototype.takeSize = function (width, height) {
    this.size = [width, height];
    this.node.style.width = width + "px";
    this.node.style.height = height + "px";
  };
  Root.prototype.resizedTo = function (width, height) {
    this.takeSize(width, height);
    if (this.onResizing) { this.onResizing(); }
    if (this.onResize) { this.onResize(); }
  };
  Root.prototype.center = function () {};
  Root.prototype.close = function () {
    if (this.onClose && this.onClose() === false) { return; }
    this.node.remove();
  };
  Root.prototype.show = function () {
    this.node.style.visibility = "";
    if (!this.node.parentNode) { document.body.appendChild(this.node); }
    if (this.onShow) { this.onShow(); }
  };

  function Panel() { throw new Error("a Panel is given, never made"); }
  Panel.prototype = Object.create(Root.prototype);

  function Window(type, title, bounds, properties) {
    var root = new Root(type, document.createElement("div"), properties);
    root.body = document.createElement("div");
    var bar = document.createElement("div");
    bar.className = "titlebar";
    bar.textContent = title;
    root.node.append(bar, root.body);
    Object.setPrototypeOf(root, Window.prototype);
    return root;
  }
  Window.prototype = Object.create(Root.prototype);

  // The docked panel: a Panel whose size is the page's.
  function dock(node) {
    var root = new Root("panel-docked", node, {});
    Object.setPrototypeOf(root, Panel.prototype);
    root.margins = 10;
    root.takeSize(global.innerWidth, global.innerHeight);
    global.addEventListener("resize", function () { root.resizedTo(global.innerWidth, global.innerHeight); });
    node.addEventListener("focusin", function () { if (root.onActivate) { root.onActivate(); } });
    return root;
  }

  var ruler = document.createElement("canvas").getContext("2d");
  function textWidth(text) {
    ruler.font = getComputedStyle(document.body).font;
    var lines = String(text).split("\n").map(function (line) { return ruler.measureText(line).width; });
    return Math.ceil(Math.max.apply(null, lines)) + 2;
  }

  global.Panel = Panel;
  global.Window = Window;
  global.ScriptUI = {
    FontStyle: { REGULAR: 0, BOLD: 1, ITALIC: 2 },
    newFont: function (name, style, size) { return { name: name, style: style, size: size }; }
  };
  global.ScriptUILayer = { Element: Element, Container: Container, Dimension: Dimension, property: property,
    makers: makers, textWidth: textWidth, dock: dock, ROW: ROW, TEXT_HEIGHT: TEXT_HEIGHT };
})(window);
