"""`reconciler watch`: keep it so."""

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli import exits
from reconciler.cli.options import LIVE, RUN, needs_state, options
from reconciler.cli.settings import Settings
from reconciler.model.diagnostic import TargetError

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.controller.interface import Policy
    from reconciler.model.diagnostic import DiagnosticsError


@click.command("watch")
@options(LIVE, RUN)
@click.option(
    "--drift", type=click.Choice(["heal", "report"]), default="heal", show_default=True,
    help="What is done about changes made behind our back.",
)  # fmt: skip
@click.option(
    "--confirm-deletions", is_flag=True,
    help="Agree to more deletions than the stack allows without a question.",
)  # fmt: skip
def command(settings: Settings, drift: str, confirm_deletions: bool) -> int:
    """Make it so and keep it so: follow the files, the engine's events and the time.

    Applies what the files ask for whenever they change, restarts what is unhealthy, and heals
    drift or reports it. Ends cleanly on SIGTERM or Ctrl-C; killed and started again, it goes
    on where it was.
    """
    from reconciler.cli.session import session
    from reconciler.controller.interface import Policy

    needs_state(settings)
    policy = Policy(confirmed=confirm_deletions, follow=True, heals=drift == "heal")
    with session(settings, acting=True) as open_session:
        return _watch(open_session, replace(policy, commit=open_session.commit()))


def _watch(session: "Session", policy: "Policy") -> int:
    from reconciler.cli.acting import exit_code
    from reconciler.cli.signals import Stopping
    from reconciler.daemon.reload import reloads
    from reconciler.views.progress import Lines

    console, ended = session.settings.console, threading.Event()
    controller = session.controller(policy)

    def refuse(mistakes: "DiagnosticsError") -> None:
        console.fail(mistakes.diagnostics)
        progress.say("what was wanted before stays so")

    chatty = console.verbosity > 0
    with (
        Lines(console.err, colour=console.err_colour, chatty=chatty, zone=None) as progress,
        Stopping(progress.say) as stopping,
    ):
        feed = reloads(
            session.settings.state, session.as_read(), policy,
            read=session.reread, tell=progress.say, refuse=refuse, ended=ended,
        )  # fmt: skip
        progress.say(f"watching {session.title}")
        try:
            verdict = session.run(controller, progress.notice, stopping.asked, (feed,))
        except TargetError:
            if not stopping.asked():
                raise
            return exits.OK  # while it waited for its turn
        finally:
            ended.set()
        progress.say(f"stopped: {verdict.message}")
    # To be stopped is how a watch ends well.
    if verdict.kind == "interrupted" and stopping.asked():
        return exits.OK
    return exit_code(verdict, stopping.code)
