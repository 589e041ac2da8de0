"""What is being done, while it is done: a live table on a terminal, plain lines elsewhere."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from reconciler.model.change import Change
from reconciler.model.resource import ResourceKey
from reconciler.model.status import Notice, NoticeKind
from reconciler.views.lines import Line, Style, line, rendered, text_of
from reconciler.views.values import duration

if TYPE_CHECKING:
    from rich.spinner import Spinner
    from rich.table import Table

STYLE: dict[NoticeKind, Style] = {
    "step": "dim", "progress": "dim", "done": "good", "retry": "warn", "wait": "dim",
    "status": "bold", "failed": "bad", "rollback": "warn", "finding": "warn",
}  # fmt: skip
_REDRAWS_PER_S = 8
_PROGRESS_NS = 10_000_000_000  # between two plain lines about one call that takes its time


class Progress(Protocol):
    """Hears what happens, between entering and leaving it."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def notice(self, notice: Notice) -> None:
        """Something happened."""

    def say(self, text: str) -> None:
        """A remark that is not about the stack."""


class Lines:
    """``12:00:01 service/web  create shop-web-0 (0.12s)``, each line at once.

    With `chatty`, also what is about to be done and what is waited for. The time of day is
    that of `zone`, or of this machine where that is None.
    """

    def __init__(
        self, stream: TextIO, *, colour: bool = False, chatty: bool = False, zone: tzinfo | None
    ) -> None:
        self._stream = stream
        self._colour = colour
        self._chatty = chatty
        self._zone = zone
        self._begun: dict[tuple[ResourceKey | None, str], int] = {}
        self._told: dict[ResourceKey | None, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def notice(self, notice: Notice) -> None:
        """Write it, unless it is an intention and nobody asked for those."""
        subject = (notice.key, notice.text)
        if notice.kind == "step":
            self._begun[subject] = self._told[notice.key] = notice.at_ns
        if notice.kind == "progress" and not self._is_due(notice):
            return
        if not self._chatty and _is_chatter(notice):
            return
        begun_ns = self._begun.pop(subject, None) if notice.kind == "done" else None
        self._forget_failed(notice)
        self._write(notice_line(notice, self._zone, begun_ns))

    def _is_due(self, notice: Notice) -> bool:
        """Whether it is time for another line about how far a call has come."""
        last_ns = self._told.setdefault(notice.key, notice.at_ns)
        if notice.at_ns - last_ns < _PROGRESS_NS:
            return False
        self._told[notice.key] = notice.at_ns
        return True

    def _forget_failed(self, notice: Notice) -> None:
        """What ended otherwise than well is told with its reason behind it."""
        if notice.kind in ("retry", "failed"):
            for key, text in list(self._begun):
                if key == notice.key and notice.text.startswith(f"{text}: "):
                    del self._begun[key, text]

    def say(self, text: str) -> None:
        """Write it."""
        self._write(line(text))

    def _write(self, made: Line) -> None:
        self._stream.write(rendered([made], colour=self._colour))
        self._stream.flush()


def _is_chatter(notice: Notice) -> bool:
    """Intentions, of which the outcome is told too, and our own bookkeeping."""
    if notice.kind == "wait" and notice.key is None:  # for another reconciler, and its lock
        return False
    return notice.kind in ("step", "wait") or _is_bookkeeping(notice)


def _is_bookkeeping(notice: Notice) -> bool:
    return notice.key is not None and notice.key.kind == "stack" and notice.kind == "status"


class Silence:
    """For those who want results and errors alone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def notice(self, notice: Notice) -> None:
        """Not shown."""

    def say(self, text: str) -> None:
        """Not shown."""


def notice_line(notice: Notice, zone: tzinfo | None, begun_ns: int | None = None) -> Line:
    """One line of progress; with how long it took, where its beginning was heard."""
    clock = datetime.fromtimestamp(notice.at_ns // 1_000_000_000, zone).strftime("%H:%M:%S")
    key = f"{notice.key}  " if notice.key is not None else ""
    code = f" [{notice.code}]" if notice.code else ""
    took = "" if begun_ns is None else f" ({duration(notice.at_ns - begun_ns)})"
    return line(
        (clock, "dim"), " ", (key, "bold"), (notice.text + code, STYLE[notice.kind]), (took, "dim")
    )


class Live:
    """A table of the changes that is redrawn in place; what went wrong stays above it."""

    def __init__(
        self,
        stream: TextIO,
        changes: Sequence[Change],
        *,
        colour: bool = False,
        zone: tzinfo | None = None,
    ) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive
        from rich.spinner import Spinner

        self._last: dict[ResourceKey, Notice | None] = {change.key: None for change in changes}
        self._spinner: Spinner = Spinner("dots")
        self._colour = colour
        self._zone = zone
        self._console = Console(
            file=stream, no_color=not colour, highlight=False, force_terminal=True
        )
        self._live = RichLive(
            console=self._console,
            get_renderable=self._table,
            refresh_per_second=_REDRAWS_PER_S,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def notice(self, notice: Notice) -> None:
        """Show it as the newest of its resource."""
        if _is_bookkeeping(notice):
            return
        if notice.key is not None:
            self._last = {**self._last, notice.key: notice}  # the drawing thread reads it
        if notice.key is None or notice.kind in ("failed", "rollback", "finding", "retry"):
            self._print(notice_line(notice, self._zone))

    def say(self, text: str) -> None:
        """Write it above the table."""
        self._print(line(text))

    def _print(self, made: Line) -> None:
        from rich.text import Text

        ansi = rendered([made], colour=self._colour).rstrip("\n")
        self._console.print(Text.from_ansi(ansi))

    def _table(self) -> "Table":
        """What is under way first, then what waits, then what is ready, as far as it fits."""
        from rich.table import Table

        table = Table.grid(padding=(0, 2, 0, 0))
        for _ in range(3):
            table.add_column(no_wrap=True, overflow="ellipsis")
        rows = sorted(self._last.items(), key=lambda row: _rank(row[1]))
        fitting = max(self._console.height - 2, 1)
        for key, last in rows[:fitting]:
            table.add_row(self._mark(last), str(key), _words(last))
        if len(rows) > fitting:
            table.add_row("", f"and {len(rows) - fitting} more")
        return table

    def _mark(self, last: Notice | None) -> "str | Spinner":
        settled = {_UNDER_WAY: "", _WAITING: "·", _READY: "✓"}
        if last is not None and last.kind in ("failed", "rollback"):
            return "✗"
        return settled[_rank(last)] or self._spinner


_UNDER_WAY, _WAITING, _READY = range(3)


def _rank(last: Notice | None) -> int:
    if last is None or last.kind == "wait":
        return _WAITING
    ready = last.kind == "status" and last.text.partition(":")[0] == "ready"
    return _READY if ready else _UNDER_WAY


def _words(last: Notice | None) -> str:
    return "not begun" if last is None else text_of(last.text)
