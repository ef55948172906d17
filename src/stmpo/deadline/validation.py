"""Whether OpenJD takes a job: openjd-model, the specification's own reader, is asked before anything is written or sent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from stmpo.model.errors import BadInput
from stmpo.model.frames import MAX_FRAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

EXTENSIONS = ("TASK_CHUNKING",)
"""What the service is known to take; a template that needs more is refused here instead of there."""

LONGEST_VALUE = 1024
"""Characters of a parameter's value, by the service."""

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
    try:
        return document_string_to_object(document=text, document_type=kind)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


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
        _check_values(template, parameters)
        model = decode_job_template(template=dict(template), supported_extensions=list(EXTENSIONS))
        values = preprocess_job_parameters(
            job_template=model,
            job_parameter_values={name: str(value) for name, value in parameters.items()},
            job_template_dir=folder,
            current_working_dir=folder,
        )
        job = create_job(job_template=model, job_parameter_values=values)
        spaces = [step.parameterSpace for step in job.steps]
        _check_lengths(space for space in spaces if space is not None)
        return sum(len(StepParameterSpaceIterator(space=space)) for space in spaces)
    except (ValueError, TypeError, RuntimeError, ArithmeticError) as error:
        raise BadInput(f"OpenJD refuses the job: {_one_line(str(error))}") from None


def _check_lengths(spaces: Iterable[Any]) -> None:
    """openjd-model makes a list of all chunks, however many frames somebody has written."""
    for space in spaces:
        for name, definition in space.taskParameterDefinitions.items():
            if len(definition.range) > MAX_FRAMES:
                raise ValueError(f"{name} has more than {MAX_FRAMES:,} values")


def _check_values(template: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
    """What openjd-model (0.14) lets pass: it takes a bound of 0 for none at all, and "inf" for a number;
    the length of a value it leaves to the service.
    """
    for name, value in parameters.items():
        if len(str(value)) > LONGEST_VALUE:
            raise ValueError(f"The value of parameter {name} has more than {LONGEST_VALUE} characters.")
    definitions = template.get("parameterDefinitions")
    for definition in definitions if isinstance(definitions, list) else ():
        try:
            name = definition["name"]
            number = float(parameters[name]) if definition["type"] in {"INT", "FLOAT"} else 0.0
        except (KeyError, TypeError, ValueError):  # not given, or something that openjd-model has words for
            continue
        if not math.isfinite(number):
            raise ValueError(f"Value ({parameters[name]}) for parameter {name} must be a number.")
        if definition.get("minValue") == 0 and number < 0:
            raise ValueError(f"Value ({parameters[name]}) for parameter {name} must be at least 0.")


def _one_line(text: str) -> str:
    line = "; ".join(part.strip() for part in text.splitlines() if part.strip())
    return line if len(line) <= _LENGTH else f"{line[:_LENGTH]}…"
