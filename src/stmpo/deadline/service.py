"""The connection to one queue of a farm, with the Deadline Cloud client's configuration, and its errors.

Every error of the client, of botocore and of the service becomes one line (`BadInput`). The modules that use
the client (`client`, `farm_jobs`, `downloads`, `hooks`) import it only when they are called.
"""

from __future__ import annotations

import contextlib
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stmpo.model.errors import BadInput
from stmpo.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNREADABLE = "the client's configuration cannot be read"
_MAX_MESSAGE_LENGTH = 600


@dataclass(frozen=True, slots=True)
class FarmQueue:
    """The destination of a job. A value of None comes from the client's configuration."""

    profile: str | None = None
    """AWS profile."""

    farm: str | None = None
    queue: str | None = None
    storage_profile: str | None = None
    region: str | None = None
    """AWS region of the farm."""


@dataclass(frozen=True, slots=True)
class StorageProfile:
    """What a storage profile says about the machine that a job is sent from."""

    name: str
    shared: tuple[str, ...]
    """Folders that the workers have as well, each at the place of their own profile."""


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """What decides how a job's files reach the workers of a queue."""

    name: str
    attachments: bool
    """Whether files travel with a job. Otherwise workers read shared storage only."""

    profile: StorageProfile | None
    """The storage profile that the job is sent with."""


class Connection:
    """One queue of a farm, with the client's configuration.

    Raises:
        BadInput: the constructor and every method raise it: the client is not installed, no farm or queue is
            known, or the client or the service reports an error.
    """

    def __init__(self, place: FarmQueue) -> None:
        config_file = _config_file()
        with errors_as_bad_input(_UNREADABLE):
            self.config = ConfigParser()
            self.config.read_dict(config_file.read_config())
            for name, value in (
                ("defaults.aws_profile_name", place.profile),
                ("defaults.farm_id", place.farm),
                ("defaults.farm_region", place.region),  # kept per farm, so it follows the farm
                ("defaults.queue_id", place.queue),
                ("settings.storage_profile_id", place.storage_profile),
            ):
                if value is not None:
                    config_file.set_setting(name, value, config=self.config)
            self.farm = self.setting("defaults.farm_id")
            self.queue = self.setting("defaults.queue_id")
            self.auto_accept = config_file.str2bool(self.setting("settings.auto_accept"))
            config_file.set_setting("settings.auto_accept", "false", config=self.config)  # this program asks
        for name, value in (("farm", self.farm), ("queue", self.queue)):
            if not value:
                raise BadInput(
                    f"no {name} is given: add --{name}-id, or choose one with `deadline config gui`"
                )

    def setting(self, name: str) -> str:
        """Return a setting of the client."""
        return str(_config_file().get_setting(name, config=self.config))

    @property
    def place(self) -> dict[str, str]:
        """Return farm and queue as arguments of the service's calls."""
        return {"farmId": self.farm, "queueId": self.queue}

    def service(self) -> Any:
        """Return the service's client."""
        from deadline.client import api  # noqa: PLC0415

        return api.get_boto3_client("deadline", config=self.config)

    def facts(self) -> QueueFacts:
        """Ask the queue how files reach its workers."""
        from deadline.client import api  # noqa: PLC0415

        with errors_as_bad_input("the queue cannot be asked"):
            service = self.service()
            queue = service.get_queue(**self.place)
            profile = None
            if identity := self.setting("settings.storage_profile_id"):
                found = api.get_storage_profile_for_queue(self.farm, self.queue, identity, service)
                shared = [place.path for place in found.fileSystemLocations if place.type.value == "SHARED"]
                profile = StorageProfile(found.displayName, tuple(shared))
        return QueueFacts(str(queue["displayName"]), "jobAttachmentSettings" in queue, profile)


def _config_file() -> Any:
    """Return the client's configuration module. Its import reads the AWS configuration and can fail by it."""
    try:
        botocore_error = refusals()[1]
        try:
            from deadline.client.config import config_file  # noqa: PLC0415 - takes a second
        except (botocore_error, ConfigError, ValueError, OSError) as error:
            raise BadInput(f"{_UNREADABLE}: {_short(str(error))}") from None
    except ImportError:
        raise BadInput("sending a job needs the Deadline Cloud client: pip install 'stmpo[submit]'") from None
    return config_file


def listed(service: Any, call: str, key: str, where: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield every entry of a paginated list."""
    for page in service.get_paginator(call).paginate(**where):
        yield from page[key]


@contextlib.contextmanager
def errors_as_bad_input(what: str) -> Iterator[None]:
    """Raise every error of the client as one line, with the next step if it is known."""
    from deadline.client.exceptions import DeadlineOperationCanceled, DeadlineOperationError  # noqa: PLC0415
    from deadline.job_attachments.exceptions import JobAttachmentsError  # noqa: PLC0415

    refused, botocore_error = refusals()
    try:
        yield
    except refused as error:
        reply = error.response.get("Error", {})
        raise BadInput(
            f"{what}: the service refuses {error.operation_name}: {reply.get('Code', 'error')}: "
            f"{_short(str(reply.get('Message', error)))}"
        ) from None
    except botocore_error as error:
        raise BadInput(f"{what}: {_botocore(error)}") from None
    except DeadlineOperationCanceled as error:
        raise BadInput(f"{what}: {_short(str(error))}") from None
    except (DeadlineOperationError, JobAttachmentsError, ConfigError, ValueError, OSError) as error:
        # the client and botocore raise these for a configuration or a value that they cannot use
        raise BadInput(f"{what}: {_unwrapped(error)}") from None


def refusals() -> tuple[Any, Any]:
    """Return botocore's two error classes: the service's answers, and its own errors."""
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # noqa: PLC0415

    return ClientError, BotoCoreError


def _botocore(error: Exception) -> str:
    """Return botocore's error as a message for the sender of a job."""
    kind = type(error).__name__
    if "Credential" in kind or "Token" in kind or kind in {"ProfileNotFound", "NoAuthTokenError"}:
        return (
            f"no AWS credentials ({_short(str(error))}); log in with `deadline auth login`, or give --profile"
        )
    if kind == "NoRegionError":
        return "no AWS region is known; set AWS_DEFAULT_REGION, or give --profile"
    if any(word in kind for word in ("Connect", "Endpoint", "Timeout", "HTTPClient", "Proxy", "SSL")):
        return f"the service cannot be reached ({_short(str(error))}); check the network and send it again"
    return _short(str(error))


def _unwrapped(error: BaseException) -> str:
    """Return the message of the botocore error inside the client's error, or else the client's own."""
    inner = error.__cause__ or error.__context__
    return _botocore(inner) if isinstance(inner, refusals()[1]) else _short(str(error))


def _short(text: str) -> str:
    return one_line(text, _MAX_MESSAGE_LENGTH)
