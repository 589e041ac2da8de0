"""Pulling images: with the stack's own account, or the credentials of the docker CLI."""

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
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
from reconciler.targets.docker.layers import Layers
from reconciler.targets.port import Contents

RETRY_AFTER = re.compile(
    r"(?:retry|try again)\D{0,16}(\d{1,5}(?:\.\d+)?)\s*(µs|us|ms|s\b|sec|m\b|min|h\b|hour)",
    re.IGNORECASE,
)
UNIT_NS = {
    "µs": 1_000, "us": 1_000, "ms": 1_000_000, "s": NS_PER_S, "se": NS_PER_S,
    "m": 60 * NS_PER_S, "mi": 60 * NS_PER_S, "h": 3600 * NS_PER_S, "ho": 3600 * NS_PER_S,
}  # fmt: skip
TELL_S = 0.25  # between two words about how far it is
USUAL_PAUSE_NS = 10 * NS_PER_S
LONGEST_PAUSE_NS = 600 * NS_PER_S


Tell = Callable[[str], None]


def pull(
    engine: Engine, reference: str, contents: Contents, tell: Tell = lambda text: None
) -> Outcome:
    """Fetch an image, telling how far it is; ends when this thread's time is over."""
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
        return _follow(engine, stream, reference, tell)
    except sdk.APIError as error:
        headers = getattr(error.response, "headers", None) or {}
        return _about(explain(error.status_code or 500, text_of(error)), reference, headers)
    except requests.RequestException:
        if engine.seconds_left() > 0:
            raise
        return _too_long(reference)


def _credentials(repository: str) -> dict[str, Any]:
    # Read for each pull: `docker login` may have been run since.
    registry, _ = auth.resolve_repository_name(repository)
    return auth.load_config().resolve_authconfig(registry) or {}


def _follow(engine: Engine, stream: Any, reference: str, tell: Tell) -> Outcome:
    last: dict[str, Any] = {}
    layers, told_s = Layers(), time.monotonic()
    for message in stream:
        if "error" in message:
            return _about(explain(500, str(message["error"])), reference)
        last = message
        layers.add(message)
        if time.monotonic() >= told_s + TELL_S and layers.text():
            tell(layers.text())
            told_s = time.monotonic()
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


def _about(meaning: Outcome, reference: str, headers: Mapping[str, str] | None = None) -> Outcome:
    message = f"image {reference}: {meaning.message}"
    limited = meaning.code == RATE_LIMIT
    after_ns = retry_after_ns(meaning.message, headers or {}) if limited else 0
    return Outcome(meaning.kind, message, meaning.code, meaning.hint, after_ns)


def retry_after_ns(said: str, headers: Mapping[str, str]) -> int:
    """How long a registry asks to be left alone, as far as the engine passes it on.

    An engine passes on the registry's text and none of its headers (tried with 20.10):
    ``Retry-After`` is there where something in front of the engine sets it. RFC 9110, section
    10.2.3: seconds, or a date.
    """
    asked_ns = _header_ns(headers.get("Retry-After", ""), headers.get("Date", ""))
    if asked_ns is None:
        found = RETRY_AFTER.search(said)
        asked_ns = _ns(*found.groups()) if found else USUAL_PAUSE_NS
    return min(asked_ns, LONGEST_PAUSE_NS)


def _ns(number: str, unit: str) -> int:
    return int(Decimal(number) * UNIT_NS[unit[:2].lower()])


def _header_ns(text: str, date: str) -> int | None:
    if text.strip().isdecimal():
        return int(text) * NS_PER_S
    try:
        until = parsedate_to_datetime(text)
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return max(0, int((until - now).total_seconds() * NS_PER_S))
    except (TypeError, ValueError):
        return None
