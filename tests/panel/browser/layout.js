// ScriptUI's automatic layout, as far as the panel needs it.
//
// Two passes. `measure` goes up: every element gets a preferred size (its own, or what `preferredSize` says; a container
// sums its children, spacing and margins), held within minimumSize and maximumSize. `arrange` goes down: a container of a
// given size places its children. Along its orientation, surplus (or missing) space is shared equally by the children
// aligned "fill"; across it, "fill" takes all space. Nothing is measured again automatically: a text that has grown
// since is cut off, as in After Effects. An invisible element keeps its place.
(function (global) {
  "use strict";

  var AXES = { row: ["width", "height"], column: ["height", "width"] };
  var START = { left: 1, top: 1 };
  var END = { right: 1, bottom: 1 };

  function measure(element) {
    var natural = element.isContainer ? measureContainer(element) : element.naturalSize();
    ["width", "height"].forEach(function (side) {
      var asked = element.preferredSize[side];
      element.measured[side] = held(element, side, asked >= 0 ? asked : natural[side]);
    });
  }

  function measureContainer(container) {
    var children = container.laidOut();
    var sides = container.insets();
    var size = { width: sides.left + sides.right, height: sides.top + sides.bottom };
    children.forEach(measure);
    if (container.orientation === "stack") {
      ["width", "height"].forEach(function (side) {
        size[side] += Math.max.apply(null, [0].concat(children.map(function (c) { return c.measured[side]; })));
      });
      return size;
    }
    var main = AXES[container.orientation][0];
    var cross = AXES[container.orientation][1];
    children.forEach(function (child, nth) {
      size[main] += child.measured[main] + (nth ? container.spacing : 0);
    });
    size[cross] += Math.max.apply(null, [0].concat(children.map(function (c) { return c.measured[cross]; })));
    return size;
  }

  function held(element, side, value) {
    return Math.min(Math.max(value, element.minimumSize[side]), element.maximumSize[side]);
  }

  function arrange(container) {
    var children = container.laidOut();
    var sides = container.insets();
    var room = {
      width: container.size.width - sides.left - sides.right,
      height: container.size.height - sides.top - sides.bottom
    };
    if (container.orientation === "stack") {
      children.forEach(function (child) { placeInStack(container, child, room, sides); });
    } else {
      arrangeLine(container, children, room, sides);
    }
    children.forEach(function (child) {
      if (child.isContainer) { arrange(child); }
    });
  }

  function arrangeLine(container, children, room, sides) {
    var main = AXES[container.orientation][0];
    var cross = AXES[container.orientation][1];
    var lengths = shared(container, children, room[main], main);
    var starts = positions(container, children, lengths, room[main], main);
    children.forEach(function (child, nth) {
      var box = {};
      box[main] = lengths[nth];
      box[cross] = aligned(container, child, cross) === "fill" ? held(child, cross, room[cross]) : child.measured[cross];
      var across = offset(aligned(container, child, cross), room[cross], box[cross]);
      var at = main === "width" ? [starts[nth], across] : [across, starts[nth]];
      child.place(sides.left + at[0], sides.top + at[1], box.width, box.height);
    });
  }

  // Lengths along the line: the preferred ones, with the difference shared by those that fill, within their limits.
  function shared(container, children, available, main) {
    var lengths = children.map(function (child) { return child.measured[main]; });
    var open = children.filter(function (child) { return aligned(container, child, main) === "fill"; });
    var rest = available - sum(lengths) - container.spacing * Math.max(0, children.length - 1);
    while (open.length && Math.abs(rest) > 0.5) {
      var part = rest / open.length;
      var still = [];
      open.forEach(function (child) {
        var nth = children.indexOf(child);
        var wanted = lengths[nth] + part;
        var got = held(child, main, Math.max(0, wanted));
        rest -= got - lengths[nth];
        lengths[nth] = got;
        if (Math.abs(got - wanted) < 0.01) { still.push(child); }
      });
      if (still.length === open.length) { break; }
      open = still;
    }
    return lengths;
  }

  // The start of each: those aligned to the start, then the centred ones, then those aligned to the end.
  function positions(container, children, lengths, available, main) {
    var spare = Math.max(0, available - sum(lengths) - container.spacing * Math.max(0, children.length - 1));
    var fills = children.some(function (child) { return aligned(container, child, main) === "fill"; });
    var at = 0;
    return children.map(function (child, nth) {
      var how = aligned(container, child, main);
      if (!fills && spare > 0 && !START[how]) {
        at += END[how] ? spare : spare / 2;
        spare = END[how] ? 0 : spare / 2;
      }
      var start = at;
      at += lengths[nth] + container.spacing;
      return start;
    });
  }

  function placeInStack(container, child, room, sides) {
    var box = {};
    ["width", "height"].forEach(function (side) {
      box[side] = aligned(container, child, side) === "fill" ? held(child, side, room[side]) : child.measured[side];
    });
    child.place(
      sides.left + offset(aligned(container, child, "width"), room.width, box.width),
      sides.top + offset(aligned(container, child, "height"), room.height, box.height),
      box.width, box.height
    );
  }

  // The child's own alignment on a side, else its container's for all children, else ScriptUI's.
  function aligned(container, child, side) {
    var nth = side === "width" ? 0 : 1;
    var fallback = container.orientation === "row" ? ["left", "center"] : ["center", "top"];
    return word(child.alignment, nth) || word(container.alignChildren, nth) || fallback[nth];
  }

  function word(alignment, nth) {
    if (!alignment) { return null; }
    if (alignment instanceof Array) { return alignment[nth]; }
    var vertical = { top: 1, bottom: 1 };
    if (alignment === "fill" || alignment === "center") { return alignment; }
    return (vertical[alignment] ? 1 : 0) === nth ? alignment : null;
  }

  function offset(how, room, length) {
    if (END[how]) { return room - length; }
    return how === "center" ? (room - length) / 2 : 0;
  }

  function sum(numbers) {
    return numbers.reduce(function (total, number) { return total + number; }, 0);
  }

  // The `layout` property of a container. A window takes its preferred size; a docked panel keeps the one it is given.
  function Manager(container) { this.container = container; }
  Manager.prototype.layout = function () {
    measure(this.container);
    if (this.container.ownsItsSize) {
      this.container.takeSize(this.container.measured.width, this.container.measured.height);
    }
    arrange(this.container);
  };
  Manager.prototype.resize = function () { arrange(this.container); };

  global.LayoutManager = Manager;
})(window);
