"""`rollback` and `adopt` act under the stack's lock, and only on what they have shown."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reconciler.cli import asking, exits
from reconciler.drivers.locking import Lock
from reconciler.model.observed import Scope
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.step import DONE, WriteRecord
from reconciler.model.units import NS_PER_S
from reconciler.plan.lease import Holder
from reconciler.targets.docker.target import DockerTarget
from tests.live.troubles.command import Command, Engine
from tests.targets.docker.live import Held

pytestmark = pytest.mark.live
KEY = ResourceKey("service", "web")


class Other:
    """A reconciler on another machine."""

    def __init__(self, stack: str) -> None:
        self.target = DockerTarget(stack, Held())
        self._stack = stack
        self._lock: Lock | None = None

    def take(self) -> None:
        """Take the lock and keep it."""
        self._lock = Lock(self.target, self._stack, Holder("elsewhere", "boot", 1))
        self._lock.acquire(0, lambda: False, lambda text: None)

    def release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def records(self, kind: str) -> list[Record]:
        """The records of this kind, by number."""
        seen = self.target.observe(Scope(self._stack, keys=frozenset())).records
        return sorted((r for r in seen if r.kind == kind), key=lambda r: r.seq)

    def note(self) -> None:
        """Note once more what was last noted of the service."""
        last = self.records("revision")[-1]
        again = Record("revision", last.name, last.seq + 1, last.body)
        assert self.target.perform(WriteRecord(KEY, again), NS_PER_S * 9) == DONE


@pytest.fixture
def other(engine: Engine) -> Iterator[Other]:
    made = Other(engine.stack)
    yield made
    made.release()
    made.target.close()


@pytest.fixture
def at_the_question(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Makes something happen between what is shown and what is done."""

    def arrange(happens: Callable[[], None]) -> None:
        def confirm(console: Any, question: str, *, yes: bool) -> None:
            happens()

        monkeypatch.setattr(asking, "confirm", confirm)

    return arrange


def two_revisions(command: Command) -> None:
    for version in ("1", "2"):
        command.write({"environment": {"VERSION": version}})
        assert command.apply().code == exits.OK


def test_a_rollback_waits_for_the_lock_and_writes_nothing_without_it(
    command: Command, other: Other
) -> None:
    two_revisions(command)
    before = other.records("revision")
    other.take()
    said = command("rollback", "web", "--yes", "--lock-wait", "500ms")
    said.check_refused("R410", "is locked by elsewhere")
    assert "waiting for elsewhere" in said.text
    assert other.records("revision") == before
    other.release()
    said = command("rollback", "web", "--yes")
    assert said.code == exits.OK, said.text
    assert other.records("lock")[-1].body["released"]


def test_a_rollback_is_refused_where_another_has_acted_since_it_was_shown(
    command: Command, other: Other, at_the_question: Callable[[Callable[[], None]], None]
) -> None:
    two_revisions(command)
    at_the_question(other.note)
    before = len(other.records("revision"))
    said = command("rollback", "web")
    assert said.code == exits.STALE, said.text
    assert "R310" in said.text and "what was shown is stale" in said.text
    assert len(other.records("revision")) == before + 1
    assert command("rollback", "web").code == exits.STALE  # for the same reason, once more
    at_the_question(lambda: None)
    assert command("rollback", "web").code == exits.OK


def adopting(command: Command, engine: Engine) -> str:
    """A state that adopts a volume that is there."""
    name = f"{engine.stack}-old"
    engine.raw.create_volume(name, labels={"foreign": engine.stack})
    command.write(
        {"volumes": ["data:/data"]}, volumes={"data": {}}, adopt={"volumes": {name: "data"}}
    )
    return name


def test_an_adoption_waits_for_the_lock_and_writes_nothing_without_it(
    command: Command, engine: Engine, other: Other
) -> None:
    adopting(command, engine)
    other.take()
    said = command("adopt", "--yes", "--lock-wait", "500ms")
    said.check_refused("R410", "is locked by elsewhere")
    assert other.records("adopted") == []
    other.release()
    assert command("adopt", "--yes").code == exits.OK
    assert len(other.records("adopted")) == 1


def test_an_adoption_is_refused_where_it_is_no_longer_what_was_shown(
    command: Command, engine: Engine, other: Other,
    at_the_question: Callable[[Callable[[], None]], None],
) -> None:  # fmt: skip
    name = adopting(command, engine)
    at_the_question(lambda: engine.raw.remove_volume(name))
    said = command("adopt")
    assert said.code == exits.STALE, said.text
    assert f"{name} is no longer as it was" in said.text
    assert other.records("adopted") == []
