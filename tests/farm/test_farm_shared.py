"""A queue without job attachments: the bundle stays where workers see it, up to delivered frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stmpo.testing import FrameCosts, Scenario
from tests.farm.grounds import BARE_QUEUE, why_not
from tests.farm.test_farm import Job
from tests.fonts.foundry import face

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deadline.lot import Lot
    from tests.farm.grounds import Grounds

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture
def job(lot: Lot) -> Job:
    """A project of one queue item with footage and a font of its own."""
    made = Job(lot)
    (lot.folder / "fonts").mkdir()
    (lot.folder / "fonts" / "own.ttf").write_bytes(face("FarmShared"))
    lot.text(made.comp, "words").font = "FarmShared"
    return made


def test_with_a_storage_profile_the_bundle_lies_beside_the_project_until_it_is_cleaned(
    whole_farm: Grounds, job: Job
) -> None:
    whole_farm.staff(1)
    mapped = job.lot.folder.with_name("as the workers have it")
    mapped.symlink_to(job.lot.folder)
    profile = whole_farm.share(job.lot.folder, mapped)
    options = ("--storage-profile-id", profile, "--font-folder", str(job.lot.folder / "fonts"), "--wait")
    arguments = job.arguments(Scenario(costs=FrameCosts(0.02)), *options)
    sent = whole_farm.submit(*arguments, queue=BARE_QUEUE)
    assert sent.returncode == 0, sent.stderr + whole_farm.words(sent.stdout.strip())
    identity = sent.stdout.strip()
    assert "attachments" not in whole_farm.request(identity)
    assert "uploading" not in sent.stderr
    assert job.delivered() == job.frames
    words = whole_farm.words(identity)
    assert "fonts: FarmShared installed as " in words, "the bundle's fonts are read on the shared storage"
    (bundle,) = (job.lot.folder / "stmpo-bundles").iterdir()
    waiting = whole_farm.submit(*arguments[:-1], "--initial-state", "SUSPENDED", queue=BARE_QUEUE)
    assert waiting.returncode == 0, waiting.stderr
    cleaned = whole_farm.stmpo("bundle", "clean", job.lot.folder)
    assert cleaned.returncode == 0, cleaned.stderr
    assert cleaned.stdout.splitlines() == [f"{bundle}: removed, {identity} succeeded"]
    assert f"kept, {waiting.stdout.strip()} is not done" in cleaned.stderr
    assert len(list((job.lot.folder / "stmpo-bundles").iterdir())) == 1


def test_without_a_profile_a_folder_on_shared_storage_is_named_and_frames_arrive(
    whole_farm: Grounds, job: Job, tmp_path: Path
) -> None:
    whole_farm.staff(1)
    arguments = [
        *job.arguments(Scenario(costs=FrameCosts(0.02)), "--no-fonts", "-p", "AllowMissingFonts=true")
    ]
    refused = whole_farm.submit(*arguments, queue=BARE_QUEUE)
    assert (refused.returncode, refused.stdout) == (2, "")
    (line,) = [line for line in refused.stderr.splitlines() if line.startswith("stmpo: ")]
    assert "has no job attachments" in line
    assert "--storage-profile-id" in line
    assert "--bundle-dir FOLDER" in line
    assert not (job.lot.folder / "stmpo-bundles").exists()
    sent = whole_farm.submit(
        *arguments, "--bundle-dir", tmp_path / "bundles", "--wait", "--download", queue=BARE_QUEUE
    )
    assert sent.returncode == 0, sent.stderr
    assert "nothing to download: the workers of fake queue write to shared storage" in sent.stderr
    assert job.delivered() == job.frames
    cleaned = whole_farm.stmpo("bundle", "clean", tmp_path / "bundles")
    assert cleaned.returncode == 0, cleaned.stderr
    assert list((tmp_path / "bundles").iterdir()) == []


def test_what_the_workers_do_not_see_is_refused_before_anything_is_written(
    whole_farm: Grounds, job: Job, tmp_path: Path
) -> None:
    profile = whole_farm.share(tmp_path / "elsewhere", tmp_path / "elsewhere")
    options = ("--storage-profile-id", profile)
    refused = whole_farm.submit(*job.arguments(Scenario(), "--no-fonts", *options), queue=BARE_QUEUE)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "its workers do not see " in refused.stderr
    assert "the storage profile the studio shares " in refused.stderr
    assert not (job.lot.folder / "stmpo-bundles").exists()
    bundled = whole_farm.stmpo("bundle", *job.arguments(Scenario(), "--no-fonts"), "-o", tmp_path / "b")
    assert bundled.returncode == 0, bundled.stderr
    again = whole_farm.submit(tmp_path / "b", "--yes", *options, queue=BARE_QUEUE)
    assert again.returncode == 2
    assert "its workers do not see " in again.stderr
