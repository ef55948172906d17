"""Fonts that the registry names with a full path are found, wherever they lie."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from stmpo.fonts.places import Origin, find_fonts, font_folders
from stmpo.system.paths import user_cache
from tests.fonts import foundry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def only_on_windows() -> None:
    """Skip this file elsewhere."""
    if sys.platform != "win32":
        pytest.skip("needs Windows; elsewhere test_windows_under_wine.py runs this", allow_module_level=True)


only_on_windows()
assert sys.platform == "win32"

import winreg  # noqa: E402 - there is none elsewhere

from stmpo.fonts.places.registry import FONTS  # noqa: E402 - it needs one


@pytest.fixture
def registered(tmp_path: Path) -> Iterator[Path]:
    """A font that only the registry leads to, beside values that lead nowhere."""
    font = tmp_path / "Größe" / "mine.ttf"
    font.parent.mkdir()
    font.write_bytes(foundry.face("Only-Registered"))
    values = {"STMPO A": str(font), "STMPO B": "bare.ttf", "STMPO C": str(tmp_path / "gone.ttf")}
    keyless = not _has_key()
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, FONTS, 0, winreg.KEY_ALL_ACCESS) as key:
        for name, value in values.items():
            winreg.SetValueEx(key, name, 0, winreg.REG_SZ, value)
        winreg.SetValueEx(key, "STMPO D", 0, winreg.REG_DWORD, 7)
        yield font
        for name in (*values, "STMPO D"):
            winreg.DeleteValue(key, name)
    if keyless:
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, FONTS)


def _has_key() -> bool:
    try:
        winreg.OpenKey(winreg.HKEY_CURRENT_USER, FONTS).Close()
    except FileNotFoundError:
        return False
    return True


def test_a_font_that_only_the_registry_names_is_found(registered: Path) -> None:
    places = {folder.path: folder.origin for folder in font_folders(os.environ)}
    assert places[registered] is Origin.USER
    assert not any(folder.name == "bare.ttf" for folder in places)
    assert find_fonts(["Only-Registered"], os.environ) == {"Only-Registered": registered}


def test_the_systems_folders_are_there_and_searched() -> None:
    folders = [folder.path for folder in font_folders(os.environ)]
    assert any(folder.name == "Fonts" and folder.is_dir() for folder in folders)
    assert find_fonts(["No-Such-Font"], os.environ) == {}
    assert user_cache(os.environ) is not None
