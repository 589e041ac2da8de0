"""How simulated instances behave: data, chosen by service and by image.

Times are integer nanoseconds of virtual time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from reconciler.model.observed import Fields
from reconciler.model.units import NS_PER_MS, NS_PER_S

Lack = Literal["exit", "error", "unready"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The life of one instance of a service or job.

    `start_ns`: until the process runs, once it was asked to, on top of the engine's own work.
    `ready_ns`: from then until it answers its probes. `stop_ns`: from the stop signal to the
    end. `crash_after_ns`: from the start to a crash with exit code `crash_code`, at the first
    `crashes` starts of an instance (each one when None). `hang_after_ns`: from the start until
    it answers no probe any more, while the process lives. `run_ns`: from the start until it
    ends by itself with `exit_code`; None runs on. `unready_on_stop`: on the stop signal its
    readiness fails at once. Every time but crashes and hangs is drawn give or take
    `jitter_percent`.

    What follows matters where there is traffic. `before_ready`: until it answers, connections
    are refused, or answered with 503. `on_stop`: ``finish`` goes on answering, ``refuse``
    answers 503 to what is new and finishes the rest, ``exit`` ends at once. `drain_ns`: longest
    that it finishes what is in flight; then it cancels the rest. `closes_sessions`: connections
    that last are closed as its drain begins. `concurrency`: requests worked on at once, 0 for
    no limit; `backlog` may wait. `speed_permille`: how fast each instance is by its ordinal, 1000
    where the tuple ends. `limit_gap_ns`: a request of the app's own rate limit, with `limit_burst`
    at once; 0 for no limit. For `cold_ns` after its start it is `cold_permille` as slow.
    `cpu_per_request_ns` of processor time and `memory_per_request` bytes (leaked) are what a
    request costs; `memory_bytes` are used from the start, `memory_growth_bytes_per_s` more as
    time goes on; above its memory limit it is killed. `busy_ns`: how long a request takes on
    average, where its processor time is known, so that a CPU limit bounds what it serves; 0
    where nothing is to follow from that limit.

    `needs`: external → what it does without it: it ends, is useless until it is started again,
    or fails its readiness; `needs_timeout_ns` after the external went away.
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
    before_ready: Literal["refuse", "503"] = "refuse"
    on_stop: Literal["finish", "refuse", "exit"] = "refuse"
    drain_ns: int = 0
    closes_sessions: bool = False
    concurrency: int = 0
    backlog: int = 128
    speed_permille: tuple[int, ...] = ()
    limit_gap_ns: int = 0
    limit_burst: int = 1
    cold_ns: int = 0
    cold_permille: int = 1000
    cpu_per_request_ns: int = 5 * NS_PER_MS
    busy_ns: int = 0
    memory_bytes: int = 0
    memory_per_request: int = 0
    memory_growth_bytes_per_s: int = 0
    needs: tuple[tuple[str, Lack], ...] = ()
    needs_timeout_ns: int = 0

    def slow_permille(self, ordinal: int) -> int:
        """How many thousandths of its time everything takes at the instance of this ordinal."""
        speeds = self.speed_permille
        return round(1_000_000 / speeds[ordinal]) if ordinal < len(speeds) else 1000

    def room(self, fields: Fields) -> tuple[int, int]:
        """Requests worked on at once, 0 for no limit, and how many permille of its time each takes.

        Under a CPU limit no more are served a second than limit / `cpu_per_request_ns`: by so
        many at once as this takes, a whole number, each slower where that is rounded up. What is
        nearer is taken, as a share: fewer at once, or slower ones.
        """
        limit_m = fields.get("resources.cpu_limit")
        if not self.busy_ns or not self.cpu_per_request_ns:
            return self.concurrency, 1000
        if not isinstance(limit_m, int) or limit_m <= 0:
            return self.concurrency, 1000
        # At once: limit · busy / cost, here as a fraction of integers.
        over, under = limit_m * self.busy_ns, 1000 * self.cpu_per_request_ns
        most = over // under
        if most * (most + 1) * under * under < over * over:
            most += 1
        if 0 < self.concurrency < most:
            return self.concurrency, 1000
        return most, max(1000, -(-1000 * most * under // over))

    def is_bound_by_cpu(self, fields: Fields) -> bool:
        """Whether its CPU limit is what bounds how many requests it works on at once."""
        if not self.busy_ns:
            return False
        most = replace(self, concurrency=0).room(fields)[0]
        return most > 0 and not 0 < self.concurrency < most

    def unready_without(self, away: Mapping[str, int]) -> bool:
        """Whether its readiness fails while these externals are away."""
        return any(does == "unready" and name in away for name, does in self.needs)

    def oom_after_ns(self, fields: Fields) -> int | None:
        """From its start until growth alone takes it above its memory limit; None: never."""
        limit = fields.get("resources.memory_limit")
        if not isinstance(limit, int) or limit <= 0:
            return None
        if self.memory_bytes > limit:
            return 0
        growth = self.memory_growth_bytes_per_s
        return (limit - self.memory_bytes) * NS_PER_S // growth + 1 if growth > 0 else None


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
