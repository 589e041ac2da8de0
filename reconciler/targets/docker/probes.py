"""Probes that are asked from here: what is due when, and what the answers mean.

Pure: times and answers are arguments. The arithmetic is the kubelet's
(``pkg/kubelet/prober/worker.go``): before the first answer readiness has failed and
liveness has passed; liveness and readiness wait for startup; `successes` or `failures` in a
row turn a result.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.observed import Fields, Value
from reconciler.model.units import NS_PER_S

NAMES = ("startup", "liveness", "readiness")
DEFAULT_PERIOD_NS = 10 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Question:
    """One probe of a container, as its fields say it. Times in ns."""

    name: str
    kind: str
    delay_ns: int = 0
    period_ns: int = DEFAULT_PERIOD_NS
    timeout_ns: int = NS_PER_S
    successes: int = 1
    failures: int = 3
    detail: Mapping[str, Value] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """A whole number of the detail, 0 where it is not said."""
        value = self.detail.get(name)
        return value if isinstance(value, int) else 0

    def text(self, name: str) -> str:
        """A text of the detail."""
        value = self.detail.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of the detail."""
        value = self.detail.get(name)
        return value if isinstance(value, tuple) else ()


def question_of(name: str, fields: Fields) -> Question | None:
    """The probe with this name (``readiness``), if the fields ask for one."""
    prefix = f"{name}."
    detail = {p.removeprefix(prefix): v for p, v in fields.items() if p.startswith(prefix)}
    kind = detail.get("kind")
    if not isinstance(kind, str):
        return None
    plain = Question(name, kind, detail=detail)
    return Question(
        name, kind,
        delay_ns=plain.number("delay"),
        period_ns=plain.number("period") or DEFAULT_PERIOD_NS,
        timeout_ns=plain.number("timeout") or NS_PER_S,
        successes=max(plain.number("successes"), 1),
        failures=plain.number("failures") or 3,
        detail=detail,
    )  # fmt: skip


def engine_probe(fields: Fields) -> Question | None:
    """The exec probe that becomes the engine's own health check: it has room for one."""
    for name in ("readiness", "liveness", "startup"):
        question = question_of(name, fields)
        if question is not None and question.kind == "exec":
            return question
    return None


def is_about_life(fields: Fields) -> bool:
    """Whether the engine's health check also says that the container must be restarted.

    Not where it is the readiness probe: the one is never taken for the other.
    """
    engine = engine_probe(fields)
    if engine is None or engine.name != "readiness":
        return True
    liveness = question_of("liveness", fields)
    return liveness is not None and liveness.texts("command") == engine.texts("command")


def our_probes(fields: Fields, *, engine_asks: bool = True) -> dict[str, Question]:
    """The probes that are asked from here: all but what the engine asks.

    It asks nothing of ours in a container that was made by somebody else.
    """
    engine = engine_probe(fields) if engine_asks else None
    found: dict[str, Question] = {}
    for name in NAMES:
        question = question_of(name, fields)
        if question is None:
            continue
        same = engine is not None and question.kind == "exec" and (
            question.texts("command") == engine.texts("command")
        )  # fmt: skip
        if not same:
            found[name] = question
    return found


def healthcheck_of(fields: Fields) -> dict[str, Any] | None:
    """The engine's health check for the exec probe. Its first run is one period after start.

    From engine 25 on it would ask every 5 s within a start period, whatever the interval says,
    so the start interval is said too; older engines do not read it.
    """
    question = engine_probe(fields)
    if question is None:
        return None
    startup = question_of("startup", fields)
    budget_ns = startup.delay_ns + startup.period_ns * startup.failures if startup else 0
    check = {
        "Test": ["CMD", *question.texts("command")],
        "Interval": question.period_ns,
        "Timeout": question.timeout_ns,
        "Retries": question.failures,
        "StartPeriod": max(question.delay_ns, budget_ns),
    }
    return {**check, "StartInterval": question.period_ns} if check["StartPeriod"] else check


@dataclass(slots=True)
class Tally:
    """The answers to one question so far."""

    passing: bool | None = None
    run: int = 0
    last: bool | None = None
    due_ns: int = 0
    passed_at_ns: int = 0
    error: str = ""

    def add(self, question: Question, ok: bool, error: str, now_ns: int) -> None:
        """Count one answer, given at `now_ns`."""
        self.run = self.run + 1 if ok == self.last else 1
        self.last = ok
        self.error = "" if ok else error
        if ok and self.run >= question.successes:
            if self.passing is not True:
                self.passed_at_ns = now_ns
            self.passing = True
        if not ok and self.run >= question.failures:
            self.passing = False


@dataclass(slots=True)
class Watched:
    """A running container and the answers to its probes. Another start is another watch."""

    id: str
    started_at_ns: int
    questions: Mapping[str, Question]
    tallies: dict[str, Tally] = field(default_factory=dict)

    def tally(self, name: str) -> Tally:
        """The answers to the question with this name."""
        if name not in self.tallies:
            due = self.started_at_ns + self.questions[name].delay_ns
            self.tallies[name] = Tally(due_ns=due)
        return self.tallies[name]

    @property
    def has_started(self) -> bool:
        """Whether its startup probe has passed, or it has none."""
        return "startup" not in self.questions or self.tally("startup").passing is True

    @property
    def is_ready(self) -> bool:
        """Whether it may get traffic as far as these probes say."""
        readiness = "readiness" not in self.questions or self.tally("readiness").passing is True
        return self.has_started and readiness

    @property
    def is_live(self) -> bool:
        """Whether it need not be restarted as far as these probes say."""
        names = [name for name in ("startup", "liveness") if name in self.questions]
        return all(self.tally(name).passing is not False for name in names)

    def asked_now(self) -> tuple[str, ...]:
        """The questions that matter at this point of its life."""
        if not self.is_live:
            return ()  # as after a failed liveness: none until the next start
        if not self.has_started:
            return ("startup",)
        return tuple(name for name in ("liveness", "readiness") if name in self.questions)

    def due(self, now_ns: int) -> tuple[str, ...]:
        """The questions that are to be asked now."""
        return tuple(name for name in self.asked_now() if self.tally(name).due_ns <= now_ns)

    def wanting(self, now_ns: int) -> tuple[str, ...]:
        """The questions without a result whose answer is wanted at once.

        One that needs several passes is asked again quickly where the container has been up
        for long enough that they could have been counted, had anyone been there.
        """
        return tuple(name for name in self.asked_now() if self._is_wanting(name, now_ns))

    def _is_wanting(self, name: str, now_ns: int) -> bool:
        tally, question = self.tally(name), self.questions[name]
        if tally.last is None:
            return tally.due_ns <= now_ns
        needed_ns = question.delay_ns + question.successes * question.period_ns
        is_old = now_ns - self.started_at_ns >= needed_ns
        return tally.passing is None and tally.last and is_old

    @property
    def ready_at_ns(self) -> int:
        """When the last of what readiness needs passed; 0 where it needs nothing."""
        names = [name for name in ("startup", "readiness") if name in self.questions]
        return max((self.tally(name).passed_at_ns for name in names), default=0)

    def next_due_ns(self) -> int | None:
        """When the next question is to be asked."""
        return min((self.tally(name).due_ns for name in self.asked_now()), default=None)

    @property
    def reason(self) -> str:
        """Why it is not ready or not live; empty where there is nothing to say."""
        for name in NAMES:
            if name in self.questions and self.tally(name).error:
                return f"{name} probe: {self.tally(name).error}"
        if self.is_ready:
            return ""
        waiting = "startup" if not self.has_started else "readiness"
        return f"waiting for the {waiting} probe"
