"""Which wheels a Python can use, by their names, compared with pip's own reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.system.wheel_tags import Interpreter, WheelName, version_key

WINDOWS = Interpreter((3, 11), "win_amd64")
MAC = Interpreter((3, 12), "macosx_11_0_arm64", system_version=(14, 5))
LINUX = Interpreter((3, 10), "linux_x86_64", "glibc", (2, 34))
MUSL = Interpreter((3, 10), "linux_x86_64", "musl", (1, 2))
FREE = Interpreter((3, 13), "linux_x86_64", "glibc", (2, 39), free_threaded=True)
EVERY = [WINDOWS, MAC, LINUX, MUSL, FREE]
PSUTIL = {
    "psutil-7.2.2-cp37-abi3-win_amd64.whl": [WINDOWS],
    "psutil-7.2.2-cp37-abi3-win_arm64.whl": [],
    "psutil-7.2.2-cp36-abi3-macosx_11_0_arm64.whl": [MAC],
    "psutil-7.2.2-cp36-abi3-macosx_10_9_x86_64.whl": [],
    "psutil-7.2.2-cp36-abi3-macosx_10_9_universal2.whl": [MAC],
    "psutil-7.2.2-cp36-abi3-macosx_15_0_arm64.whl": [],
    "psutil-7.2.2-cp36-abi3-manylinux2010_x86_64.manylinux_2_12_x86_64.manylinux_2_28_x86_64.whl": [LINUX],
    "psutil-7.2.2-cp36-abi3-manylinux_2_35_x86_64.whl": [],
    "psutil-7.2.2-cp36-abi3-manylinux2014_aarch64.whl": [],
    "psutil-7.2.2-cp36-abi3-musllinux_1_2_x86_64.whl": [MUSL],
    "psutil-7.2.2-cp313-cp313t-manylinux_2_17_x86_64.whl": [FREE],
    "psutil-7.2.2-cp313-cp313-manylinux_2_17_x86_64.whl": [],
    "psutil-7.2.2-cp310-cp310-manylinux_2_17_x86_64.whl": [LINUX],
    "psutil-7.2.2-cp311-abi3-manylinux_2_17_x86_64.whl": [],
    "psutil-7.2.2-cp310-cp310-linux_x86_64.whl": [LINUX, MUSL],
    "stmpo-2.0.0-py3-none-any.whl": EVERY,
}


@pytest.mark.parametrize("file_name", PSUTIL)
def test_a_wheel_is_taken_where_it_runs_and_nowhere_else(file_name: str) -> None:
    wheel = WheelName.parse(file_name)
    assert wheel is not None
    assert [here for here in EVERY if here.supports(wheel)] == PSUTIL[file_name]


@pytest.mark.parametrize("file_name", PSUTIL)
def test_the_short_name_is_taken_by_the_same_and_no_longer(file_name: str) -> None:
    wheel = WheelName.parse(file_name)
    assert wheel is not None
    short = WheelName.parse(wheel.short_name())
    assert short is not None
    assert [here for here in EVERY if here.supports(short)] == PSUTIL[file_name]
    assert len(wheel.short_name()) <= min(60, len(file_name))


@pytest.mark.parametrize("name", ["psutil.whl", "a-b-c-d.whl", "psutil-7.2.2-cp37-abi3-win_amd64.zip", ""])
def test_what_is_no_wheels_name_is_none(name: str) -> None:
    assert WheelName.parse(name) is None


@given(st.text())
def test_any_text_can_be_looked_at(name: str) -> None:
    wheel = WheelName.parse(f"psutil-1-{name}-abi3-{name}.whl")
    assert wheel is None or not any(here.supports(wheel) for here in EVERY) or name


def test_pip_agrees_about_this_very_python() -> None:
    """Compare with pip's own list of tags, if pip is installed."""
    tags = pytest.importorskip("pip._vendor.packaging.tags", reason="pip is not installed")
    mine = Interpreter.current()
    for tag in tags.sys_tags():
        wheel = WheelName.parse(f"psutil-1-{tag}.whl")
        assert wheel is not None
        if tag.abi in {"abi3", f"cp{mine.version[0]}{mine.version[1]}"} and "linux" in tag.platform:
            assert mine.supports(wheel), tag


def test_systems_are_told_in_words() -> None:
    names = [WheelName.parse(name) for name in PSUTIL]
    assert [name.system for name in names if name][::5] == ["windows", "macos", "linux", "any"]


@pytest.mark.parametrize(
    ("older", "newer"),
    [("2.0.0.dev0", "2.0.0"), ("2.0.0rc1", "2.0"), ("2.9", "2.10"), ("5.9.6", "7.0"), ("x", "0.1")],
)
def test_versions_are_compared_by_their_numbers_and_a_final_one_is_newer(older: str, newer: str) -> None:
    assert version_key(older) < version_key(newer)


def test_trailing_zeros_make_no_version_newer() -> None:
    assert version_key("2.0.0") == version_key("2") == version_key("2.0.post1")
