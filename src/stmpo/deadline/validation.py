"""Whether OpenJD takes a job: openjd-model, the specification's own reader, is asked before anything is written or sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stmpo.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EXTENSIONS = ("TASK_CHUNKING",)
"""What the service is known to take; a template that needs more is refused here instead of there."""

_LENGTH = 400
_MISSING = "checking a job needs openjd-model: pip install 'stmpo[submit]'"


def read_document(text: str, *, yaml: bool) -> Any:
    """Read a JSON or YAML document of a bundle.

    Raises:
        ValueError: it is neither, or not an object.
        BadInput: openjd-model is not installed.
    """
    try:
        from openjd.model import DocumentType, document_string_to_object  # noqa: PLC0415
    except ImportError:
        raise BadInput(_MISSING) from None
    kind = DocumentType.YAML if yaml else DocumentType.JSON
    return document_string_to_object(document=text, document_type=kind)


def check_job(template: Mapping[str, Any], parameters: Mapping[str, Any], folder: Path) -> int:
    """Make the job as the service would, from a bundle in `folder` (absolute), and return how many tasks it has.

    Raises:
        BadInput: the template or a parameter is refused, or openjd-model is not installed.
    """
    try:
        from openjd.model import (  # noqa: PLC0415 - belongs to the submitter, and costs a second
            StepParameterSpaceIterator,
            create_job,
            decode_job_template,
            preprocess_job_parameters,
        )
    except ImportError:
        raise BadInput(_MISSING) from None
    try:
        model = decode_job_template(template=dict(template), supported_extensions=list(EXTENSIONS))
        values = preprocess_job_parameters(
            job_template=model,
            job_parameter_values={name: str(value) for name, value in parameters.items()},
            job_template_dir=folder,
            current_working_dir=folder,
        )
        _check_zero_bounds(template, parameters)
        job = create_job(job_template=model, job_parameter_values=values)
        return sum(len(StepParameterSpaceIterator(space=step.parameterSpace)) for step in job.steps)
    except (ValueError, TypeError, RuntimeError) as error:
        raise BadInput(f"OpenJD refuses the job: {_one_line(str(error))}") from None


def _check_zero_bounds(template: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
    """openjd-model (0.14) takes a bound of 0 for none at all."""
    for definition in template.get("parameterDefinitions", ()):
        name = definition["name"]
        if definition.get("minValue") == 0 and name in parameters and float(parameters[name]) < 0:
            raise ValueError(f"Value ({parameters[name]}) for parameter {name} must be at least 0.")


def _one_line(text: str) -> str:
    line = "; ".join(part.strip() for part in text.splitlines() if part.strip())
    return line if len(line) <= _LENGTH else f"{line[:_LENGTH]}…"
