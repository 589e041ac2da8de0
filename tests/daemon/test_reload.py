"""The desired state as its files change, seen by the operating system's own events."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.controller.interface import Policy, Redesired
from reconciler.daemon import files
from reconciler.daemon.reload import Read, reloads
from reconciler.model.diagnostic import Diagnostic, DiagnosticsError
from tests.support.making import stack

POLICY = Policy(follow=True)


class Desk:
    """Reads what a file says: a digest, ``broken``, or ``name=…``; hears what comes of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state.yaml"
        self.path.write_text("d1")
        self.events: list[Redesired] = []
        self.told: list[str] = []
        self.refused: list[DiagnosticsError] = []
        self.ended = threading.Event()
        feed = reloads(
            [str(self.path)], Read(stack("d1"), ()), POLICY, read=self.read,
            tell=self.told.append, refuse=self.refused.append, ended=self.ended,
        )  # fmt: skip
        self.thread = threading.Thread(target=lambda: self.events.extend(self._each(feed)))
        self.thread.start()
        time.sleep(0.3)  # until the system's watch stands

    def _each(self, feed: Iterator[Redesired]) -> Iterator[Redesired]:
        for event in feed:
            self.events.append(event)
        yield from ()

    def read(self) -> Read:
        text = self.path.read_text()
        if text == "broken":
            raise DiagnosticsError([Diagnostic("R101", "broken")])
        name = text.partition("=")[2]
        return Read(stack(text, **({"name": name} if name else {})), ())

    def write(self, text: str, seen: Callable[[], Any]) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self.path)  # as editors do
        end = time.monotonic() + 10
        while not seen():
            assert time.monotonic() < end, "it was not seen"
            time.sleep(0.02)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.ended.set()
    made.thread.join(10)
    assert not made.thread.is_alive()


def test_a_change_of_what_is_wanted_is_followed_and_a_mistake_is_refused(desk: Desk) -> None:
    desk.write("broken", lambda: desk.refused)
    assert (desk.events, desk.refused[0].diagnostics[0].code) == ([], "R101")
    desk.write("d2", lambda: desk.events)
    (event,) = desk.events
    assert (event.stack.digest, event.policy) == ("d2", POLICY)
    assert desk.told == [f"read again: {desk.path}"]


def test_a_stack_of_another_name_is_another_stack(desk: Desk) -> None:
    desk.write("name=other", lambda: desk.told)
    assert desk.events == [] and "that is another stack; shop stays" in desk.told[0]


def test_only_what_was_named_counts(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    other, beside = tmp_path / "content.txt", tmp_path / "beside.txt"
    named = {path.resolve() for path in (folder, other)}
    assert files._matters(folder.resolve() / "a.yaml", named)
    assert files._matters(other.resolve(), named)
    assert not files._matters(folder.resolve() / "notes.txt", named)
    assert not files._matters(beside.resolve(), named)


def test_nothing_to_watch_ends_at_once() -> None:
    assert list(files.changes(["-"], [], threading.Event())) == []
