"""The Conda package of After Effects that a job asks for, by the version that saved its project.

A queue with a Conda environment installs `CondaPackages`. A version of another year may refuse the project or
render it differently, so the job asks for the project's own version, as AWS' submitter does.
"""

from __future__ import annotations

PACKAGE = "aftereffects"

KNOWN_VERSIONS = ((24, 6), (25, 1), (25, 2), (25, 6), (26, 0))
"""The packages of the channel `deadline-cloud` at the end of 2026."""


def pinned_package(version: str) -> str:
    """Return the package for a project saved by this version, such as "25.6".

    A minor version without a package of its own gives the newest of its year (`aftereffects=25`). For a year
    older than all packages it is any version, because newer ones open such a project.
    """
    try:
        major, minor = (int(part) for part in f"{version}.0".split(".")[:2])
    except ValueError:
        return PACKAGE
    if (major, minor) in KNOWN_VERSIONS:
        return f"{PACKAGE}={major}.{minor}"
    return PACKAGE if major < KNOWN_VERSIONS[0][0] else f"{PACKAGE}={major}"
