"""Fonts are demanded for what an item draws: its comp, the comps in it, layers that are on or referred to."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from stmpo.cli.main import run
from stmpo.deadline.request import JobRequest, prepare_job
from stmpo.project.comp_tree import CompTree
from stmpo.project.read import read_project
from stmpo.project.text_documents import _overridden

if TYPE_CHECKING:
    from py_aep import CompItem

    from tests.deadline.lot import Lot


def text(lot: Lot, comp: CompItem, font: str, *, enabled: bool = True, words: str = "words") -> None:
    lot.text(comp, words).font = font
    comp.layers[0].enabled = enabled


def demanded(lot: Lot, index: int = 1) -> tuple[str, ...]:
    project = read_project(lot.save())
    return project.fonts_of([project.item(index)])


def test_nested_comps_are_drawn_and_others_are_not(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    main, inner, deep, other = (lot.comp(name) for name in ("Main", "Inner", "Deep", "Other"))
    main.add(inner)
    inner.add(deep)
    text(lot, deep, "Deep-Bold")
    text(lot, other, "Other-Bold")
    lot.queue(main)
    assert demanded(lot) == ("Deep-Bold",)
    prepared = prepare_job(JobRequest(project=lot.folder / "shot.aep"), {})
    assert prepared.bundle is not None
    assert [font.name for font in prepared.bundle.fonts.fonts] == ["Deep-Bold"]
    assert run(["inspect", str(lot.folder / "shot.aep")]) == 0
    out = capsys.readouterr().out
    assert "note: fonts of the project that these items do not draw do not travel: Other-Bold" in out
    assert "Deep-Bold; install" in out
    assert "Other-Bold; install" not in out


def test_what_is_switched_off_is_not_drawn(lot: Lot) -> None:
    main, inner = lot.comp("Main"), lot.comp("Inner")
    text(lot, inner, "Inner-Bold")
    main.add(inner).enabled = False
    text(lot, main, "Off-Bold", enabled=False)
    text(lot, main, "On-Bold")
    lot.queue(main)
    assert demanded(lot) == ("On-Bold",)


def test_a_matte_is_drawn_though_it_is_switched_off(lot: Lot) -> None:
    main = lot.comp("Main")
    solid = main.add_solid([1.0, 0.0, 0.0], "red", 64, 36, 1.0)
    text(lot, main, "Matte-Bold", enabled=False)
    text(lot, main, "Off-Bold", enabled=False)
    matte = main.text_layers[1]
    solid._ldta.track_matte_type = 1
    solid._ldta.matte_layer_id = matte.id
    lot.queue(main)
    assert demanded(lot) == ("Matte-Bold",)


@pytest.mark.parametrize(
    "expression", ['thisComp.layer("words").sourceRectAtTime().width', "thisComp.layer(index + 1).opacity"]
)
def test_a_layer_that_an_expression_may_refer_to_counts(lot: Lot, expression: str) -> None:
    main = lot.comp("Main")
    text(lot, main, "Off-Bold", enabled=False)
    solid = main.add_solid([1.0, 0.0, 0.0], "red", 64, 36, 1.0)
    solid.transform["ADBE Opacity"].expression = expression
    lot.queue(main)
    assert demanded(lot) == ("Off-Bold",)


def test_an_expression_in_another_comp_may_refer_to_it_too(lot: Lot) -> None:
    main, other = lot.comp("Main"), lot.comp("Other")
    text(lot, main, "Off-Bold", enabled=False)
    solid = other.add_solid([1.0, 0.0, 0.0], "red", 64, 36, 1.0)
    solid.transform["ADBE Opacity"].expression = 'comp("Main").layer(1).opacity'
    lot.queue(main)
    assert demanded(lot) == ("Off-Bold",)


@pytest.mark.parametrize(("expression", "fonts"), [("", ()), ('"now " + time', ("Late-Bold",))])
def test_an_empty_text_demands_its_font_only_with_an_expression(
    lot: Lot, expression: str, fonts: tuple[str, ...]
) -> None:
    main = lot.comp("Main")
    document = lot.text(main, "words", expression=expression)
    document.font, document.text = "Late-Bold", ""
    lot.queue(main)
    assert demanded(lot) == fonts


def test_a_replaced_source_is_a_source(lot: Lot) -> None:
    """A media slot of Essential Graphics names another item than the layer's own."""
    main, inner, other = lot.comp("Main"), lot.comp("Inner"), lot.comp("Other")
    main.add(inner)
    text(lot, other, "Other-Bold")
    lot.queue(main)
    path = lot.save()
    data = path.read_bytes()
    empty = b"blsi" + struct.pack(">II", 4, 0)
    assert empty in data
    path.write_bytes(data.replace(empty, b"blsi" + struct.pack(">II", 4, other.id)))
    project = read_project(path)
    assert project.fonts_of([project.item(1)]) == ("Other-Bold",)


def test_comps_in_a_circle_end(lot: Lot) -> None:
    one, two = lot.comp("One"), lot.comp("Two")
    layer = one.add(two)
    lot.text(two, "words").font = "In-Two"
    two.add(lot.comp("Three"))
    two.layers[0]._ldta.source_id = one.id
    lot.queue(one)
    assert layer.id
    assert demanded(lot) == ("In-Two",)
    assert CompTree(lot.app.project).drawn_sources.keys() >= {one.id, two.id}


def test_a_text_that_a_layer_overrides_brings_its_font(lot: Lot) -> None:
    """Essential Properties lie in a group of the layer, which py_aep can read and not make."""
    document = lot.text(lot.comp("Inner"), "words")
    document.font = "Override-Bold"
    group = lot.app.project.compositions[0].text_layers[0].text
    assert group is not None
    source = group["ADBE Text Document"]

    class Overriding:
        def __getitem__(self, name: str) -> SimpleNamespace:
            assert name == "ADBE Layer Overrides"
            return SimpleNamespace(properties=[SimpleNamespace(properties=[source])])

    assert _overridden(Overriding()) == ["Override-Bold"]  # type: ignore[arg-type]
    document.text = ""
    assert _overridden(Overriding()) == []  # type: ignore[arg-type]
    assert _overridden(SimpleNamespace()) is None  # type: ignore[arg-type]
