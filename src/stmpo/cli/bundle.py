"""`stmpo bundle`: parse, call, print."""

from __future__ import annotations

from typing import Any

import click

from stmpo.cli.bundle_options import counted, job_options, place_of, prepared, written


@click.command("bundle", short_help="Write a job bundle for AWS Deadline Cloud, without After Effects.")
@click.argument("project", metavar="PROJECT")
@click.option(
    "-o", "--output", required=True, metavar="FOLDER", help="The bundle's folder: a new or an empty one."
)
@job_options
def bundle_command(project: str, output: str, **values: Any) -> int:
    """Write a job bundle that renders PROJECT (.aep), a step for each item of its render queue.

    It is checked by OpenJD's own reader first. Send it by `stmpo submit FOLDER` or `deadline bundle submit FOLDER`.
    """
    folder = place_of(output, "--output")
    job = prepared(place_of(project, "PROJECT"), values)
    done = written(job, folder, values)
    files = 0 if job.bundle is None else len(job.bundle.inputs) + len(job.bundle.fonts.copies)
    click.echo(f"{done.folder}: {counted(len(job.items), done.tasks, files)} to travel")
    return 0
