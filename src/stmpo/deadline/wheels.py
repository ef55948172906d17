"""The wheels that travel with a job: this package's, and psutil's for each system that a worker may have.

This package's wheel is written from the imported package. The same files give the same bytes, so that job
attachments upload it once. It holds what a worker needs: `_LEFT_OUT` names the packages of the submitting
side. psutil's wheels come from given folders, then from this user's cache. pip downloads missing ones into
the cache if there is a network. Without one, the psutil that is installed here is packed again: the job then
runs on workers of this system, and on those that have psutil.

    python -m stmpo.deadline.wheels DESTINATION [FOLDER …]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

import stmpo
from stmpo.model.errors import BadInput
from stmpo.system.paths import user_cache
from stmpo.system.wheel_tags import MIN_PSUTIL_VERSION, Interpreter, WheelName, version_key
from stmpo.system.zip_files import zip_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PLATFORMS = ("win_amd64", "macosx_11_0_arm64", "macosx_10_9_x86_64", "manylinux2014_x86_64")
"""Systems that After Effects runs on, and Linux, for workers of a test farm."""

DOWNLOAD_TIMEOUT = 20
"""Longest wait for the downloads, which run in parallel, in seconds."""

_LEFT_OUT = {"__pycache__", "__main__.py", "cli", "deadline", "demo"}
"""Files and folders of this package that no worker needs: the command line and the submitting side."""


def collect_wheels(destination: Path, *, sources: Sequence[Path] = (), download: bool = True) -> list[Path]:
    """Put the wheels into `destination` (created if missing) and return them, this package's first.

    `sources` are folders with psutil wheels, searched before the cache. `download` allows pip to fetch
    missing ones.

    Raises:
        BadInput: the folder cannot be written.
    """
    try:
        destination.mkdir(parents=True, exist_ok=True)
        ours = write_own_wheel(destination)
        found = _psutil_wheels((*sources, cache_folder(os.environ)))
        if download and (missing := _uncovered(found)):
            _download(missing, cache_folder(os.environ))
            found = _psutil_wheels((*sources, cache_folder(os.environ)))
        copies = [_copy(wheel, name, destination) for name, wheel in found.items()]
        if not any(Interpreter.current().supports(name) for name in found):
            copies += _repacked(destination)
    except OSError as error:
        raise BadInput(f"wheels cannot be written to {destination}: {error.strerror or error}") from None
    return [ours, *copies]


def psutil_systems(wheels: Iterable[Path]) -> set[str]:
    """Return the systems for which these wheels bring psutil: `windows`, `macos`, `linux`."""
    names = [WheelName.parse(wheel.name) for wheel in wheels]
    return {name.system for name in names if name is not None and name.name == "psutil"}


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder for downloaded wheels: `STMPO_WHEELS`, or a folder in the user's cache."""
    named = environ.get("STMPO_WHEELS")
    if named:
        return Path(named).absolute()
    return (user_cache(environ) or Path.home() / ".cache").absolute() / "stmpo" / "wheels"


def write_own_wheel(destination: Path) -> Path:
    """Write this package as a wheel, without the parts that only the submitting machine needs."""
    version = stmpo.__version__
    package = Path(stmpo.__file__).resolve().parent
    files = {
        f"stmpo/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and not _LEFT_OUT & set(path.relative_to(package).parts)
    }
    metadata = f"Metadata-Version: 2.1\nName: stmpo\nVersion: {version}\nRequires-Dist: psutil>={MIN_PSUTIL_VERSION}\n"
    tag = "Wheel-Version: 1.0\nGenerator: stmpo\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    info = f"stmpo-{version}.dist-info"
    files |= {f"{info}/METADATA": metadata.encode(), f"{info}/WHEEL": tag.encode()}
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]).encode()
    return _write(destination / f"stmpo-{version}-py3-none-any.whl", files)


