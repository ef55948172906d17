"""Find out which wheels a Python can use, by their names.

A name is `NAME-VERSION-PYTHON-ABI-PLATFORM.whl`, each tag possibly several joined by dots. (Source: PyPA,
"Binary distribution format".) The standard library has no reader for them, and a worker has only that
library.
"""

from __future__ import annotations

import platform
import re
import sys
import sysconfig
from dataclasses import dataclass

MIN_PSUTIL_VERSION = "5.9.6"

_GLIBC_OF = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_LINUX = re.compile(r"(manylinux\d+|(?:many|musl)linux_\d+_\d+)_(\w+)")
_MACOS = re.compile(r"macosx_(\d+)_(\d+)_(\w+)")
_RELEASE = re.compile(r"(\d+(?:\.\d+)*)(.*)")


@dataclass(frozen=True, slots=True)
class WheelName:
    """A wheel's name, taken apart."""

    name: str
    version: str
    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]

    @classmethod
    def parse(cls, file_name: str) -> WheelName | None:
        """Take a file name apart. Returns None if it is not a wheel's."""
        parts = file_name.removesuffix(".whl").split("-")
        if not file_name.endswith(".whl") or len(parts) not in {5, 6}:
            return None
        pythons, abis, platforms = (tuple(tag.split(".")) for tag in parts[-3:])
        return cls(parts[0].lower(), parts[1], pythons, abis, platforms)

    def short_name(self) -> str:
        """Return a file name with one platform: of several Linux tags, the one for the oldest systems."""
        oldest = min(self.platforms, key=lambda tag: _libc(tag) or (0, 0))
        tags = (".".join(self.pythons), ".".join(self.abis), oldest)
        return "-".join([self.name, self.version, *tags]) + ".whl"

    @property
    def system(self) -> str:
        """The system that the wheel is for: `windows`, `macos`, `linux` or `any`."""
        tag = self.platforms[0]
        for start, system in (("win", "windows"), ("macosx", "macos"), ("any", "any")):
            if tag.startswith(start):
                return system
        return "linux"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The properties of a Python that decide which wheels it can use."""

    version: tuple[int, int]
    platform: str
    """`sysconfig.get_platform()` with `_`: `linux_x86_64`, `win_amd64`, `macosx_11_0_arm64`."""

    libc: str = ""
    """The C library on Linux, `glibc` or another."""

    system_version: tuple[int, int] = (0, 0)
    """The version of glibc on Linux, of macOS on macOS."""

    free_threaded: bool = False

    @classmethod
    def current(cls) -> Interpreter:
        """Describe the Python that runs this."""
        tag = re.sub(r"[-.]", "_", sysconfig.get_platform())
        libc, version = platform.libc_ver()
        if tag.startswith("macosx"):
            version = platform.mac_ver()[0]
            # A universal build reports `universal2`, whichever half of it runs.
            tag = re.sub(r"universal2$", platform.machine(), tag)
        numbers = [int(number) for number in re.findall(r"\d+", version)[:2]]
        first, second = (*numbers, 0, 0)[:2]
        free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
        return cls(sys.version_info[:2], tag, libc, (first, second), free)

    def supports(self, wheel: WheelName) -> bool:
        """Return whether this Python can use the wheel."""
        return any(self._supports_platform(tag) for tag in wheel.platforms) and any(
            self._supports_python(python, abi) for python in wheel.pythons for abi in wheel.abis
        )

    def __str__(self) -> str:
        return f"Python {self.version[0]}.{self.version[1]} on {self.platform}"

    def _supports_python(self, python: str, abi: str) -> bool:
        major, minor = self.version
        if abi == "none":
            return python in {f"py{major}", f"cp{major}{minor}", f"py{major}{minor}"}
        if abi == "abi3":
            oldest = re.fullmatch(r"cp(\d)(\d+)", python)
            old_enough = oldest is not None and (int(oldest[1]), int(oldest[2])) <= self.version
            return old_enough and not self.free_threaded
        return abi == f"cp{major}{minor}{'t' * self.free_threaded}"

    def _supports_platform(self, tag: str) -> bool:
        if tag in {"any", self.platform}:
            return True
        apple = _MACOS.fullmatch(tag)
        if apple is not None:
            mine = _MACOS.fullmatch(self.platform)
            oldest = (int(apple[1]), int(apple[2]))
            return mine is not None and apple[3] in {mine[3], "universal2"} and oldest <= self.system_version
        linux, minimum = _LINUX.fullmatch(tag), _libc(tag)
        if linux is None or minimum is None or f"linux_{linux[2]}" != self.platform:
            return False
        if tag.startswith("musl"):
            return self.libc != "glibc"
        return self.libc == "glibc" and minimum <= self.system_version


def version_key(version: str) -> tuple[tuple[int, ...], bool]:
    """Return what versions are compared by: the numbers, and whether it is a final release."""
    match = _RELEASE.match(version)
    if match is None:
        return (), False
    numbers = [int(number) for number in match[1].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers), not re.match(r"[.-]?(a|b|rc|dev)", match[2])


def _libc(tag: str) -> tuple[int, int] | None:
    linux = _LINUX.fullmatch(tag)
    if linux is None:
        return None
    if linux[1] in _GLIBC_OF:
        return _GLIBC_OF[linux[1]]
    first, second = linux[1].split("_")[1:]
    return int(first), int(second)
