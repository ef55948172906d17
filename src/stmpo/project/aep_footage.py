"""Reads the footage files of a project from py_aep's objects."""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from py_aep import FileSource
from py_aep.binary.utils import parse_alas_data

from stmpo.project.model import FileSequence, Footage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from py_aep import Project as AepProject

    from stmpo.project.comp_tree import CompTree
    from stmpo.project.prefilter import PlainFile


def all_footage(
    project: AepProject, files: Iterable[PlainFile], tree: CompTree, unread: list[str]
) -> list[Footage]:
    """Return all footage files by the items' ids, the order of their import; then the comps' proxies.

    The names of items that cannot be read are added to `unread`.
    """
    found = [(file.id, _from_plain_file(file, tree.comps_showing(file.id))) for file in files]
    for item in project.footages:
        for source, proxy in ((item.main_source, False), (item.proxy_source, True)):
            if isinstance(source, FileSource):
                try:
                    footage = _footage(item.name, source, tree.comps_showing(item.id), proxy=proxy)
                except Exception:  # noqa: BLE001 - the boundary: a damaged item costs itself alone
                    unread.append(item.name)
                else:
                    found.append((item.id, footage))
    found.sort(key=itemgetter(0))
    return [footage for _, footage in found] + [
        _footage(comp.name, comp.proxy_source, frozenset({comp.id}), proxy=True)
        for comp in project.compositions
        if isinstance(comp.proxy_source, FileSource)
    ]


def _from_plain_file(file: PlainFile, comps: frozenset[int]) -> Footage:
    return Footage(file.name, file.path, None, proxy=False, comps=comps, up=file.up, down=file.down)


def _footage(name: str, source: FileSource, comps: frozenset[int], *, proxy: bool) -> Footage:
    record = parse_alas_data(source._pin.chunks)  # noqa: SLF001 - the relative path has no public name
    up, down = (max(0, int(record.get(f"ascendcount_{end}", 0))) for end in ("base", "target"))
    path, sequence = _path_and_sequence(source)
    return Footage(
        name=name,
        path=path,
        sequence=sequence,
        proxy=proxy,
        comps=comps,
        up=up,
        down=down,  # for a folder, After Effects counts the first file of the sequence too
    )


def _path_and_sequence(source: FileSource) -> tuple[str, FileSequence | None]:
    if not source.target_is_folder:
        return source.file, None
    first, last = int(source._start_frame), int(source._end_frame)  # noqa: SLF001 - public only on footage items
    affixes = _affixes(source)
    if len(affixes) == 1 and not source.file_names:
        # After Effects leaves the prefix out if it is empty; py_aep then returns the folder as the file.
        width = int(source._sspc.frame_padding)  # noqa: SLF001 - the digits have no public name
        slash = "\\" if "\\" in source.file else "/"
        path = f"{source.file.rstrip(slash)}{slash}{first:0{width}d}{affixes[0]}"
        return path, FileSequence("", width, affixes[0], first, last)
    name = re.split(r"[\\/]", source.file)[-1]
    groups = list(re.finditer(r"\d+", name, re.ASCII))
    numbered = [group for group in groups if int(group[0]) == first] or groups[-1:]
    if source._is_alphabetical or not numbered:  # noqa: SLF001
        return source.file, FileSequence(name, 0, "", first, last, tuple(source.file_names or [name]))
    number = numbered[-1]
    before, after = name[: number.start()], name[number.end() :]
    return source.file, FileSequence(before, len(number[0]), after, first, last)


def _affixes(source: FileSource) -> list[str]:
    """Return the texts around the frame number: prefix and suffix, or the suffix alone."""
    affixes: list[str] = []
    after_path = False
    chunk: Any
    for chunk in source._pin.chunks:  # noqa: SLF001 - the texts have no public name
        if getattr(chunk, "list_type", "") == "Als2":
            after_path = True
        elif chunk.chunk_type == "opti":
            break
        elif after_path and chunk.chunk_type == "Utf8":
            affixes.append(chunk.value)
    return affixes
