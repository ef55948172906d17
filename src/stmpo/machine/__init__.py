"""The machine: its CPUs and their grouping, its memory, and the part of both that this process may use.

    discover()             this computer
    load(text)             another one: a file, a folder, or a synthetic description
    apply_numa_map(m, p)   this one, grouped as a site's numa_map.json says
    memory_room(ours)      how much memory there is now

Each source is a file and is imported when it is needed: `stmpo plan` starts quickly, and a worker loads
nothing that belongs to other systems.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from stmpo.machine.model import Machine, MemoryRoom

__all__ = ["apply_numa_map", "discover", "in_session_zero", "load", "memory_room"]


def discover() -> Machine:
    """Return this computer. Never raises: a machine whose topology cannot be read is flat, and a note gives
    the reason.
    """
    from stmpo.machine import fallback  # noqa: PLC0415 - see the module's docstring

    try:
        return _read_live()
    except (BadInput, OSError, ValueError) as error:
        return fallback.read(str(error))


def _read_live() -> Machine:
    if sys.platform == "win32":
        from stmpo.machine.windows_api import read_live  # noqa: PLC0415 - see the module's docstring
    elif sys.platform == "darwin":
        from stmpo.machine.macos import read_live  # noqa: PLC0415
    else:
        from stmpo.machine.linux import read_live  # noqa: PLC0415
    return read_live()


def memory_room(ours: int) -> MemoryRoom | None:
    """Return how much memory there is now; None where the system does not say. Cheap enough to call every
    second.

    `ours` is the memory of this program's renderers in bytes, for a limit that does not report how much of it
    is used.
    """
    if sys.platform == "win32":
        from stmpo.machine.windows_api import memory_room as chosen  # noqa: PLC0415 - see the module's docstring
    elif sys.platform == "darwin":
        from stmpo.machine.macos import memory_room as chosen  # noqa: PLC0415
    else:
        from stmpo.machine.linux import memory_room as chosen  # noqa: PLC0415
    try:
        return chosen(ours)
    except OSError:
        return None


def in_session_zero() -> bool:
    """Return whether this process is a service of Windows, without a desktop."""
    if sys.platform == "win32":
        from stmpo.machine.windows_api import session  # noqa: PLC0415 - see the module's docstring

        return session() == 0
    else:  # noqa: RET505 - mypy understands no other form of this question
        return False


def load(text: str) -> Machine:
    """Return another computer, from the value of `--topology`.

    A folder is a Linux snapshot (a copy of `/sys` and `/proc`); a file is hwloc XML, plain or gzipped, or a
    `numa_map.json`; any other text is read as one of hwloc's synthetic descriptions.

    Raises:
        BadInput: there is no such file and the text is no description, or the content is malformed.
    """
    from stmpo.machine import synthetic  # noqa: PLC0415

    if not text.strip():
        raise BadInput('topology: empty; give a file, a folder or a description such as "pack:2 core:8 pu:2"')
    path = Path(text)
    try:
        if path.is_dir():
            from stmpo.machine import linux  # noqa: PLC0415

            return linux.read_snapshot(path)
        if path.is_file():
            return _load_file(path)
    except OSError as error:
        raise BadInput(f"topology {text}: {error.strerror or error}") from None
    except ValueError:
        raise BadInput(f"topology {text!r}: neither a file nor a description") from None
    if synthetic.looks_synthetic(text):
        return synthetic.read(text)
    raise BadInput(
        f'topology {text!r}: no such file or folder, and not a description such as "pack:2 core:8 pu:2"'
    )


def _load_file(path: Path) -> Machine:
    if path.suffix.lower() == ".json":
        from stmpo.machine import numa_map  # noqa: PLC0415

        return numa_map.read(path)
    from stmpo.machine import hwloc_xml  # noqa: PLC0415

    return hwloc_xml.read(path)


def apply_numa_map(machine: Machine, path: str | Path) -> tuple[Machine, list[str]]:
    """Return the machine with its CPUs grouped as a site's map says, and warnings.

    If the map does not fit, the machine comes back unchanged with a warning that names the mismatch.

    Raises:
        BadInput: the file cannot be read or is no such map.
    """
    from stmpo.machine import numa_map  # noqa: PLC0415

    return numa_map.apply(machine, Path(path))
