"""What is to be said of a job's fonts before it is sent. Nothing of it stops a job: a worker may have a font by itself.

A worker looks again when the job begins there, and fails it for a font that is then nowhere, unless the job's parameter
`AllowMissingFonts` says otherwise; so each line says which fonts do not travel, why, and what to do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.fonts.find import FontState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stmpo.fonts.collect import CollectedFonts
    from stmpo.fonts.find import ProjectFont
    from stmpo.project.model import Project

_SHOWN = 12
"""Names in one line, at most."""

_OR_ELSE = "a worker without them fails the job, unless -p AllowMissingFonts=true lets it render in others"

_NAME_THEM = "send these fonts by --font NAME, or install them on the workers"

_TEXTS = {
    FontState.MISSING: "fonts are not installed here: {names}; install them and send the job again: "
    + _OR_ELSE,
    FontState.SUBSTITUTED: "fonts are not installed here, only others of their families: {names}; install them and send "
    "the job again: " + _OR_ELSE,
    FontState.RESTRICTED: "fonts do not travel, their licence bits speak against it: {names}; install them on the "
    "workers, or send them by --all-fonts where your licence allows that",
    FontState.SYNCED: "fonts from Adobe Fonts do not travel: {names}; activate them for the workers' user, or send them "
    "by --all-fonts where your licence allows that",
    FontState.LEGACY: "fonts are of a kind of earlier times, which does not travel: {names}; replace them by OpenType ones",
}


def fonts_told(project: Project, parcel: CollectedFonts) -> Iterator[str]:
    """A line for each kind of trouble with fonts."""
    travel = {name for name, file in parcel.files if file is not None}
    for state, text in _TEXTS.items():
        these = [font for font in parcel.fonts if font.state is state and font.name not in travel]
        if these:
            yield text.format(names=_names(map(_called, these)))
    for font, why in parcel.damaged:
        yield f"the font {font.name} does not travel: {why} ({font.path}); install it again here, or on the workers"
    if parcel.over:
        names = _names(f"{font.name} ({size / 1e6:.0f} MB)" for font, size in parcel.over)
        yield (
            f"fonts are more than travels with a job: {names} stay here; send them by --max-fonts-mb N, or install "
            "them on the workers"
        )
    doubtful = [font for font in parcel.fonts if font.rivals]
    if doubtful:
        yield (
            "fonts are here in several versions, and After Effects may show any of them: "
            f"{_names(map(_versions, doubtful))}; keep one of each"
        )
    if project.unread_texts:
        yield (
            f"the text of layers is damaged, and which fonts it uses is not known: {_names(project.unread_texts)}; "
            "open the project in After Effects and save it again"
        )
    if project.composed_fonts:
        yield (
            f"expressions put the names of fonts together, and which ones is not known: "
            f"{_names(project.composed_fonts)}; {_NAME_THEM}"
        )
    if project.text_effects:
        yield f"effects draw text in fonts that no project tells: {_names(project.text_effects)}; {_NAME_THEM}"


def _called(font: ProjectFont) -> str:
    if font.state is FontState.SUBSTITUTED:
        return f"{font.name} ({font.note} is here)"
    return f"{font.name} ({font.note})" if font.note else font.name


def _versions(font: ProjectFont) -> str:
    """The version that travels, or would, and the others."""
    assert font.face is not None, "others have no versions"
    others = " and ".join(f"{version} in {path}" for path, version in font.rivals)
    return f"{font.name} ({font.face.version} in {font.path}; {others})"


def _names(names: Iterable[str]) -> str:
    """One line of them, however a layer is called."""
    every = [" ".join(name.split()) for name in names]
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more
