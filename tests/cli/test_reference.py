"""The reference page tells of every command, flag and code, and of no other."""

import re
from pathlib import Path

import click

from reconciler.cli.main import COMMANDS, commands

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "reference" / "commands.md").read_text()


def flags() -> set[str]:
    found: set[str] = set()
    for name in COMMANDS:
        command = commands.get_command(click.Context(commands), name)
        assert command is not None
        above = click.Context(commands, **commands.context_settings)
        for parameter in command.get_params(click.Context(command, parent=above)):
            if isinstance(parameter, click.Option):
                found.update(parameter.opts)
    return found


def test_every_command_has_a_line_of_its_own() -> None:
    rows = re.findall(r"^\| `([a-z]+)[` ]", PAGE.partition("## Flags")[0], re.MULTILINE)
    assert rows == list(COMMANDS)


def test_every_flag_is_told_of_and_every_flag_told_of_exists() -> None:
    told = set(re.findall(r"`(-{1,2}[a-z][a-z-]*)", PAGE)) - {"--version"}
    assert told == flags()


def test_every_code_of_the_command_line_is_told_of() -> None:
    rooms = (ROOT / "reconciler" / name for name in ("cli", "rehearsal"))
    sources = "".join(path.read_text() for room in rooms for path in room.glob("*.py"))
    raised = set(re.findall(r'"(R7\d\d)"', sources))
    assert raised == set(re.findall(r"^\| (R7\d\d) \|", PAGE, re.MULTILINE))


def test_every_command_has_a_help_text() -> None:
    for name in COMMANDS:
        command = commands.get_command(click.Context(commands), name)
        assert command is not None
        assert command.help
        options = [p for p in command.params if isinstance(p, click.Option)]
        assert all(option.help for option in options)
