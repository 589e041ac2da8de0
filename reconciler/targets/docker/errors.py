"""What the engine's errors mean: to be tried again, to be looked at again, or for a person.

The engine tells most of its troubles apart only by their text. Texts are those of moby
(``daemon/``, ``libnetwork/``, ``distribution/``) from 20.10 on and of the registries' own
errors (https://distribution.github.io/distribution/spec/api/#errors).
"""

import re
from typing import NamedTuple

import requests.exceptions as http
from docker import errors as sdk

from reconciler.model.diagnostic import ErrorKind, TargetError
from reconciler.model.step import Outcome, OutcomeKind

LOCK_LOST = "R411"
UNREACHABLE = "R420"
NOT_PERMITTED = "R421"
BAD_CONNECTION = "R422"
HANGS = "R423"
NOT_OURS = "R424"
NO_IMAGE = "R425"
NO_LOGIN = "R426"
RATE_LIMIT = "R427"
NO_REGISTRY = "R428"
PORT_IN_USE = "R429"
NO_SPACE = "R430"
CHANGED = "R431"
NOT_IN_PLACE = "R432"
REFUSED = "R433"
NO_CONTENT = "R434"
BROKEN_PULL = "R435"
TOO_LARGE = "R436"
BAD_FILE = "R437"
ENGINE_FAILED = "R438"
NO_COMMAND = "R439"
NO_SUBNET = "R440"
NO_HOST_PATH = "R441"
MISSING = "R443"

# What the SDK raises for what the engine and the way to it do.
OUTSIDE = (http.RequestException, sdk.DockerException, OSError)


class Rule(NamedTuple):
    """An error of the engine's, and what it means."""

    statuses: tuple[int, ...]
    pattern: str
    kind: OutcomeKind
    code: str
    hint: str


# First match wins. An empty tuple of statuses stands for any.
RULES: tuple[Rule, ...] = (
    Rule((), r"toomanyrequests|rate limit|too many requests", "retryable", RATE_LIMIT,
         "log in to the registry for a higher limit, or use a mirror"),
    Rule((), r"no space left on device|disk quota exceeded", "retryable", NO_SPACE,
         "free space on the engine's disk, for instance with `docker image prune`"),
    Rule((), r"port is already allocated|address already in use|port .*not available",
         "retryable", PORT_IN_USE,
         "another container or process holds the port; stop it, or publish another port"),
    # Ahead of the logins: a registry that hides what one may not see says both at once.
    Rule((), r"manifest.*(unknown|not found)|name unknown|repository .*not found",
         "terminal", NO_IMAGE, "check the image's name and tag"),
    Rule((), r"unauthorized|authentication required|no basic auth credentials"
         r"|incorrect username|access.*denied|requested access to the resource",
         "terminal", NO_LOGIN,
         "check the image's name, and `docker login` to its registry with the right account"),
    Rule((), r"no such image|invalid reference format", "terminal", NO_IMAGE,
         "pull the image, or check its name and tag"),
    Rule((), r"lookup .* (no such host|i/o timeout|server misbehaving)|connection refused"
         r"|tls handshake|client\.timeout exceeded|x509|http response to https"
         r"|no route to host|network is unreachable",
         "retryable", NO_REGISTRY, "is the registry up, and reachable from the engine?"),
    Rule((), r"bind source path does not exist", "terminal", NO_HOST_PATH,
         "make the path on the engine's host"),
    Rule((), r"executable file not found|no such file or directory.*unknown|exec format error"
         r"|permission denied.*unknown|no command specified",
         "terminal", NO_COMMAND,
         "check command and entrypoint, and that the image is made for this machine"),
    Rule((), r"pool overlaps|overlapping ip|predefined address pools|no available.*(pool|address)",
         "terminal", NO_SUBNET, "choose another subnet for the network"),
    # A container that crashes in a loop is between two lives at any moment.
    Rule((), r"cannot update a stopped container|is not running|is restarting",
         "conflict", CHANGED, ""),
    Rule((409,), r"name .*already in use|already exists", "conflict", NOT_OURS,
         "something else holds the name; remove or rename it, or adopt it"),
    Rule((403, 409), r"active endpoints|volume is in use|in use", "conflict", CHANGED, ""),
    Rule((409,), r"", "conflict", CHANGED, ""),
    Rule((404,), r"", "conflict", CHANGED, ""),
    Rule((400, 403, 405, 406), r"", "terminal", REFUSED,
         "the engine does not accept these settings"),
    Rule((500, 502, 503, 504), r"context deadline exceeded|timeout", "retryable", ENGINE_FAILED,
         "look at the engine's log"),
    Rule((), r"", "retryable", ENGINE_FAILED, "look at the engine's log"),
)  # fmt: skip


def explain(status: int, text: str) -> Outcome:
    """The meaning of an answer with this status and text."""
    low = text.lower()
    for rule in RULES:
        if (not rule.statuses or status in rule.statuses) and re.search(rule.pattern, low):
            return Outcome(rule.kind, text.strip(), rule.code, rule.hint)
    raise AssertionError("the last rule matches everything")


