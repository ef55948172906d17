"""The door of the room: this machine is always read somehow, and each kind of topology finds its reader."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stmpo.machine import build, discover, fallback, hwloc_xml, load
from stmpo.machine.model import NumaNode
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path


def test_this_machine_is_discovered() -> None:
    machine = discover()
    assert machine.cpus
    assert [cpu.id for cpu in machine.cpus] == sorted({cpu.id for cpu in machine.cpus})
    assert {cpu.node for cpu in machine.cpus} <= {node.id for node in machine.nodes}
    assert machine.memory_available_bytes is not None


@pytest.mark.parametrize("error", [BadInput("Windows: no"), OSError("denied"), ValueError("odd")])
def test_a_topology_that_cannot_be_read_becomes_a_flat_machine(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse() -> None:
        raise error

    monkeypatch.setattr("stmpo.machine._read_live", refuse)
    machine = discover()
    assert machine.cpus
    assert machine.notes == (f"topology not known: {error}",)
    assert len({cpu.l3 for cpu in machine.cpus}) == 1


def test_a_flat_machine_keeps_the_numbers_that_are_allowed() -> None:
    assert [cpu.id for cpu in fallback.read("a reason").cpus] == [cpu.id for cpu in discover().cpus]


def test_nodes_of_cpus_are_always_listed() -> None:
    cpus = build.number_cpus([build.CpuFacts(3, core="a", node=2), build.CpuFacts(1, core="a", node=0)])
    assert build.complete_nodes(cpus, [NumaNode(5, 10)]) == (NumaNode(0), NumaNode(2), NumaNode(5, 10))


def test_a_cpu_that_is_named_twice_keeps_its_first_facts() -> None:
    cpus = build.number_cpus([build.CpuFacts(0, core="a"), build.CpuFacts(0, core="b", node=1)])
    assert [(cpu.id, cpu.node) for cpu in cpus] == [(0, 0)]


@pytest.mark.parametrize("text", ["missing.xml", "/no/such/folder", "C:\\none.json"])
def test_a_file_that_is_not_there_is_said_to_be_missing(text: str) -> None:
    with pytest.raises(BadInput, match="no such file or folder"):
        load(text)


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    path.write_text("", encoding="utf-8")
    with pytest.raises(BadInput, match=r"empty\.json"):
        load(str(path))


@given(
    st.text(max_size=60)
    | st.from_regex(r"(pack|numa|l3|core|pu|\[numa\]):[0-9]{1,3}( (core|pu):[0-9]{1,2})?", fullmatch=True)
)
def test_any_text_is_a_machine_or_is_refused_in_one_line(text: str) -> None:
    try:
        assert load(text).cpus
    except BadInput as error:
        assert "\n" not in str(error)  # noqa: PT017 - not every text is refused


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 3000), st.integers(0, 60), st.binary(max_size=20))
def test_a_damaged_file_is_a_machine_or_is_refused(data: Path, at: int, length: int, instead: bytes) -> None:
    whole = (data / "two-sockets-v1.xml").read_bytes()
    try:
        assert hwloc_xml.parse(whole[:at] + instead + whole[at + length :], "damaged.xml").cpus
    except ValueError as error:
        assert str(error)  # noqa: PT017


@pytest.mark.skipif(sys.platform != "win32", reason="needs Windows (or Wine)")
def test_windows_describes_itself() -> None:
    machine = discover()
    assert (machine.source, machine.notes) == ("Windows", ())
    assert all(cpu.id == 64 * cpu.group + cpu.group_index for cpu in machine.cpus)
