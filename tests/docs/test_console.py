"""The reading of `console` blocks, and what counts as done as shown."""

from pathlib import Path

import pytest

from tests.docs import console

PAGE = """
# Page

```console
$ echo one
one
$ false  # exit 1
```

Text.

```console live
$ echo two
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    return path


def test_a_command_carries_its_line_output_and_exit_code(page: Path) -> None:
    first, second = console.commands_of(page, "")
    assert (first.line, first.text, first.prints, first.exit_code) == (5, "echo one", ("one",), 0)
    assert (second.line, second.text, second.prints, second.exit_code) == (7, "false", (), 1)


def test_a_command_goes_on_in_lines_that_say_so(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ cat <<'END'\n> one:\n>   two\n> END\none:\n  two\n```\n")
    (command,) = console.commands_of(page, "")
    assert command.text == "cat <<'END'\none:\n  two\nEND"
    assert not console.run([command], tmp_path, {"PATH": "/usr/bin:/bin"})


def test_a_block_of_another_place_is_left_out(page: Path) -> None:
    assert [command.text for command in console.commands_of(page, "live")] == ["echo two"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("echo one", ""),
        ("exit 3", "exit 3 and not 0"),
        ("echo two", "does not print 'one'"),
    ],
)
def test_a_command_must_exit_and_print_as_shown(text: str, says: str, tmp_path: Path) -> None:
    command = console.Command("page.md", 1, "", text, ("one",))
    assert says in "".join(console.run([command], tmp_path, {"PATH": "/usr/bin:/bin"}))


def test_lines_of_output_come_in_order_and_may_have_gaps() -> None:
    assert console.missing_line(["a", "c…"], "a\nb\ncd\n") is None
    assert console.missing_line(["c", "a"], "a\nc\n") == "a"
