"""A film lot: real projects made by py_aep, with footage on the disk, for tests of projects and jobs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import py_aep
from py_aep import ImportOptions, Property, TextDocument

from stmpo.testing.images import Picture, encode

if TYPE_CHECKING:
    from pathlib import Path

    from py_aep import Application, CompItem, FootageItem, OutputFormat, OutputModule, RenderQueueItem


@dataclass
class Lot:
    """A project under construction. `save` writes it and says where."""

    folder: Path
    app: Application = field(default_factory=py_aep.new)

    def comp(
        self, name: str = "Main", *, seconds: float = 1.0, rate: float = 12.0, start: int = 0
    ) -> CompItem:
        """A comp; its first frame is numbered `start`."""
        comp = self.app.project.root_folder.add_comp(name, 64, 36, 1.0, seconds, rate)
        if start:
            comp.display_start_frame = start
        return comp

    def queue(
        self, comp: CompItem, output: str | None = "out/[compName]_[####].[fileExtension]", **changes: Any
    ) -> RenderQueueItem:
        """A queue item; a relative output starts at the lot's folder."""
        queue = self.app.project.render_queue
        assert queue is not None
        item = queue.add(comp)
        if output is not None:
            item.output_modules[0].file = str(self.folder / output)
        for name, value in changes.items():
            setattr(item, name, value)
        return item

    def format(self, module: OutputModule, form: OutputFormat) -> None:
        """Give a module another format, which py_aep has no public way to do."""
        module._roou.format_id = form.to_format_id()

    def text(self, comp: CompItem, words: str, *, expression: str = "", enabled: bool = True) -> TextDocument:
        """A text layer, perhaps with an expression on its Source Text; what is returned sets its fonts."""
        group = comp.add_text(words).text
        source = None if group is None else group["ADBE Text Document"]
        assert isinstance(source, Property)
        if expression:
            source.expression = expression
            source.expression_enabled = enabled
        assert isinstance(source.value, TextDocument)
        return source.value

    def file(self, name: str) -> Path:
        """A small picture on the disk."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(path.suffix, Picture(0)))
        return path

    def still(self, name: str, *, into: CompItem | None = None) -> FootageItem:
        """A picture that the project uses."""
        return self._imported(ImportOptions(str(self.file(name))), into)

    def sequence(
        self, pattern: str, frames: range | list[int], *, into: CompItem | None = None
    ) -> FootageItem:
        """A sequence; `pattern` has `{}` or `{:04d}` for the frame's number."""
        paths = [self.file(pattern.format(frame)) for frame in frames]
        options = ImportOptions(str(paths[0]))
        options.sequence = True
        return self._imported(options, into)

    def save(self, name: str = "shot.aep") -> Path:
        """Write the project."""
        path = self.folder / name
        path.unlink(missing_ok=True)  # py_aep writes over nothing
        self.app.project.save(path)
        return path

    def _imported(self, options: ImportOptions, into: CompItem | None) -> FootageItem:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            item = self.app.project.import_file(options)
        assert isinstance(item, py_aep.FootageItem)
        if into is not None:
            into.add(item)
        return item
