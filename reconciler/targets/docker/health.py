"""Whether a container is ready and live, and why not: the engine's word and our probes'. Pure."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from reconciler.model.observed import Fields
from reconciler.targets.docker.probes import Watched, is_about_life
from reconciler.targets.docker.times import parse_time_ns

MAX_MESSAGE = 300
LOG_LENGTH = 5  # moby daemon/health.go, maxLogEntries
OOM_HINT = "out of memory: killed at its memory limit"
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


class Health(NamedTuple):
    """`since_ns`: ready at the latest since then, as the engine knows it.

    `is_exact` is false where it may well have been ready before: the engine keeps five
    results.
    """

    ready: bool
    live: bool
    since_ns: int | None
    message: str
    is_exact: bool = True


def health_of(state: Mapping[str, Any], asked: Fields, watched: Watched | None) -> Health:
    """What the engine's state and our own probes say together."""
    if state.get("Status") != "running":
        return Health(False, True, None, ended_message(state))
    ready, live, message, is_exact = True, True, "", True
    since_ns = parse_time_ns(state.get("StartedAt"))
    engine = state.get("Health") or {}
    status = engine.get("Status", "none")
    if status not in ("none", ""):
        ready = status == "healthy"
        live = status != "unhealthy" or not is_about_life(asked)
        since_ns, is_exact = _healthy_since_ns(engine)
        message = "" if ready else _health_message(status, engine)
    if watched is not None:
        ready, live = ready and watched.is_ready, live and watched.is_live
        message = message or watched.reason
    return Health(ready, live, since_ns if ready else None, message, is_exact)


def ended_message(state: Mapping[str, Any]) -> str:
    """Why a container is not running; empty where it never was or ended well."""
    status, code = str(state.get("Status", "")), state.get("ExitCode", 0)
    if state.get("OOMKilled"):
        return OOM_HINT
    if error := state.get("Error"):
        return clean(str(error))
    if status == "restarting":
        return f"restarting after it ended with code {code}"
    if status == "paused":
        return "paused"
    if status in ("exited", "dead") and code:
        return f"ended with code {code}{_signal(int(code))}"
    return ""


def clean(text: str) -> str:
    """Text from a container as one harmless line: no control characters, not too long."""
    plain = " ".join(clean_line(text.replace("\n", " ")).split())
    return plain if len(plain) <= MAX_MESSAGE else plain[: MAX_MESSAGE - 1] + "…"


def clean_line(line: str) -> str:
    """A line of a log without terminal escapes and control characters."""
    bare = _ANSI.sub("", line)
    return "".join(c if c.isprintable() or c == "\t" else " " for c in bare).rstrip()


def _signal(code: int) -> str:
    names = {134: "SIGABRT", 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM"}
    return f" ({names[code]})" if code in names else ""


def _health_message(status: str, engine: Mapping[str, Any]) -> str:
    log = engine.get("Log") or []
    if not log:
        return "waiting for the first health check"
    last = log[-1]
    output = clean(str(last.get("Output") or ""))
    said = f": {output}" if output else f": ended with code {last.get('ExitCode')}"
    if status == "starting" and last.get("ExitCode") == 0:
        return "starting"
    return f"health check failed {engine.get('FailingStreak', 0)} times{said}"


def _healthy_since_ns(engine: Mapping[str, Any]) -> tuple[int | None, bool]:
    since, log = None, engine.get("Log") or []
    for entry in reversed(log):
        if entry.get("ExitCode") != 0:
            return since, True
        since = parse_time_ns(entry.get("End")) or since
    return since, len(log) < LOG_LENGTH
