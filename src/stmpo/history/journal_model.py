"""Types of the journal: the identity of a job, the version of its project, and the record of earlier runs."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from stmpo.history.frame_ranges import FrameRanges
    from stmpo.model.render_job import RenderJob


def journal_path(job: RenderJob, folder: Path | None) -> Path:
    """Return where the job's journal lies: beside the frames (hidden by its dot), or in `folder`.

    The name holds a digest of the destination, so that several jobs can share a folder.
    """
    digest = hashlib.blake2b(str(job.output).encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    stem = re.sub(r"[^\w.-]+", "_", job.output.before).strip("._")[:40] or "frames"
    return (folder or job.output.directory) / f".{stem}-{digest}.stmpo.jsonl"


@dataclass(frozen=True, slots=True)
class ProjectVersion:
    """The version of a project file. Files of the same size and digest have the same version."""

    size: int
    digest: str

    @classmethod
    def of(cls, project: Path) -> ProjectVersion:
        """Read the project file once; 1 GB takes about a second."""
        digest = hashlib.blake2b(digest_size=16)
        size = 0
        with project.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
                size += len(block)
        return cls(size, digest.hexdigest())


def identity(job: RenderJob) -> dict[str, Any]:
    """Return the values that make two runs the same job.

    A longer range of frames continues the same journal.
    """
    return {
        "project": str(job.project),
        "comp": job.comp,
        "rqindex": job.rqindex,
        "output": str(job.output),
        "rs_template": job.rs_template,
        "om_template": job.om_template,
        "continue_on_missing_footage": job.continue_on_missing_footage,
    }


def movie_frames(job: RenderJob) -> str | None:
    """Return the frames of a single file, for its `delivered` line; None for a sequence.

    Other frames of the same comp are another movie.
    """
    if not job.single_file:
        return None
    return str(job.frames) if job.frames is not None else "all"


@dataclass(slots=True)
class PastAttempt:
    """An attempt of an earlier run, whose scratch folder may still hold whole frames."""

    folder: Path
    frames: FrameRanges
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class DeliveredFrame:
    """A frame that an earlier run delivered."""

    name: str
    size: int
    frames: str | None = None
    """The frames of a single file (`movie_frames`); None for a frame of a sequence."""

    stamp: str | None = None
    digest: str | None = None
    """What identifies the file (`stmpo.delivery.file_mark`); None in journals of early versions."""


@dataclass(slots=True)
class History:
    """The record of earlier runs of the same job and the same version of the project."""

    vouched: dict[int, DeliveredFrame] = field(default_factory=dict)
    attempts: list[PastAttempt] = field(default_factory=list)
    other_version: bool = False
    """The journal holds runs of another version of the project; it does not vouch for their frames."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that wrote to this journal. It is over for the process that holds the journal's lock."""

    id: str
    scratch: Path | None
    """Its scratch folder, unless that was removed."""