def _psutil_wheels(folders: Iterable[Path]) -> dict[WheelName, Path]:
    """Return the newest psutil wheel for each platform; of equal ones the first folder's."""
    best: dict[tuple[str, ...], tuple[WheelName, Path]] = {}
    for folder in folders:
        for wheel in sorted(folder.glob("psutil-*.whl")):
            name = WheelName.parse(wheel.name)
            if name is None or version_key(name.version) < version_key(MIN_PSUTIL_VERSION):
                continue
            key = (*name.pythons, *name.abis, *name.platforms)
            if key not in best or version_key(best[key][0].version) < version_key(name.version):
                best[key] = name, wheel
    return dict(best.values())


def _uncovered(found: Iterable[WheelName]) -> list[str]:
    have = list(found)
    return [tag for tag in PLATFORMS if not any(_example(tag).supports(name) for name in have)]


def _example(tag: str) -> Interpreter:
    """Return the oldest Python that a platform's wheel must serve."""
    linux = tag.startswith("manylinux")
    platform = f"linux_{tag.partition('_')[2]}" if linux else tag
    return Interpreter((3, 10), platform, "glibc" if linux else "", (2, 17) if linux else (11, 0))


def _download(tags: Sequence[str], cache: Path) -> None:
    """Fetch psutil for these platforms. A failure is silent: the job then lacks these wheels."""
    cache.mkdir(parents=True, exist_ok=True)
    # Joined threads, unlike those of `daemon_threads`: each download ends by its own time limit.
    with ThreadPoolExecutor(len(tags)) as pool:
        list(pool.map(lambda tag: _pip_download(tag, cache), tags))


def _pip_download(tag: str, cache: Path) -> None:
    wanted = ["--platform", tag, "--python-version", "3.10", "--implementation", "cp", "--abi", "abi3"]
    quiet = ["--quiet", "--disable-pip-version-check", "--retries", "0", "--timeout", "5"]
    command = [sys.executable, "-m", "pip", "download", *quiet, "--no-deps", "--only-binary=:all:", *wanted]
    try:
        subprocess.run(
            [*command, "--dest", str(cache), f"psutil>={MIN_PSUTIL_VERSION}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DOWNLOAD_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return


def _copy(wheel: Path, name: WheelName, destination: Path) -> Path:
    target = destination / name.short_name()
    if not (target.exists() and target.samefile(wheel)):
        shutil.copyfile(wheel, target)
    return target


def _repacked(destination: Path) -> list[Path]:
    """Pack the installed psutil as a wheel; return [] if it is not installed as a package."""
    try:
        installed = distribution("psutil")
    except PackageNotFoundError:
        return []
    names = [
        str(file)
        for file in installed.files or ()
        if not {"..", "__pycache__"} & set(file.parts)
        and file.name not in {"RECORD", "INSTALLER", "REQUESTED"}
    ]
    files = {name.replace("\\", "/"): Path(str(installed.locate_file(name))).read_bytes() for name in names}
    if not files:
        return []
    return [_write(destination / f"psutil-{installed.version}-{_tag(installed)}.whl", files)]


def _tag(installed: Distribution) -> str:
    """Return a tag of an installed wheel that this Python takes, or this Python's own tag if it has none."""
    here = Interpreter.current()
    for line in (installed.read_text("WHEEL") or "").splitlines():
        tag = line.partition("Tag:")[2].strip()
        name = WheelName.parse(f"psutil-0-{tag}.whl")
        if tag and name is not None and here.supports(name):
            return tag
    python = f"cp{here.version[0]}{here.version[1]}"
    return f"{python}-{python}{'t' * here.free_threaded}-{here.platform}"


def _write(path: Path, files: Mapping[str, bytes]) -> Path:
    path.write_bytes(zip_bytes(files))
    return path


def main(arguments: Sequence[str]) -> int:
    """Put the wheels into `DESTINATION`, psutil's from the folders first, and print them."""
    if not arguments:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    for wheel in collect_wheels(Path(arguments[0]), sources=[Path(folder) for folder in arguments[1:]]):
        sys.stdout.write(f"{wheel}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
