// The controls of the ScriptUI layer, each drawn with its HTML counterpart. A maker gets the third and fourth argument of
// `add`, and all arguments.
(function (global) {
  "use strict";

  var layer = global.ScriptUILayer;
  var Element = layer.Element, Container = layer.Container, Dimension = layer.Dimension;
  var makers = layer.makers, property = layer.property;
  var ROW = layer.ROW, TEXT_HEIGHT = layer.TEXT_HEIGHT;

  function node(tag, className) {
    var made = document.createElement(tag);
    if (className) { made.className = className; }
    return made;
  }

  makers.group = function (text, properties) { return new Container("group", node("div"), properties); };

  makers.panel = function (text, properties) {
    var panel = new Container("panel", node("div"), properties);
    panel.margins = text ? [10, 14, 10, 10] : 10;
    var legend = node("span", "legend");
    legend.textContent = text || "";
    panel.node.appendChild(legend);
    return panel;
  };

  makers.statictext = function (text, properties) {
    var element = new Element("statictext", node("div"), properties);
    element.text = text || "";
    element.node.classList.toggle("multiline", !!properties.multiline);
    element.node.classList.toggle("truncate", properties.truncate === "end" || properties.truncate === "middle");
    element.naturalSize = function () {
      var width = this.characters ? this.characters * 7 : layer.textWidth(this.text);
      return new Dimension(width, TEXT_HEIGHT * String(this.text).split("\n").length);
    };
    return element;
  };

  makers.button = function (text, properties) {
    var element = new Element("button", node("button"), properties);
    element.text = text || "";
    element.node.classList.toggle("default", properties.name === "ok");
    element.naturalSize = function () { return new Dimension(Math.max(60, layer.textWidth(this.text) + 26), ROW + 2); };
    element.node.addEventListener("click", function () { element.notify("onClick"); });
    return element;
  };

  function toggle(type) {
    return function (text, properties) {
      var element = new Element(type, node("label"), properties);
      var box = node("input");
      var words = node("span");
      box.type = type === "checkbox" ? "checkbox" : "radio";
      element.node.append(box, words);
      property(element, "text", function (value) { words.textContent = value; });
      Object.defineProperty(element, "value", {
        get: function () { return box.checked; },
        set: function (value) { box.checked = !!value; }
      });
      element.text = text || "";
      element.naturalSize = function () { return new Dimension(layer.textWidth(this.text) + 24, 18); };
      box.addEventListener("click", function () {
        if (type === "radiobutton") {
          element.parent.children.forEach(function (other) {
            if (other !== element && other.type === type) { other.value = false; }
          });
        }
        element.notify("onClick");
      });
      return element;
    };
  }
  makers.checkbox = toggle("checkbox");
  makers.radiobutton = toggle("radiobutton");

  makers.edittext = function (text, properties) {
    var field = node(properties.multiline ? "textarea" : "input");
    var element = new Element("edittext", node("div"), properties);
    field.readOnly = !!properties.readonly;
    field.spellcheck = false;
    element.node.appendChild(field);
    Object.defineProperty(element, "text", {
      get: function () { return field.value; },
      set: function (value) { field.value = value; }
    });
    element.text = text || "";
    element.naturalSize = function () {
      var width = this.characters ? this.characters * 8 + 12 : Math.max(40, layer.textWidth(this.text) + 14);
      return new Dimension(width, properties.multiline ? 3 * TEXT_HEIGHT + 8 : ROW);
    };
    field.addEventListener("input", function () { element.notify("onChanging"); });
    field.addEventListener("change", function () { element.notify("onChange"); });
    return element;
  };

  makers.progressbar = function (value, properties, all) {
    var element = new Element("progressbar", node("div"), properties);
    var bar = node("i");
    element.node.appendChild(bar);
    element.minvalue = all[3] || 0;
    element.maxvalue = all[4] === undefined ? 100 : all[4];
    Object.defineProperty(element, "value", {
      get: function () { return this._value; },
      set: function (now) {
        this._value = Math.min(Math.max(now, this.minvalue), this.maxvalue);
        bar.style.width = 100 * (this._value - this.minvalue) / (this.maxvalue - this.minvalue || 1) + "%";
      }
    });
    element.value = value || 0;
    element.naturalSize = function () { return new Dimension(100, 6); };
    return element;
  };

  makers.tabbedpanel = function (text, properties) {
    var element = new Container("tabbedpanel", node("div"), properties);
    var strip = node("div", "strip");
    element.node.appendChild(strip);
    element.orientation = "stack";
    element.alignChildren = ["fill", "fill"];
    element.margins = [0, 26, 0, 0];
    Object.defineProperty(element, "selection", {
      get: function () { return this._selection; },
      set: function (which) {
        var chosen = typeof which === "number" ? this.children[which] : which;
        this._selection = chosen;
        this.children.forEach(function (tab) {
          tab.visible = tab === chosen;
          tab.handle.classList.toggle("chosen", tab === chosen);
        });
        element.notify("onChange");
      }
    });
    var add = element.add;
    element.add = function (type, bounds, title, options) {
      var tab = add.call(element, type, bounds, title, options);
      tab.handle = strip.appendChild(node("button"));
      tab.handle.textContent = title;
      tab.handle.addEventListener("click", function () { element.selection = tab; });
      if (element.children.length === 1) { element.selection = tab; } else { tab.visible = false; }
      return tab;
    };
    return element;
  };
  makers.tab = function (text, properties) { return new Container("tab", node("div"), properties); };
})(window);
