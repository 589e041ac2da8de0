"""The prober: keeps asking the probes that the engine does not, and remembers the answers.

Its memory is this process's: a new process asks anew, which makes things later and never
earlier. While a controller runs (`start`), a thread asks whenever a question is due and
tells of every turn; without it, `look` asks what is due.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from reconciler.model.resource import ResourceKey
from reconciler.model.units import NS_PER_S
from reconciler.targets.docker.asking import Place, ask
from reconciler.targets.docker.engine import Engine
from reconciler.targets.docker.errors import OUTSIDE
from reconciler.targets.docker.health import Health
from reconciler.targets.docker.probes import Question, Watched

WORKERS = 8
LONGEST_LOOK_S = 5.0
MOST_ROUNDS = 16
IDLE_S = 30.0
SHORTEST_WAIT_S = 0.01


class Subject:
    """A container under watch."""

    def __init__(self, watched: Watched, key: ResourceKey, place: Place) -> None:
        self.watched = watched
        self.key = key
        self.place = place
        self.ready_base_ns: int | None = None
        self.asking: dict[str, Future[None]] = {}


class Prober:
    """Watches running containers. Threads may share it."""

    def __init__(self, engine: Engine, turned: Callable[[frozenset[ResourceKey]], None]) -> None:
        self._engine = engine
        self._turned = turned
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="probe")
        self._lock = threading.Condition(threading.RLock())
        self._subjects: dict[tuple[str, int], Subject] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def watch(
        self, place: Place, key: ResourceKey, started_ns: int, questions: Mapping[str, Question]
    ) -> Subject:
        """Begin, or go on, to watch a container that runs since `started_ns`."""
        with self._lock:
            subject = self._subjects.get((place.id, started_ns))
            if subject is None:
                watched = Watched(place.id, started_ns, questions)
                subject = Subject(watched, key, place)
                self._subjects[place.id, started_ns] = subject
                self._lock.notify_all()
            subject.place = place
        return subject

    def look(self, subjects: Sequence[Subject]) -> None:
        """Ask what has no result yet, and what is due where no thread does that."""
        until = time.monotonic() + LONGEST_LOOK_S
        for _ in range(MOST_ROUNDS):
            now_ns = self._engine.now_ns()
            asked = [
                self._ask(subject, name, now_ns)
                for subject in subjects
                for name in self._names(subject.watched, now_ns)
            ]
            if not asked or wait(asked, max(until - time.monotonic(), 0)).not_done:
                return

    def ready_since_ns(self, subject: Subject, health: Health) -> int | None:
        """Since when it has been ready without a break, as far as this process has seen."""
        with self._lock:
            if not health.ready or health.since_ns is None:
                subject.ready_base_ns = None
                return None
            known = subject.ready_base_ns
            if known is None or health.is_exact or health.since_ns < known:
                subject.ready_base_ns = health.since_ns
            return max(subject.ready_base_ns or 0, subject.watched.ready_at_ns)

    def keep_only(self, running: frozenset[str], keys: frozenset[ResourceKey] | None) -> None:
        """Forget the containers of these resources (all, if None) that no longer run."""
        with self._lock:
            for mark, subject in list(self._subjects.items()):
                in_scope = keys is None or subject.key in keys
                if in_scope and mark[0] not in running:
                    del self._subjects[mark]

    def start(self) -> None:
        """Ask from now on whenever something is due."""
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="prober", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop asking."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _names(self, watched: Watched, now_ns: int) -> tuple[str, ...]:
        with self._lock:
            due = () if self._thread is not None else watched.due(now_ns)
            return tuple(dict.fromkeys((*due, *watched.wanting(now_ns))))

    def _run(self) -> None:
        while True:
            wait_s = self._ask_what_is_due()
            with self._lock:
                if self._closed:
                    return
                self._lock.wait(wait_s)

    def _ask_what_is_due(self) -> float:
        try:
            now_ns = self._engine.now_ns()
        except OUTSIDE:  # the engine is away, as the next observation will say
            return IDLE_S
        with self._lock:
            subjects = list(self._subjects.values())
            due = [(s, name) for s in subjects for name in s.watched.due(now_ns)]
        for subject, name in due:
            self._ask(subject, name, now_ns)
        with self._lock:
            times = [s.watched.next_due_ns() for s in subjects]
        nearest = min((at for at in times if at is not None), default=None)
        if nearest is None:
            return IDLE_S
        return min(max((nearest - now_ns) / NS_PER_S, SHORTEST_WAIT_S), IDLE_S)

    def _ask(self, subject: Subject, name: str, now_ns: int) -> Future[None]:
        with self._lock:
            running = subject.asking.get(name)
            question = subject.watched.questions[name]
            subject.watched.tally(name).due_ns = now_ns + question.period_ns
            if running is not None and not running.done():
                return running
            subject.asking[name] = self._pool.submit(self._answer, subject, name)
            return subject.asking[name]

    def _answer(self, subject: Subject, name: str) -> None:
        watched = subject.watched
        answer = ask(self._engine, subject.place, watched.questions[name])
        now_ns = self._engine.now_ns()
        with self._lock:
            before = (watched.is_ready, watched.is_live)
            watched.tally(name).add(watched.questions[name], answer.ok, answer.error, now_ns)
            has_turned = before != (watched.is_ready, watched.is_live)
            self._lock.notify_all()
        if has_turned:
            self._turned(frozenset({subject.key}))
