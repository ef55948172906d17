// Lists of the ScriptUI layer: a listbox with columns and multiple selection, and the dropdown list.
//
// As in ScriptUI: columns and their widths are given at creation and never change; `selection` is null, an item, or (with
// multiselect) an array of items, and takes items or indices; assigning it by script calls onChange when it differs, except
// that assigning to a multiselect list adds to what is selected (null clears it). A disabled item cannot be chosen.
(function (global) {
  "use strict";

  var layer = global.ScriptUILayer;
  var Element = layer.Element, Dimension = layer.Dimension;

  function Item(list, text) {
    this.list = this.parent = list;
    this.type = "item";
    this.node = list.newNode(this);
    this.cells = list.newCells(this.node);
    this.subItems = this.cells.slice(1).map(function (cell) {
      var sub = {};
      layer.property(sub, "text", function (value) { cell.textContent = value; });
      return sub;
    });
    this.text = text;
  }
  layer.property(Item.prototype, "text", function (value) { this.cells[0].textContent = value; });
  Object.defineProperties(Item.prototype, {
    index: { get: function () { return this.list.items.indexOf(this); } },
    enabled: {
      get: function () { return !this._disabled; },
      set: function (value) {
        this._disabled = !value;
        this.node.classList.toggle("disabled", !value);
        if ("disabled" in this.node) { this.node.disabled = !value; }
      }
    },
    selected: {
      get: function () { return this.list.chosen.indexOf(this) >= 0; },
      set: function (value) {
        var others = this.list.chosen.filter(function (item) { return item !== this; }, this);
        this.list.choose(value ? others.concat([this]) : others);
      }
    }
  });
  Item.prototype.toString = function () { return this.text; };

  // The item handling of both lists.
  function equip(list) {
    list.items = [];
    list.chosen = [];
    list.add = function (kind, text, at) {
      var item = new Item(list, text === undefined ? "" : text);
      var place = at === undefined ? list.items.length : at;
      list.body.insertBefore(item.node, list.body.children[place] || null);
      list.items.splice(place, 0, item);
      return item;
    };
    list.remove = function (which) {
      var item = list.resolve(which);
      list.items.splice(item.index, 1);
      list.chosen = list.chosen.filter(function (other) { return other !== item; });
      item.node.remove();
    };
    list.removeAll = function () { list.items.slice().forEach(list.remove); };
    list.find = function (text) {
      return list.items.filter(function (item) { return item.text === text; })[0] || null;
    };
    list.resolve = function (which) {
      if (typeof which === "number") { return list.items[which]; }
      return typeof which === "string" ? list.find(which) : which;
    };
    // Change the selection; ScriptUI calls onChange for changes by user and script.
    list.choose = function (items) {
      var before = list.chosen;
      list.chosen = list.items.filter(function (item) { return items.indexOf(item) >= 0; });
      list.draw();
      if (String(before.map(indexOf)) !== String(list.chosen.map(indexOf))) { list.notify("onChange"); }
    };
    function indexOf(item) { return list.items.indexOf(item); }
    Object.defineProperty(list, "selection", {
      get: function () {
        if (list.multiple) { return list.chosen.length ? list.chosen.slice() : null; }
        return list.chosen[0] || null;
      },
      set: function (value) {
        if (value === null) { return list.choose([]); }
        var items = (value instanceof Array ? value : [value]).map(list.resolve);
        list.choose(list.multiple ? list.chosen.concat(items) : items);
      }
    });
  }

  layer.makers.listbox = function (items, properties) {
    var list = new Element("listbox", document.createElement("div"), properties);
    var widths = properties.columnWidths || [];
    var anchor = 0;
    list.multiple = !!properties.multiselect;
    list.node.tabIndex = 0;
    if (properties.showHeaders) { list.node.appendChild(header(properties.columnTitles, widths)); }
    list.body = list.node.appendChild(document.createElement("div"));
    list.body.className = "rows";
    list.newNode = function (item) {
      var row = document.createElement("div");
      row.className = "row";
      row.addEventListener("mousedown", function (event) {
        if (!item.enabled) { return; }
        list.choose(clicked(list, item, event, anchor));
        if (!event.shiftKey) { anchor = item.index; }
      });
      row.addEventListener("dblclick", function () { list.notify("onDoubleClick"); });
      return row;
    };
    list.newCells = function (row) {
      var cells = [];
      for (var nth = 0; nth < (properties.numberOfColumns || 1); nth++) { cells.push(row.appendChild(cell(widths[nth]))); }
      return cells;
    };
    list.draw = function () {
      list.items.forEach(function (item) { item.node.classList.toggle("chosen", item.selected); });
    };
    list.revealItem = function (which) { list.resolve(which).node.scrollIntoView({ block: "nearest" }); };
    equip(list);
    (items || []).forEach(function (text) { list.add("item", text); });
    list.naturalSize = function () {
      var width = widths.reduce(function (total, part) { return total + part; }, 0) || 120;
      return new Dimension(width + 16, 20 * Math.max(4, Math.min(list.items.length, 12)) + (properties.showHeaders ? 22 : 0));
    };
    return list;
  };

  function clicked(list, item, event, anchor) {
    if (list.multiple && event.shiftKey) {
      var ends = [anchor, item.index].sort(function (a, b) { return a - b; });
      return list.items.slice(ends[0], ends[1] + 1).filter(function (other) { return other.enabled; });
    }
    if (list.multiple && (event.ctrlKey || event.metaKey)) {
      return item.selected ? list.chosen.filter(function (other) { return other !== item; }) : list.chosen.concat([item]);
    }
    return [item];
  }

  function header(titles, widths) {
    var head = document.createElement("div");
    head.className = "head";
    (titles || []).forEach(function (title, nth) { head.appendChild(cell(widths[nth])).textContent = title; });
    return head;
  }

  function cell(width) {
    var made = document.createElement("span");
    if (width) { made.style.width = width + "px"; } else { made.style.flex = "1"; }
    return made;
  }

  layer.makers.dropdownlist = function (items, properties) {
    var list = new Element("dropdownlist", document.createElement("div"), properties);
    list.body = list.node.appendChild(document.createElement("select"));
    list.newNode = function () { return document.createElement("option"); };
    list.newCells = function (option) { return [option]; };
    list.draw = function () { list.body.selectedIndex = list.chosen.length ? list.chosen[0].index : -1; };
    equip(list);
    (items || properties.items || []).forEach(function (text) { list.add("item", text); });
    list.draw();
    list.body.addEventListener("change", function () { list.choose([list.items[list.body.selectedIndex]]); });
    list.naturalSize = function () {
      var widths = list.items.map(function (item) { return layer.textWidth(item.text); });
      return new Dimension(Math.max.apply(null, [40].concat(widths)) + 30, layer.ROW);
    };
    return list;
  };
})(window);
