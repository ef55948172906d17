"""Brings the output of a job home through the client's own downloader."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stmpo.deadline.client import TransferProgress
from stmpo.deadline.service import Connection, errors_as_bad_input
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Downloaded:
    """The result of a download."""

    files: int
    folders: tuple[str, ...]
    """The folders that they were written under."""


def download(
    connection: Connection,
    job: str,
    folder: Path | None,
    *,
    overwrite: bool,
    on_progress: Callable[[TransferProgress], bool],
) -> Downloaded:
    """Write a job's output to `folder`, or to the places that the job was sent with.

    With `overwrite`, files of the same name are replaced; otherwise they stay. A job with files on several
    drives gets a folder for each inside `folder`.

    Raises:
        BadInput: the queue has no job attachments, the job was sent from another system and no folder is
            given, or the client or the service reports an error.
    """
    from deadline.client import api  # noqa: PLC0415
    from deadline.job_attachments.download import OutputDownloader  # noqa: PLC0415
    from deadline.job_attachments.models import (  # noqa: PLC0415
        FileConflictResolution,
        JobAttachmentS3Settings,
    )

    with errors_as_bad_input(f"the output of job {job} cannot be downloaded"):
        service = connection.service()
        queue = service.get_queue(**connection.place)
        view = service.get_job(**connection.place, jobId=job)
        if "jobAttachmentSettings" not in queue:
            raise BadInput(
                f"the queue {queue['displayName']} has no job attachments: the workers wrote the frames of job {job} to "
                "shared storage, to the folders of its OutputDir"
            )
        session = api.get_queue_user_boto3_session(
            deadline=service,
            config=connection.config,
            farm_id=connection.farm,
            queue_id=connection.queue,
            queue_display_name=queue["displayName"],
        )
        found = OutputDownloader(
            s3_settings=JobAttachmentS3Settings(**queue["jobAttachmentSettings"]),
            farm_id=connection.farm,
            queue_id=connection.queue,
            job_id=job,
            session=session,
        )
        _choose_roots(found, view, folder, job)
        roots = tuple(found.get_paths_by_root())
        if not roots:
            return Downloaded(0, ())
        resolution = FileConflictResolution.OVERWRITE if overwrite else FileConflictResolution.SKIP
        done = found.download(
            file_conflict_resolution=resolution,
            on_downloading_files=lambda report: on_progress(
                TransferProgress("downloading", float(report.progress), str(report.progressMessage))
            ),
        )
    return Downloaded(int(done.processed_files), roots)


def _choose_roots(found: Any, job: dict[str, Any], folder: Path | None, identity: str) -> None:
    """Set the folder that each of the job's roots is written to."""
    roots = list(found.get_paths_by_root())
    if folder is not None:
        names: set[str] = set()
        for root in roots:
            name = root.rstrip("/\\").replace("\\", "/").rpartition("/")[2].replace(":", "") or "root"
            while name in names:
                name += "_"
            names.add(name)
            found.set_root_path(root, str(folder if len(roots) == 1 else folder / name))
        return
    here = "windows" if sys.platform == "win32" else "posix"
    formats = {
        entry["rootPath"]: entry["rootPathFormat"]
        for entry in job.get("attachments", {}).get("manifests", ())
    }
    other = [root for root in roots if formats.get(root, here) != here]
    if other:
        raise BadInput(
            f"job {identity} was sent from another system, where its files lie in {other[0]}; give the folder to "
            "download to"
        )
