"""How simulated instances behave: data, chosen by service and by image.

Times are integer nanoseconds of virtual time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from reconciler.model.observed import Fields
from reconciler.model.units import NS_PER_MS, NS_PER_S


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The life of one instance of a service or job.

    `start_ns`: until the process runs, once it was asked to. `ready_ns`: from then until it
    answers its probes. `stop_ns`: from the stop signal to the end. `crash_after_ns`: from
    the start to a crash with exit code `crash_code`, at the first `crashes` starts of an
    instance (each one when None). `hang_after_ns`: from the start until it answers no probe
    any more, while the process lives. `run_ns`: from the start until it ends by itself with
    `exit_code`; None runs on. `unready_on_stop`: on the stop signal its readiness fails at
    once. Every time but crashes and hangs is drawn give or take `jitter_percent`.
    """

    start_ns: int = 120 * NS_PER_MS
    ready_ns: int = NS_PER_S
    stop_ns: int = 300 * NS_PER_MS
    ignores_stop: bool = False
    unready_on_stop: bool = True
    never_ready: bool = False
    crash_after_ns: int | None = None
    crashes: int | None = None
    crash_code: int = 1
    oom: bool = False
    hang_after_ns: int | None = None
    run_ns: int | None = None
    exit_code: int = 0
    jitter_percent: int = 10


SERVICE = Behaviour()
JOB = Behaviour(run_ns=2 * NS_PER_S)

# What an image can be said to do, by one word.
MODES: Mapping[str, Mapping[str, Any]] = {
    "never_ready": {"never_ready": True},
    "crash": {"crash_after_ns": 500 * NS_PER_MS},
    "oom": {"crash_after_ns": 500 * NS_PER_MS, "crash_code": 137, "oom": True},
    "hang": {"hang_after_ns": 3 * NS_PER_S},
    "stubborn": {"ignores_stop": True},
    "fail": {"run_ns": NS_PER_S, "exit_code": 1},
}


@dataclass(frozen=True, slots=True)
class Rule:
    """Where `field` of an instance contains `text`, its behaviour changes as `then` says.

    `field` may be ``image.id``, for what a tag stood for at the time. `key`, when given,
    limits the rule to one resource (``service/web``).
    """

    text: str
    then: tuple[tuple[str, Any], ...]
    field: str = "image"
    key: str = ""

    def fits(self, key: str, fields: Fields, image_id: str) -> bool:
        """Whether an instance of `key` with these fields, of this image, behaves so."""
        if self.key and self.key != key:
            return False
        value = image_id if self.field == "image.id" else fields.get(self.field, "")
        return self.text in str(value)


def rule(text: str, mode: str = "", *, field: str = "image", key: str = "", **then: Any) -> Rule:
    """A rule from a word of `MODES`, or from fields of `Behaviour`, or both."""
    changes = {**MODES[mode], **then} if mode else then
    return Rule(text, tuple(sorted(changes.items())), field, key)


@lru_cache(maxsize=4096)
def changed(base: Behaviour, then: tuple[tuple[str, Any], ...]) -> Behaviour:
    """`base` with some of its fields replaced."""
    return replace(base, **dict(then))
