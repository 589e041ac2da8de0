"""`reconciler logs`: what instances print."""

import click

from reconciler.cli import exits
from reconciler.cli.options import LIVE_SERVICES, needs_state, options
from reconciler.cli.services import keys_of, split
from reconciler.cli.settings import Settings

DEFAULT_LINES = 20
MOST_LINES = 100_000


@click.command("logs")
@options(LIVE_SERVICES)
@click.option(
    "-n", "--lines", type=click.IntRange(0, MOST_LINES), default=DEFAULT_LINES, show_default=True,
    metavar="LINES", help="How many of the last lines of each instance.",
)  # fmt: skip
@click.option("-f", "--follow", is_flag=True, help="Go on with what is printed from now on.")
def command(settings: Settings, lines: int, follow: bool) -> int:
    """Show the last lines that each instance of the services has printed.

    Every line begins with the name of its instance; secrets in its environment are blotted
    out. Ended instances that are still there are shown too.
    """
    from reconciler.cli.session import session
    from reconciler.cli.tailing import Tailing

    needs_state(settings)
    settings, names = split(settings)
    if follow and settings.console.output != "text":
        raise click.UsageError("--follow prints lines: leave --output out")
    if follow and settings.target == "simulator":
        raise click.UsageError("--follow: no time passes in the simulator while it is watched")
    with session(settings, removing=True) as open_session:
        keys = frozenset(keys_of(open_session.stack, names))
        tailing = Tailing(open_session, keys, lines)
        tailing.show()
        if follow:
            tailing.follow()
    return exits.OK
