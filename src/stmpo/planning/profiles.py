"""Profiles: two sets of option values, for options that are not given explicitly.

    hero   few large processes with Multi-Frame Rendering, for heavy modern comps:
           32 to 64 GB each, 12 to 24 processes
    farm   many small ones without it, for well-behaved comps: 24 to 32 GB each, 24 to 32 processes

The exact numbers: hero has 48 GB, the middle of the range, and the most with which 1 TB still holds the 16
processes that 256 threads take. Its cap of 24 is the upper end, because threads bind long before it on
current machines. farm has 24 GB and a cap of 32, with which 256 threads and 1 TB run one process per 8
threads: 32.

A value from the command line or the environment is never replaced.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stmpo.model.errors import BadInput
from stmpo.model.options import RunOptions, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILES: dict[str, dict[str, Any]] = {
    "hero": {"mfr": True, "ram_per_process_gb": 48.0, "max_concurrency": 24},
    "farm": {"mfr": False, "ram_per_process_gb": 24.0, "max_concurrency": 32},
}


def apply_profile(options: RunOptions, sources: Mapping[str, Source], name: str) -> RunOptions:
    """Return the options with a profile's values wherever `sources` says that nothing was given.

    Raises:
        BadInput: there is no profile of that name.
    """
    if name not in PROFILES:
        raise BadInput(f"--profile {name}: unknown; profiles are {' and '.join(PROFILES)}")
    open_ = {key: value for key, value in PROFILES[name].items() if sources[key] is Source.DEFAULT}
    return replace(options, **open_)
