"""Which wheels a Python can use, by their names.

The part of the wheel specification that matters here: `NAME-VERSION-PYTHON-ABI-PLATFORM.whl`, each tag possibly several
joined by dots. The standard library has no reader for them, and a worker has nothing but the standard library.
"""

from __future__ import annotations

import platform
import re
import sys
import sysconfig
from dataclasses import dataclass

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
        """None where it is no wheel's name."""
        parts = file_name.removesuffix(".whl").split("-")
        if not file_name.endswith(".whl") or len(parts) not in {5, 6}:
            return None
        pythons, abis, platforms = (tuple(tag.split(".")) for tag in parts[-3:])
        return cls(parts[0].lower(), parts[1], pythons, abis, platforms)

    def short(self) -> str:
        """A file name that says as much in fewer characters: of several Linux tags, the one that asks for least."""
        least = min(self.platforms, key=lambda tag: _libc(tag) or (0, 0))
        return (
            "-".join([self.name, self.version, ".".join(self.pythons), ".".join(self.abis), least]) + ".whl"
        )

    @property
    def system(self) -> str:
        """What it is for, in words: `windows`, `macos`, `linux` or `any`."""
        tag = self.platforms[0]
        for start, system in (("win", "windows"), ("macosx", "macos"), ("any", "any")):
            if tag.startswith(start):
                return system
        return "linux"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python, as far as wheels care."""

    version: tuple[int, int]
    platform: str
    """As `sysconfig.get_platform()` says, with `_`: `linux_x86_64`, `win_amd64`, `macosx_11_0_arm64`."""

    libc: str = ""
    """`glibc` or another, on Linux."""

    system_version: tuple[int, int] = (0, 0)
    """Of glibc on Linux, of macOS there."""

    free_threaded: bool = False

    @classmethod
    def here(cls) -> Interpreter:
        """The one that runs this."""
        tag = re.sub(r"[-.]", "_", sysconfig.get_platform())
        libc, version = platform.libc_ver()
        if tag.startswith("macosx"):
            version = platform.mac_ver()[0]
            # A universal build says `universal2`, whichever half of it runs.
            tag = re.sub(r"universal2$", platform.machine(), tag)
        numbers = [int(number) for number in re.findall(r"\d+", version)[:2]]
        first, second = (*numbers, 0, 0)[:2]
        free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
        return cls(sys.version_info[:2], tag, libc, (first, second), free)

    def takes(self, wheel: WheelName) -> bool:
        """Whether this wheel can be used here."""
        return any(self._takes_platform(tag) for tag in wheel.platforms) and any(
            self._takes_python(python, abi) for python in wheel.pythons for abi in wheel.abis
        )

    def __str__(self) -> str:
        return f"Python {self.version[0]}.{self.version[1]} on {self.platform}"

    def _takes_python(self, python: str, abi: str) -> bool:
        major, minor = self.version
        if abi == "none":
            return python in {f"py{major}", f"cp{major}{minor}", f"py{major}{minor}"}
        if abi == "abi3":
            made_for = re.fullmatch(r"cp(\d)(\d+)", python)
            return (
                not self.free_threaded
                and made_for is not None
                and (int(made_for[1]), int(made_for[2])) <= self.version
            )
        return abi == f"cp{major}{minor}{'t' * self.free_threaded}"

    def _takes_platform(self, tag: str) -> bool:
        if tag in {"any", self.platform}:
            return True
        apple = _MACOS.fullmatch(tag)
        if apple is not None:
            mine = _MACOS.fullmatch(self.platform)
            asked = (int(apple[1]), int(apple[2]))
            return mine is not None and apple[3] in {mine[3], "universal2"} and asked <= self.system_version
        linux, needs = _LINUX.fullmatch(tag), _libc(tag)
        if linux is None or needs is None or f"linux_{linux[2]}" != self.platform:
            return False
        if tag.startswith("musl"):
            return self.libc != "glibc"
        return self.libc == "glibc" and needs <= self.system_version


def release(version: str) -> tuple[tuple[int, ...], bool]:
    """What versions are compared by: the numbers, and whether it is a final release."""
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


LEAST_PSUTIL = "5.9.6"
