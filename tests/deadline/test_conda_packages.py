"""The package of After Effects that a job asks for."""

from __future__ import annotations

import pytest

from stmpo.deadline.conda_packages import pinned_package


@pytest.mark.parametrize(
    ("version", "package"),
    [
        ("25.6", "aftereffects=25.6"),
        ("26.0", "aftereffects=26.0"),
        ("25.6.1", "aftereffects=25.6"),
        ("25.4", "aftereffects=25"),
        ("26", "aftereffects=26.0"),
        ("27.1", "aftereffects=27"),
        ("22.3", "aftereffects"),
        ("", "aftereffects"),
        ("?", "aftereffects"),
    ],
)
def test_a_project_is_rendered_by_the_version_that_saved_it(version: str, package: str) -> None:
    assert pinned_package(version) == package
