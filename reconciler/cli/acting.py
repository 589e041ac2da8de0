"""What `apply` and `destroy` share: run the controller, tell of it, and say how it ended."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.cli import exits
from reconciler.cli.console import Console
from reconciler.cli.lastwords import LastWords
from reconciler.cli.session import Session
from reconciler.cli.signals import Stopping
from reconciler.model.diagnostic import Diagnostic, TargetError

if TYPE_CHECKING:
    from reconciler.controller.core import Controller
    from reconciler.model.record import Record
    from reconciler.model.resource import ResourceKey
    from reconciler.model.status import Notice, Verdict
    from reconciler.plan.plan import Plan
    from reconciler.views.progress import Progress


_NOT_WRITTEN = "R712"
_WRITE_NS = 30_000_000_000


def act(
    session: Session, plan: "Plan", controller: "Controller", name: str,
    judge: "Callable[[Verdict], Verdict]" = lambda verdict: verdict,
) -> int:  # fmt: skip
    """Do what `plan` says and tell how it went; `name` is the command's. The exit code.

    `judge` says what the end means to this command.
    """
    from reconciler.views.outcome import Outcome, outcome_document, outcome_lines

    now_ns = session.opened.now_ns
    began_ns = now_ns()
    last_words = LastWords(session, controller)
    with progress_of(session, plan) as progress, Stopping(progress.say) as stopping:

        def hear(notice: "Notice") -> None:
            progress.notice(notice)
            last_words.hear(notice)

        verdict = judge(session.run(controller, hear, stopping.asked))
    ended_ns = now_ns()
    verdict = replace(verdict, failures=last_words.added(verdict.failures))
    statuses = controller.statuses()
    outcome = Outcome(plan, verdict, statuses, ended_ns - began_ns, ended_ns)
    session.settings.console.result(
        lambda: outcome_lines(outcome), lambda: outcome_document(outcome, name)
    )
    return exit_code(verdict, stopping.code)


@contextmanager
def holding(session: Session) -> Iterator[None]:
    """Inside, the stack's lock is held: what is looked at stays so but for what is done here.

    Stop where a signal came before it was; TargetError where another keeps it too long.
    """
    console = session.settings.console

    def tell(text: str) -> None:
        if console.verbosity >= 0:
            console.tell([(text,)])

    with Stopping(tell) as stopping:
        try:
            with session.opened.hold(stopping.asked, tell):
                yield
        except TargetError:
            if stopping.asked():
                raise exits.Stop(stopping.code, []) from None
            raise


def refuse_other(shown: "Plan", fresh: "Plan") -> None:
    """Stop where what would be done now is not what was shown."""
    from reconciler.plan.saved import stale

    reasons = stale(shown, fresh, "what was shown")
    if reasons:
        raise exits.Stop(exits.STALE, reasons)


def refuse(reasons: Iterable[str]) -> None:
    """Stop where there is a reason why what was shown is no longer what would be done."""
    from reconciler.plan.saved import stale_for

    found = [stale_for(reason, "what was shown") for reason in reasons]
    if found:
        raise exits.Stop(exits.STALE, found)


def write_records(session: Session, key: "ResourceKey", records: "Sequence[Record]") -> None:
    """Write facts that a person decided on, in this order; Stop where one cannot be written.

    Each is a compare-and-set by its number: whoever else writes the same one wins or loses.
    """
    from reconciler.model.step import WriteRecord

    for record in records:
        outcome = session.opened.target.perform(WriteRecord(key, record), _WRITE_NS)
        if outcome.kind != "done":
            found = Diagnostic(
                _NOT_WRITTEN, f"{key}: the record {record.id} was not written: {outcome.message}",
                "What was shown may no longer be what would be done.",
                outcome.hint or "look again, and repeat the command",
            )  # fmt: skip
            raise exits.Stop(exits.STALE if outcome.kind == "conflict" else exits.ERROR, [found])
    if records:
        session.opened.keep()


def exit_code(verdict: "Verdict", signalled: int) -> int:
    """The exit code of a run; a signal's own where one came."""
    match verdict.kind:
        case "converged":
            return exits.OK
        case "stale":
            return exits.STALE
        case "interrupted" if signalled:
            return signalled
    return exits.ERROR


def progress_of(session: Session, plan: "Plan") -> "Progress":
    """How progress is shown: redrawn on a terminal, as lines elsewhere, or not at all."""
    from datetime import UTC

    from reconciler.views.progress import Lines, Live, Silence

    console = session.settings.console
    if console.verbosity < 0:
        return Silence()
    zone = UTC if session.opened.is_virtual else None
    if console.can_redraw and console.verbosity == 0:
        return Live(console.err, plan.changes, colour=console.err_colour, zone=zone)
    return Lines(console.err, colour=console.err_colour, chatty=console.verbosity > 0, zone=zone)


def show_plan(console: Console, plan: "Plan", *, removing: bool = False) -> None:
    """Show what is going to be done: a result where that is text, else a remark."""
    from reconciler.views.plan import plan_lines

    console.warn(plan.findings)
    lines = plan_lines(plan, calls=console.verbosity > 0, removing=removing)
    if console.output == "text":
        console.show(lines)
    elif console.verbosity >= 0:
        console.tell(lines)
