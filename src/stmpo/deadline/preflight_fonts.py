"""Warnings about a job's fonts before it is sent. None of them stops a job.

A worker may have a font that is missing here. It looks for the fonts again when the job begins there. It
fails the job for a font that it does not find, unless the job's parameter `AllowMissingFonts` is true. So
each line says which fonts do not travel, why, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.fonts.find import FontState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stmpo.fonts.collect import CollectedFonts
    from stmpo.fonts.find import ProjectFont
    from stmpo.project.model import Project

_MAX_NAMES = 12
"""Names in one line."""

_ON_WORKER = "a worker without them fails the job, unless -p AllowMissingFonts=true lets it use other fonts"

_SEND_THEM = "send these fonts with --font NAME, or install them on the workers"

_TEXTS = {
    FontState.MISSING: "fonts are not installed here: {names}; install them and send the job again: "
    + _ON_WORKER,
    FontState.SUBSTITUTED: "fonts are not installed here, only others of their families are: {names}; install them and send "
    "the job again: " + _ON_WORKER,
    FontState.RESTRICTED: "fonts do not travel, because their licence bits forbid it: {names}; install them on the "
    "workers, or send them with --all-fonts if your licence allows that",
    FontState.SYNCED: "fonts from Adobe Fonts do not travel: {names}; activate them for the workers' user, or send them "
    "with --all-fonts if your licence allows that",
    FontState.LEGACY: "fonts are in an old format, which does not travel: {names}; replace them with OpenType fonts",
}


def font_warnings(project: Project, collected: CollectedFonts) -> Iterator[str]:
    """Yield a line for each kind of problem with the job's fonts."""
    travel = {name for name, file in collected.files if file is not None}
    for state, text in _TEXTS.items():
        affected = [font for font in collected.fonts if font.state is state and font.name not in travel]
        if affected:
            yield text.format(names=_names(map(_name_and_note, affected)))
    for font, why in collected.damaged:
        yield f"the font {font.name} does not travel: {why} ({font.path}); install it again here, or install it on the workers"
    if collected.over:
        names = _names(f"{font.name} ({size / 1e6:.0f} MB)" for font, size in collected.over)
        yield (
            f"fonts exceed the limit for a job: {names} do not travel; raise it with --max-fonts-mb N, or install "
            "them on the workers"
        )
    ambiguous = [font for font in collected.fonts if font.other_versions]
    if ambiguous:
        yield (
            "fonts are installed here in several versions, and After Effects may use any of them: "
            f"{_names(map(_versions, ambiguous))}; keep one version of each"
        )
    if project.unread_texts:
        yield (
            f"the text of layers is damaged, so their fonts are not known: {_names(project.unread_texts)}; "
            "open the project in After Effects and save it again"
        )
    if project.computed_fonts:
        yield (
            f"expressions compute the names of fonts, so these fonts are not known: "
            f"{_names(project.computed_fonts)}; {_SEND_THEM}"
        )
    if project.text_effects:
        yield f"effects draw text in fonts that the project file does not name: {_names(project.text_effects)}; {_SEND_THEM}"


def _name_and_note(font: ProjectFont) -> str:
    if font.state is FontState.SUBSTITUTED:
        return f"{font.name} ({font.note} is here)"
    return f"{font.name} ({font.note})" if font.note else font.name


def _versions(font: ProjectFont) -> str:
    """Return the font with the version that travels and the other versions."""
    assert font.face is not None, "a font without a face has no versions"
    others = " and ".join(f"{version} in {path}" for path, version in font.other_versions)
    return f"{font.name} ({font.face.version} in {font.path}; {others})"


def _names(names: Iterable[str]) -> str:
    """Return some of the names as one line, whatever characters they hold."""
    every = [" ".join(name.split()) for name in names]
    more = f" and {len(every) - _MAX_NAMES} more" if len(every) > _MAX_NAMES else ""
    return ", ".join(every[:_MAX_NAMES]) + more
