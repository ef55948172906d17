"""Windows fonts as programs see them: load, unload and list fonts with GDI, through ctypes.

GDI itself knows only families and styles, but After Effects uses PostScript names. So the `name` table of
each listed font is read (`GetFontData`).
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes
from typing import TYPE_CHECKING

from stmpo.fonts.sfnt import names_in_table

assert sys.platform == "win32", "other systems have no GDI"

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BROADCAST, _FONT_CHANGE = 0xFFFF, 0x001D
_DEFAULT_CHARSET = 1
_NAME = int.from_bytes(b"name", "little")
_ERROR = 0xFFFFFFFF
_MAX_LOADS = 4096
_FACE_NAME_SIZE = 32
"""Characters of a face name in LOGFONT, including the terminating zero."""

_VERTICAL = "@"
"""The prefix of faces rotated for vertical writing, which repeat the other fonts."""


class _LogFont(ctypes.Structure):
    """LOGFONTW, which describes a requested font."""

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
    """The beginning of ENUMLOGFONTEXW, which describes a listed font."""

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
    """Load the fonts of a file for this logon session. Return False if GDI does not accept the file."""
    return bool(_gdi32.AddFontResourceExW(str(path), 0, None))


def remove(path: Path) -> None:
    """Unload the fonts of a file as often as they were loaded."""
    for _ in range(_MAX_LOADS):
        if not _gdi32.RemoveFontResourceExW(str(path), 0, None):
            return


def notify_programs() -> None:
    """Tell all windows that fonts have changed, without waiting for an answer."""
    _user32.SendNotifyMessageW(_BROADCAST, _FONT_CHANGE, 0, 0)


def postscript_names() -> set[str]:
    """Return the PostScript names of every outline font that GDI lists."""
    context = _gdi32.CreateCompatibleDC(None)
    try:
        families = {listed.font.face_name for listed in _enumerated(context, "")}
        fonts = [
            font
            for family in families
            if not family.startswith(_VERTICAL)
            for listed in _enumerated(context, family)
            for font in _requests(listed)
        ]
        return {name for font in fonts for name in _names(context, font)}
    finally:
        _gdi32.DeleteDC(context)


def _enumerated(context: int, family: str) -> list[_Enumerated]:
    """Return every font of the family; for an empty name, one font per family."""
    asked = _LogFont(char_set=_DEFAULT_CHARSET, face_name=family)
    found: dict[bytes, _Enumerated] = {}

    def collect(listed: ctypes._Pointer[_Enumerated], _: int, __: int, ___: int) -> int:
        copy = _Enumerated.from_buffer_copy(listed.contents)
        copy.font.char_set = _DEFAULT_CHARSET  # each font is listed once per script that it supports
        found[bytes(copy)] = copy
        return 1

    _gdi32.EnumFontFamiliesExW(context, ctypes.byref(asked), _Listed(collect), 0, 0)
    return list(found.values())


def _requests(listed: _Enumerated) -> Iterator[_LogFont]:
    """Yield requests for a listed font: by family, weight and slant, and by full name if two share those."""
    yield listed.font
    if listed.font.face_name != listed.full_name and len(listed.full_name) < _FACE_NAME_SIZE:
        by_name = _LogFont.from_buffer_copy(listed.font)
        by_name.face_name = listed.full_name
        yield by_name


def _names(context: int, font: _LogFont) -> Iterator[str]:
    """Yield the PostScript names of one font; none for a bitmap font, which has no tables."""
    handle = _gdi32.CreateFontIndirectW(ctypes.byref(font))
    before = _gdi32.SelectObject(context, handle)
    try:
        size = _gdi32.GetFontData(context, _NAME, 0, None, 0)
        if size in {0, _ERROR}:
            return
        table = ctypes.create_string_buffer(size)
        if _gdi32.GetFontData(context, _NAME, 0, table, size) == size:
            yield from names_in_table(table.raw)
    finally:
        _gdi32.SelectObject(context, before)
        _gdi32.DeleteObject(handle)
