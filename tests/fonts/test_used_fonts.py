"""The fonts that a project uses: of every character and keyframe, and those that expressions name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stmpo.project.model import FontUse
from stmpo.project.read import read_project

pytest.importorskip("py_aep", reason="py_aep is not installed: pip install 'stmpo[submit]'")

from py_aep import Property, TextDocument

from stmpo.project.text_documents import set_fonts

if TYPE_CHECKING:
    from tests.deadline.lot import Lot

PLAIN = "MyriadPro-Regular"
"""What py_aep writes text in."""


def uses(lot: Lot) -> set[tuple[str, str, bool]]:
    return {(use.font, use.layer, use.expression) for use in read_project(lot.save()).font_uses}


def test_a_single_character_and_a_paragraph_have_their_own_fonts(lot: Lot) -> None:
    text = lot.text(lot.comp(), "ab\rcd\ref")
    text.character_range(1, 2).font = "One-Character"
    first, last = (
        text.paragraph_character_indexes_at(4)["start"],
        text.paragraph_character_indexes_at(4)["end"],
    )
    text.character_range(first, last).font = "One-Paragraph"
    assert {name for name, _, _ in uses(lot)} == {PLAIN, "One-Character", "One-Paragraph"}


def test_a_font_that_no_character_has_any_more_is_not_used(lot: Lot) -> None:
    lot.text(lot.comp(), "ab").character_range(0, -1).font = "All-Of-It"
    assert {name for name, _, _ in uses(lot)} == {"All-Of-It"}


def test_every_keyframe_of_a_text_counts(lot: Lot) -> None:
    comp = lot.comp(seconds=2.0)
    lot.text(comp, "ab")
    group = comp.text_layers[0].text
    assert group is not None
    source = group["ADBE Text Document"]
    assert isinstance(source, Property)
    for second in (0.0, 1.0):
        source.add_key(second)
    document = source.keyframes[1].value
    assert isinstance(document, TextDocument)
    document.character_range(0, -1).font = "Later-Bold"
    assert {name for name, _, _ in uses(lot)} == {PLAIN, "Later-Bold"}


def test_fonts_know_their_comps_and_layers(lot: Lot) -> None:
    one, two = lot.comp("One"), lot.comp("Two")
    lot.text(one, "same")
    lot.text(two, "same").font = "Other-Bold"
    project = read_project(lot.save())
    assert set(project.font_uses) == {
        FontUse(PLAIN, "One", one.id, "same"), FontUse("Other-Bold", "Two", two.id, "same"),
    }  # fmt: skip
    assert project.fonts == (PLAIN, "Other-Bold")


def test_what_an_expression_names_in_so_many_words_is_used(lot: Lot) -> None:
    comp = lot.comp()
    lot.text(
        comp, "on", expression="""s = text.sourceText.style; s.setFont("Set-One").setFont( 'Set-Two' )"""
    )
    lot.text(comp, "off", expression="""style.setFont("Set-Three")""", enabled=False)
    assert {use for use in uses(lot) if use[2]} == {("Set-One", "on", True), ("Set-Two", "on", True)}


@pytest.mark.parametrize(
    ("expression", "names", "whole"),
    [
        ("style.setFont('A-B')", ["A-B"], True),
        ("style.setFont(`A-B`).setFontSize(3)", ["A-B"], True),
        ("style.setFont('A', 0, 3); style.setFont( \"B's\" )", ["A", "B's"], True),
        ("// setFont('Old')\nstyle.setFont('New') /* setFont('Older') */", ["New"], True),
        ("u = 'http://x'; style.setFont('New')", ["New"], True),
        ("style.setFont('A' + weight)", [], False),
        ("style.setFont(`A-${weight}`)", [], False),
        ("style.setFont(big ? 'A' : 'B')", [], False),
        ("style.setFont(name); style.setFont('C')", ["C"], False),
        ("style.setFont('A\\u002dB')", [], False),
        ("mysetFont(x) + 1", [], True),
        ("x.font = 'setFont(y)'", [], False),  # more is said than is known, never less
        ("", [], True),
    ],
)
def test_an_expression_names_fonts_or_is_said_to_put_them_together(
    expression: str, names: list[str], whole: bool
) -> None:
    assert set_fonts(expression) == (names, whole)


def test_a_layer_whose_expression_puts_names_together_is_named(lot: Lot) -> None:
    comp = lot.comp("Main")
    lot.text(comp, "some", expression="style.setFont(['A', 'B'][0])")
    lot.text(comp, "off", expression="style.setFont(x)", enabled=False)
    lot.text(comp, "all", expression="style.setFont('A')")
    project = read_project(lot.save())
    assert project.computed_fonts == ("Main: some",)
    assert project.fonts == ("A", PLAIN)


@pytest.mark.parametrize("match", ["ADBE Path Text", "ADBE Basic Text", "ADBE Numbers2", "ADBE Geometry2"])
def test_effects_that_draw_text_are_named(lot: Lot, match: str) -> None:
    """Cast from an effect that py_aep can add, whose name is as long."""
    comp = lot.comp("Main")
    for name, enabled in (("on", True), ("off", False)):
        lot.text(comp, name)
        effects = next(layer for layer in comp.layers if layer.name == name).effects
        assert effects is not None
        effect = effects.add_property("ADBE Geometry2")
        effect.name, effect.enabled = f"Counter {name}", enabled
    path = lot.save()
    path.write_bytes(path.read_bytes().replace(b"ADBE Geometry2\0", match.encode().ljust(15, b"\0")))
    drawing = () if match == "ADBE Geometry2" else ("Main: on (Counter on)",)
    assert read_project(path).text_effects == drawing


def test_damaged_text_is_named_and_the_others_are_read(lot: Lot) -> None:
    comp = lot.comp("Main")
    lot.text(comp, "whole")
    lot.text(comp, "broken").font = "Lost-Bold"
    path = lot.save()
    data = bytearray(path.read_bytes())
    at = data.find("Lost-Bold".encode("utf-16-be"))
    data[at - 40 : at] = b"<" * 40
    path.write_bytes(data)
    project = read_project(path)
    assert project.fonts == (PLAIN,)
    assert project.unread_texts == ("Main: broken",)
