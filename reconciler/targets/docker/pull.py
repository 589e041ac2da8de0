"""Pulling images: with the stack's own account, or the credentials of the docker CLI."""

import re
from typing import Any

import requests
from docker import auth
from docker import errors as sdk

from reconciler.model.image import parse_image
from reconciler.model.step import DONE, Outcome
from reconciler.model.units import NS_PER_S
from reconciler.targets.docker.engine import Engine
from reconciler.targets.docker.errors import (
    BROKEN_PULL,
    NO_IMAGE,
    NO_LOGIN,
    RATE_LIMIT,
    explain,
    text_of,
)
from reconciler.targets.port import Contents

RETRY_AFTER = re.compile(r"(?:retry|try again)\D{0,16}(\d{1,5})\s*s", re.IGNORECASE)
USUAL_PAUSE_NS = 10 * NS_PER_S
LONGEST_PAUSE_NS = 600 * NS_PER_S


def pull(engine: Engine, reference: str, contents: Contents) -> Outcome:
    """Fetch an image; ends when this thread's time is over."""
    try:
        image = parse_image(reference)
    except ValueError as error:
        return Outcome("terminal", str(error), NO_IMAGE, "mend the image's name")
    repository = f"{image.domain}/{image.path}"
    try:
        account = contents.account(image.domain)
        credentials = _credentials(repository) if account is None else account._asdict()
    except sdk.DockerException as error:
        return Outcome("terminal", f"credentials cannot be read: {error}", NO_LOGIN,
                       "mend the credential helper, or `docker login` again")  # fmt: skip
    try:
        stream = engine.pull(
            repository, tag=image.digest or image.tag, stream=True, decode=True,
            auth_config=credentials,
        )  # fmt: skip
        return _follow(engine, stream, reference)
    except sdk.APIError as error:
        return _about(explain(error.status_code or 500, text_of(error)), reference)
    except requests.RequestException:
        if engine.seconds_left() > 0:
            raise
        return _too_long(reference)


def _credentials(repository: str) -> dict[str, Any]:
    # Read for each pull: `docker login` may have been run since.
    registry, _ = auth.resolve_repository_name(repository)
    return auth.load_config().resolve_authconfig(registry) or {}


def _follow(engine: Engine, stream: Any, reference: str) -> Outcome:
    last: dict[str, Any] = {}
    for message in stream:
        if "error" in message:
            return _about(explain(500, str(message["error"])), reference)
        last = message
        if engine.seconds_left() <= 0:
            stream.close()
            return _too_long(reference)
    if not last:
        return Outcome("retryable", f"pulling {reference} ended early", BROKEN_PULL)
    return DONE


def _too_long(reference: str) -> Outcome:
    return Outcome(
        "retryable", f"pulling {reference} took too long", BROKEN_PULL,
        "is the registry slow? Layers that were fetched whole are kept",
    )  # fmt: skip


def _about(meaning: Outcome, reference: str) -> Outcome:
    message = f"image {reference}: {meaning.message}"
    after_ns = _retry_after_ns(meaning.message) if meaning.code == RATE_LIMIT else 0
    return Outcome(meaning.kind, message, meaning.code, meaning.hint, after_ns)


def _retry_after_ns(said: str) -> int:
    """How long a registry asks to be left alone; the engine passes its text on, no header."""
    found = RETRY_AFTER.search(said)
    return min(int(found[1]) * NS_PER_S, LONGEST_PAUSE_NS) if found else USUAL_PAUSE_NS
