"""What goes wrong on the way to an API server, as diagnostics.

The codes are those of the Docker target where they mean the same; Kubernetes' own are R445 on.
"""

import json
from typing import NoReturn

from reconciler.model.diagnostic import TargetError

UNREACHABLE = "R420"
NOT_PERMITTED = "R421"
BAD_CONNECTION = "R422"
HANGS = "R423"
FORBIDDEN = "R445"
NO_NAMESPACE = "R446"
SERVER_FAILED = "R447"

_IS_IT_UP = "is it running? See `kubectl cluster-info`, and --kubeconfig and --context"
_TRUST_IT = "certificate-authority of the kubeconfig's cluster must hold what signed it"
_OTHER_NAME = "use an address that its certificate is for, or set tls-server-name"
# The words are those of Python, urllib3 and OpenSSL; first match wins.
_REASONS = (
    ("refused", "connection refused", _IS_IT_UP),
    ("timed out", "timed out", _IS_IT_UP),
    ("Name or service not known", "unknown host", _IS_IT_UP),
    ("nodename nor servname", "unknown host", _IS_IT_UP),
    ("Temporary failure in name resolution", "unknown host", _IS_IT_UP),
    ("getaddrinfo", "unknown host", _IS_IT_UP),
    ("No route to host", "no route to it", _IS_IT_UP),
    ("unreachable", "no route to it", _IS_IT_UP),
    ("address mismatch", "its certificate is for another address", _OTHER_NAME),
    ("Hostname mismatch", "its certificate is for another name", _OTHER_NAME),
    ("doesn't match", "its certificate is for another name", _OTHER_NAME),
    ("has expired", "its certificate has expired", "renew the API server's certificate"),
    ("CERTIFICATE_VERIFY", "its certificate is not trusted", _TRUST_IT),
    ("alert", "it does not trust our client certificate", "renew the kubeconfig's user"),
    ("WRONG_VERSION_NUMBER", "it does not speak TLS", "is the kubeconfig's `server` right?"),
    ("SSL", "TLS failed", _TRUST_IT),
    ("RemoteDisconnected", "connection closed", _IS_IT_UP),
    ("reset", "connection reset", _IS_IT_UP),
)  # fmt: skip


def bad_connection(message: str, hint: str) -> NoReturn:
    """How to reach the cluster is not clear: R422."""
    raise TargetError("terminal", BAD_CONNECTION, message, hint)


def unreachable(error: Exception, address: str) -> TargetError:
    """The API server did not answer: R420, or R423 where it was reached and said nothing."""
    text = f"{type(error).__name__}: {error}"
    if "Read timed out" in text:
        return TargetError(
            "unreachable", HANGS, f"the API server at {address} does not answer in time",
            "look at its health: `kubectl get --raw /readyz`",
        )  # fmt: skip
    for mark, reason, hint in _REASONS:
        if mark in text:
            said = f"the API server at {address} does not answer: {reason}"
            return TargetError("unreachable", UNREACHABLE, said, hint)
    said = f"the API server at {address} does not answer"
    return TargetError("unreachable", UNREACHABLE, said, _IS_IT_UP)


def refused(status: int, body: bytes, address: str, what: str) -> TargetError:
    """What an answer other than 2xx means. `what` was asked: ``list pods in shop``."""
    if status == 401:
        return TargetError(
            "terminal", NOT_PERMITTED, f"the API server at {address} does not know who we are",
            "renew the credentials of the kubeconfig's user; see `kubectl auth whoami`",
        )  # fmt: skip
    if status == 403:
        verb, _, rest = what.partition(" ")
        resource, _, namespace = rest.partition(" in ")
        grant = f"kubectl create role … --verb={verb} --resource={resource}"
        if not namespace:
            grant = grant.replace(" role", " clusterrole")
        return TargetError(
            "terminal", FORBIDDEN, f"the API server at {address} does not let us {what}",
            f"grant it: `{grant}`, and bind it to who asks",
        )  # fmt: skip
    said = _message_of(body)
    kind = "retryable" if status == 429 or status >= 500 else "terminal"
    return TargetError(
        kind,  # type: ignore[arg-type]
        SERVER_FAILED, f"{what}: the API server at {address} answered {status}{said}",
        "try again in a moment" if kind == "retryable" else "is this a Kubernetes API server?",
    )  # fmt: skip


def no_namespace(name: str) -> TargetError:
    """The stack's namespace is not there: R446."""
    return TargetError(
        "terminal", NO_NAMESPACE, f"the cluster has no namespace {name}",
        f"name another with --namespace, or make it: `kubectl create namespace {name}`",
    )  # fmt: skip


def _message_of(body: bytes) -> str:
    """The message of a Status, or nothing."""
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    message = found.get("message") if isinstance(found, dict) else None
    return f": {str(message)[:200]}" if message else ""
