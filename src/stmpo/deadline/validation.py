"""Lets openjd-model, the specification's reference implementation, check a job before it is sent."""

from __future__ import annotations

import math
from importlib import import_module
from typing import TYPE_CHECKING, Any

from stmpo.model.errors import BadInput
from stmpo.model.frames import MAX_FRAMES
from stmpo.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

EXTENSIONS = ("TASK_CHUNKING",)
"""Extensions that the service is known to accept; a template that needs others is refused here."""

MAX_VALUE_LENGTH = 1024
"""Characters of a parameter's value; the service's limit."""

MAX_ALIASED_VALUES = 100_000
"""Limit of the values of a YAML document that has aliases."""

_MAX_MESSAGE_LENGTH = 400
_NOT_INSTALLED = 'checking a job needs openjd-model: pip install "stmpo[submit]"'


def read_document(text: str, *, yaml: bool) -> Any:
    """Read a JSON or YAML document of a bundle.

    Raises:
        ValueError: it is neither JSON nor YAML, or not an object.
        BadInput: openjd-model is not installed.
    """
    try:
        from openjd.model import DocumentType, document_string_to_object  # noqa: PLC0415
    except ImportError:
        raise BadInput(_NOT_INSTALLED) from None
    kind = DocumentType.YAML if yaml else DocumentType.JSON
    try:
        if yaml:
            _check_aliases(text)
        return document_string_to_object(document=text, document_type=kind)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _check_aliases(text: str) -> None:
    """Refuse a YAML document whose aliases stand for very many values: others walk through each of them.

    Raises:
        ValueError: it has more than `MAX_ALIASED_VALUES` values, or holds itself.
    """
    if "*" not in text:
        return
    yaml: Any = import_module("yaml")  # comes with openjd-model
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return  # the reader says what is wrong
    if root is not None and _count_values(root, {}) > MAX_ALIASED_VALUES:
        raise ValueError(f"its aliases stand for more than {MAX_ALIASED_VALUES:,} values")


def _count_values(node: Any, known: dict[int, int]) -> int:
    """Return the number of values of a YAML node with all aliases written out, at most about the limit."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = MAX_ALIASED_VALUES + 1  # until it is counted: an alias to itself has no end
    parts = node.value if isinstance(node.value, list) else []
    inner = (each for part in parts for each in (part if isinstance(part, tuple) else (part,)))
    count = min(1 + sum(_count_values(each, known) for each in inner), MAX_ALIASED_VALUES + 1)
    known[id(node)] = count
    return count


def check_job(template: Mapping[str, Any], parameters: Mapping[str, Any], folder: Path) -> int:
    """Create the job as the service would, from a bundle in `folder` (absolute); return the number of tasks.

    Raises:
        BadInput: the template or a parameter is refused, or openjd-model is not installed.
    """
    try:
        from openjd.model import (  # noqa: PLC0415 - only for submission; takes a second
            StepParameterSpaceIterator,
            create_job,
            decode_job_template,
            preprocess_job_parameters,
        )
    except ImportError:
        raise BadInput(_NOT_INSTALLED) from None
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
        return sum(_adaptive_tasks(space) or len(StepParameterSpaceIterator(space=space)) for space in spaces)
    except (ValueError, TypeError, RuntimeError, ArithmeticError) as error:
        raise BadInput(f"OpenJD refuses the job: {_joined_lines(str(error))}") from None


def _check_lengths(spaces: Iterable[Any]) -> None:
    """Refuse ranges beyond `MAX_FRAMES` before openjd-model makes a list of all their chunks."""
    for space in spaces:
        for name, definition in space.taskParameterDefinitions.items():
            if len(definition.range) > MAX_FRAMES:
                raise ValueError(f"{name} has more than {MAX_FRAMES:,} values")


def _adaptive_tasks(space: Any) -> int:
    """Return the number of tasks that a step with a target runtime begins with; 0 for any other step.

    The service changes the size of such chunks while the job runs, so openjd-model gives no number.
    """
    definitions = () if space is None else space.taskParameterDefinitions.values()
    chunks = [(definition, getattr(definition, "chunks", None)) for definition in definitions]
    if not any(chunk is not None and chunk.targetRuntimeSeconds for _, chunk in chunks):
        return 0
    return math.prod(
        math.ceil(len(definition.range) / (1 if chunk is None else chunk.defaultTaskCount))
        for definition, chunk in chunks
    )


def _check_values(template: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
    """Check values that openjd-model (0.14) lets pass.

    It ignores a bound of 0, takes "inf" for a number, and leaves the length of a value to the service.
    """
    for name, value in parameters.items():
        if len(str(value)) > MAX_VALUE_LENGTH:
            raise ValueError(f"The value of parameter {name} has more than {MAX_VALUE_LENGTH} characters.")
    definitions = template.get("parameterDefinitions")
    for definition in definitions if isinstance(definitions, list) else ():
        try:
            name = definition["name"]
            number = float(parameters[name]) if definition["type"] in {"INT", "FLOAT"} else 0.0
        except (KeyError, TypeError, ValueError):  # not given, or openjd-model reports it
            continue
        if not math.isfinite(number):
            raise ValueError(f"Value ({parameters[name]}) for parameter {name} must be a number.")
        if definition.get("minValue") == 0 and number < 0:
            raise ValueError(f"Value ({parameters[name]}) for parameter {name} must be at least 0.")


def _joined_lines(text: str) -> str:
    joined = "; ".join(part.strip() for part in text.splitlines() if part.strip())
    return one_line(joined, _MAX_MESSAGE_LENGTH)