def text_of(error: sdk.APIError) -> str:
    """What the engine said, without the SDK's frame."""
    return str(error.explanation or error)


def outcome_of(error: Exception) -> Outcome:
    """What a failed write means. A lost reply is unknown: it may have taken effect."""
    if isinstance(error, TargetError):
        kind: OutcomeKind = "retryable" if error.kind == "unreachable" else error.kind
        return Outcome(kind, error.message, error.code, error.hint)
    if isinstance(error, sdk.APIError):
        return explain(error.status_code or 500, text_of(error))
    if isinstance(error, http.ReadTimeout):
        return Outcome("unknown", "the engine did not answer in time", HANGS, HANG_HINT)
    if isinstance(error, http.ConnectionError | http.ConnectTimeout):
        if _never_sent(error):
            made = unreachable(error)
            return Outcome("retryable", made.message, made.code, made.hint)
        return Outcome("unknown", "the connection to the engine broke off", UNREACHABLE)
    if isinstance(error, OUTSIDE):
        return Outcome("unknown", f"the call to the engine failed: {error}", ENGINE_FAILED)
    raise error


HANG_HINT = "the engine may hang: see whether `docker ps` answers, look at its log, restart it"


def target_error(error: Exception) -> TargetError:
    """What a failed read means."""
    if isinstance(error, TargetError):
        return error
    if isinstance(error, sdk.APIError):
        meaning = explain(error.status_code or 500, text_of(error))
        kind: ErrorKind = "terminal" if meaning.kind == "terminal" else "retryable"
        return TargetError(kind, meaning.code, meaning.message, meaning.hint)
    if isinstance(error, http.ReadTimeout):
        return TargetError("unreachable", HANGS, "the engine did not answer in time", HANG_HINT)
    if isinstance(error, OUTSIDE):
        return unreachable(error)
    raise error


def unreachable(error: Exception, address: str = "") -> TargetError:
    """The engine does not answer at all."""
    text, where = f"{type(error).__name__}: {error}", f" at {address}" if address else ""
    if "Permission denied" in text or "PermissionError" in text:
        return TargetError(
            "unreachable", NOT_PERMITTED, f"no permission to use the Docker engine{where}",
            "add the user to the group `docker`, or use an engine that you may use",
        )  # fmt: skip
    if "Read timed out" in text:
        return TargetError(
            "unreachable", HANGS, f"the Docker engine{where} does not answer in time", HANG_HINT
        )
    reason, hint = _reason(text)
    return TargetError(
        "unreachable", UNREACHABLE, f"the Docker engine{where} does not answer{reason}", hint
    )


_IS_IT_UP = "is it running? See DOCKER_HOST and `docker context ls`"
_TRUST_IT = "ca.pem of DOCKER_CERT_PATH, or of the context, must hold the authority that signed it"
_BE_TRUSTED = (
    "cert.pem and key.pem of DOCKER_CERT_PATH, or of the context, must be there and signed by "
    "an authority that the engine trusts"
)
_OTHER_NAME = "use a name or an address that its certificate is for, or get it another"
# The words are those of Python, urllib3 and OpenSSL; first match wins.
_REASONS = (
    ("FileNotFoundError", "no such socket", _IS_IT_UP),
    ("No such file", "no such socket", _IS_IT_UP),
    ("refused", "connection refused", _IS_IT_UP),
    ("timed out", "timed out", _IS_IT_UP),
    ("Name or service not known", "unknown host", _IS_IT_UP),
    ("getaddrinfo", "unknown host", _IS_IT_UP),
    ("address mismatch", "its certificate is for another address", _OTHER_NAME),
    ("Hostname mismatch", "its certificate is for another name", _OTHER_NAME),
    ("has expired", "its certificate has expired", "renew the engine's certificate"),
    ("alert certificate required", "it wants a client certificate", _BE_TRUSTED),
    ("alert unknown ca", "it does not trust our client certificate", _BE_TRUSTED),
    ("alert bad certificate", "it does not trust our client certificate", _BE_TRUSTED),
    ("handshake failure", "it wants a client certificate", _BE_TRUSTED),
    ("CERTIFICATE_VERIFY", "its certificate is not trusted", _TRUST_IT),
    ("certificate", "TLS failed", _IS_IT_UP),
    ("SSL", "TLS failed", f"is TLS spoken there? If so, {_BE_TRUSTED}"),
    ("RemoteDisconnected", "connection closed", _IS_IT_UP),
    ("reset", "connection reset", _IS_IT_UP),
)  # fmt: skip


def _reason(text: str) -> tuple[str, str]:
    for mark, reason, hint in _REASONS:
        if mark in text:
            return f": {reason}", hint
    return "", _IS_IT_UP


def _never_sent(error: Exception) -> bool:
    text = str(error)
    marks = ("FileNotFoundError", "Connection refused", "ConnectTimeout", "NewConnectionError",
             "Permission denied", "No such file")  # fmt: skip
    return isinstance(error, http.ConnectTimeout) or any(mark in text for mark in marks)
