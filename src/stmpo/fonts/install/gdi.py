"""Windows' fonts as programs see them: GDI loads, unloads and lists them. By ctypes; nothing is to be installed.

A listed font is asked for its `name` table (`GetFontData`), because GDI itself knows families and styles only and After
Effects goes by PostScript names.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes
from typing import TYPE_CHECKING

from stmpo.fonts.sfnt import names_of

assert sys.platform == "win32", "other systems have no GDI"

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BROADCAST, _FONT_CHANGE = 0xFFFF, 0x001D
_DEFAULT_CHARSET = 1
_NAME = int.from_bytes(b"name", "little")
_ERROR = 0xFFFFFFFF
_MOST_LOADS = 4096
_LONGEST_FACE = 32
"""Characters of a face's name in LOGFONT, its end included."""

_VERTICAL = "@"
"""Before the names of faces that are turned for vertical writing: the same fonts once more."""


class _LogFont(ctypes.Structure):
    """LOGFONTW: by what a font is asked for."""

    _fields_ = (
        *((name, wintypes.LONG) for name in ("height", "width", "escapement", "orientation", "weight")),
        *((name, wintypes.BYTE) for name in ("italic", "underline", "strike_out", "char_set")),
        *(
            (name, wintypes.BYTE)
            for name in ("out_precision", "clip_precision", "quality", "pitch_and_family")
        ),
        ("face_name", wintypes.WCHAR * 32),
    )


class _Enumerated(ctypes.Structure):
    """The beginning of ENUMLOGFONTEXW: what is listed."""

    _fields_ = (("font", _LogFont), ("full_name", wintypes.WCHAR * 64))


_Listed = ctypes.WINFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(_Enumerated), ctypes.c_void_p, wintypes.DWORD, wintypes.LPARAM
)
_gdi32 = ctypes.WinDLL("gdi32", use_last_error=True)
_user32 = ctypes.WinDLL("user32", use_last_error=True)
for _name, _result, _arguments in (
    ("AddFontResourceExW", ctypes.c_int, (wintypes.LPCWSTR, wintypes.DWORD, ctypes.c_void_p)),
    ("RemoveFontResourceExW", wintypes.BOOL, (wintypes.LPCWSTR, wintypes.DWORD, ctypes.c_void_p)),
    ("CreateCompatibleDC", wintypes.HDC, (wintypes.HDC,)),
    ("DeleteDC", wintypes.BOOL, (wintypes.HDC,)),
    ("CreateFontIndirectW", wintypes.HFONT, (ctypes.POINTER(_LogFont),)),
    ("SelectObject", wintypes.HGDIOBJ, (wintypes.HDC, wintypes.HGDIOBJ)),
    ("DeleteObject", wintypes.BOOL, (wintypes.HGDIOBJ,)),
    ("GetFontData", wintypes.DWORD, (wintypes.HDC, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD)),
    ("EnumFontFamiliesExW", ctypes.c_int, (wintypes.HDC, ctypes.POINTER(_LogFont), _Listed, wintypes.LPARAM, wintypes.DWORD)),
):  # fmt: skip
    _function = getattr(_gdi32, _name)
    _function.restype, _function.argtypes = _result, _arguments
_user32.SendNotifyMessageW.argtypes = (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
_user32.SendNotifyMessageW.restype = wintypes.BOOL


def add(path: Path) -> bool:
    """Load the fonts of a file for this logon session, once more. False where GDI takes it for none."""
    return bool(_gdi32.AddFontResourceExW(str(path), 0, None))


def remove(path: Path) -> None:
    """Unload them, as often as they were loaded."""
    for _ in range(_MOST_LOADS):
        if not _gdi32.RemoveFontResourceExW(str(path), 0, None):
            return


def announce() -> None:
    """Tell all windows that fonts have changed, without waiting for any."""
    _user32.SendNotifyMessageW(_BROADCAST, _FONT_CHANGE, 0, 0)


def postscript_names() -> set[str]:
    """The PostScript names of every outline font that GDI lists."""
    context = _gdi32.CreateCompatibleDC(None)
    try:
        families = {listed.font.face_name for listed in _enumerated(context, "")}
        fonts = [
            font
            for family in families
            if not family.startswith(_VERTICAL)
            for listed in _enumerated(context, family)
            for font in _ways(listed)
        ]
        return {name for font in fonts for name in _names(context, font)}
    finally:
        _gdi32.DeleteDC(context)


def _enumerated(context: int, family: str) -> list[_Enumerated]:
    """One font of every family for an empty name, else every font of the family."""
    asked = _LogFont(char_set=_DEFAULT_CHARSET, face_name=family)
    found: dict[bytes, _Enumerated] = {}

    def take(listed: ctypes._Pointer[_Enumerated], _: int, __: int, ___: int) -> int:
        mine = _Enumerated.from_buffer_copy(listed.contents)
        mine.font.char_set = _DEFAULT_CHARSET  # each font is listed once for every script that it has
        found[bytes(mine)] = mine
        return 1

    _gdi32.EnumFontFamiliesExW(context, ctypes.byref(asked), _Listed(take), 0, 0)
    return list(found.values())


def _ways(listed: _Enumerated) -> Iterator[_LogFont]:
    """How to ask for it: by family, weight and slant, and by its full name where two share those."""
    yield listed.font
    if listed.font.face_name != listed.full_name and len(listed.full_name) < _LONGEST_FACE:
        by_name = _LogFont.from_buffer_copy(listed.font)
        by_name.face_name = listed.full_name
        yield by_name


def _names(context: int, font: _LogFont) -> Iterator[str]:
    """The PostScript names of one font; none for a bitmap font, which has no tables."""
    handle = _gdi32.CreateFontIndirectW(ctypes.byref(font))
    before = _gdi32.SelectObject(context, handle)
    try:
        size = _gdi32.GetFontData(context, _NAME, 0, None, 0)
        if size in {0, _ERROR}:
            return
        table = ctypes.create_string_buffer(size)
        if _gdi32.GetFontData(context, _NAME, 0, table, size) == size:
            yield from names_of(table.raw)
    finally:
        _gdi32.SelectObject(context, before)
        _gdi32.DeleteObject(handle)
