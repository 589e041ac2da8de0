"""The command line: finds the command, runs it, and gives every ending its exit code."""

import difflib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import NoReturn

import click

from reconciler import __version__
from reconciler.cli import exits

PROGRAM = "reconciler"
COMPLETE_VARIABLE = "_RECONCILER_COMPLETE"

# Name, and what the list of commands says; the module of this name holds the command.
COMMANDS = {
    "validate": "Check a desired state; needs no target.",
    "plan": "Show what an apply would do, and why.",
    "apply": "Make it so, after showing the plan.",
    "watch": "Make it so and keep it so: follow files, events and time.",
    "status": "Show what is healthy, what is not, and why.",
    "diff": "Show how what runs differs from what is wanted.",
    "history": "Show the revisions of services, and what became of them.",
    "rollback": "Go back to the last good revision of a service, or a named one.",
    "logs": "Show what instances print.",
    "adopt": "Make ours what runs already, by name.",
    "destroy": "Remove everything that is ours; volumes stay unless asked for.",
    "simulate": "Run a scenario on the simulator, by one seed or many.",
    "rehearse": "Say in numbers what a change would drop, before it is applied.",
    "capacity": "Show how many instances fit the nodes, and what binds first.",
    "graph": "Show what waits for what.",
    "schema": "Print the JSON Schema of desired-state files, or of scenarios.",
    "completion": "Print the completion script of a shell.",
}


class Commands(click.Group):
    """The commands, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order in which one needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None where there is no such one."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"reconciler.cli.{cmd_name}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name where there is no such command."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"try one of {', '.join(COMMANDS)}"
            ctx.fail(f"there is no command {name!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="A STATE is a YAML file, a directory of them, or - for standard input.",
)
@click.version_option(__version__, message=f"{PROGRAM} %(version)s")
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks of our mistakes.")
def commands() -> None:
    """Bring a Docker host or a Kubernetes cluster to the state that a file describes."""


def run(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name; returns its exit code and never raises."""
    _hear_termination()
    try:
        code = commands.main(list(arguments), PROGRAM, COMPLETE_VARIABLE, standalone_mode=False)
        sys.stdout.flush()
        return int(code or exits.OK)
    except click.UsageError as error:
        error.show(sys.stderr)
        return exits.USAGE
    except click.ClickException as error:
        error.show(sys.stderr)
        return exits.ERROR
    except (click.Abort, KeyboardInterrupt):
        return exits.INTERRUPTED
    except (exits.ReaderGone, BrokenPipeError):
        return _broken_pipe()
    except Exception as error:
        return _internal(error, arguments)


def _hear_termination() -> None:
    """SIGTERM ends the program in an orderly way; commands that act hear it themselves."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminated)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(exits.TERMINATED)


def _broken_pipe() -> int:
    # What is left in the buffers has no reader; without this the interpreter complains.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    return exits.BROKEN_PIPE


def _internal(error: Exception, arguments: Sequence[str]) -> int:
    if "--debug" in arguments or os.environ.get("RECONCILER_DEBUG"):
        traceback.print_exception(error)
    where = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(str(error).split())[:200]
    print(
        f"internal error: {type(error).__name__}: {text} "
        f"({os.path.basename(where.filename)}:{where.lineno}); "
        "this is our mistake: please report it, with what --debug adds",
        file=sys.stderr,
    )
    return exits.INTERNAL
