"""Exit codes: documented, and as documented."""

import re
from pathlib import Path

import pytest

from reconciler.cli import exits
from reconciler.cli import session as sessions
from reconciler.cli.acting import exit_code
from reconciler.model.diagnostic import TargetError
from reconciler.model.status import Verdict, VerdictKind
from tests.cli.conftest import SHOP, Cli

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "exit-codes.md"


def test_the_page_tells_of_every_code_and_of_no_other() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == exits.MEANINGS


def test_every_constant_has_a_meaning() -> None:
    values = {value for name, value in vars(exits).items() if name.isupper() and name != "MEANINGS"}
    assert values == set(exits.MEANINGS)


def test_a_plan_with_changes_exits_with_2_where_that_is_asked_for(cli: Cli) -> None:
    assert cli("plan", "shop.yaml").code == exits.OK
    assert cli("plan", "shop.yaml", "--detailed-exitcode").code == exits.CHANGES
    assert cli("plan", "nowhere.yaml", "--detailed-exitcode").code == exits.ERROR
    cli("apply", "shop.yaml", "-y")
    assert cli("plan", "shop.yaml", "--detailed-exitcode").code == exits.OK


def test_a_diff_exits_as_kubectls_does(cli: Cli) -> None:
    assert cli("diff", "shop.yaml").code == 1
    assert cli("diff", "nowhere.yaml").code == 2
    cli("apply", "shop.yaml", "-y")
    assert cli("diff", "shop.yaml").code == 0


def test_a_status_can_say_by_its_code_that_something_is_wrong(cli: Cli) -> None:
    assert cli("status", "shop.yaml").code == exits.OK
    assert cli("status", "shop.yaml", "--detailed-exitcode").code == exits.CHANGES


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("plan",),
        ("apply",),
        ("plan", "shop.yaml", "--nonsense"),
        ("plan", "shop.yaml", "-o", "xml"),
        ("plan", "shop.yaml", "--target", "mainframe"),
        ("plan", "shop.yaml", "--var", "NAME"),
        ("plan", "shop.yaml", "--advance", "soon"),
        ("apply", "shop.yaml", "--parallelism", "0"),
        ("plan", "shop.yaml", "--target", "docker", "--advance", "1s"),
        ("completion", "tcsh"),
    ],
)
def test_a_wrong_command_line_is_64_and_never_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    made = cli(*arguments)
    assert made.code == exits.USAGE == 64
    assert made.out == ""
    assert "Error: " in made.err


def test_the_value_of_a_broken_variable_is_not_repeated(cli: Cli) -> None:
    assert "hunter2" not in cli("plan", "shop.yaml", "--var", "=hunter2").err


def test_the_nearest_command_is_offered(cli: Cli) -> None:
    assert "did you mean 'status'?" in cli("statsu").err


def test_a_target_that_does_not_answer_is_a_diagnostic(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object, **__: object) -> None:
        raise TargetError("unreachable", "R401", "the engine does not answer", "start it")

    monkeypatch.setattr(sessions, "open_target", silent)
    made = cli("plan", "shop.yaml")
    assert made.code == exits.ERROR
    assert "error[R401]: the engine does not answer" in made.err
    assert "= fix: start it" in made.err


def test_a_target_of_another_version_is_a_diagnostic(cli: Cli) -> None:
    made = cli("plan", "shop.yaml", "--target", "kubernetes")
    assert made.code == exits.ERROR
    assert "error[R705]" in made.err


def test_our_own_mistake_is_one_line_unless_more_is_asked_for(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr(sessions, "open_target", broken)
    made = cli("plan", "shop.yaml")
    assert made.code == exits.INTERNAL
    assert re.fullmatch(r"internal error: KeyError: 'ours' \(.+:\d+\); .+\n", made.err)
    assert "Traceback" in cli("plan", "shop.yaml", "--debug").err
    monkeypatch.setenv("RECONCILER_DEBUG", "1")
    assert "Traceback" in cli("plan", "shop.yaml").err


def test_more_deletions_than_the_stack_allows_need_a_flag_of_their_own(
    cli: Cli, shop: Path
) -> None:
    cli("apply", "shop.yaml", "-y")
    shop.write_text("name: shop\ndeletions: {confirm_above: 1}\n")
    refused = cli("apply", "shop.yaml", "--yes")
    assert refused.code == exits.UNCONFIRMED
    assert "--confirm-deletions" in refused.err
    assert cli("status", "shop.yaml").out.count("service/") > 0
    assert cli("apply", "shop.yaml", "--yes", "--confirm-deletions").code == exits.OK


def test_nobody_is_asked_where_nobody_sits(cli: Cli) -> None:
    made = cli("apply", "shop.yaml")
    assert made.code == exits.UNCONFIRMED
    assert "pass --yes" in made.err
    assert cli("status", "shop.yaml").out.count("absent") > 0


def test_a_stack_without_anything_is_no_error(cli: Cli, shop: Path) -> None:
    shop.write_text(SHOP.partition("variables:")[0])
    made = cli("apply", "shop.yaml", "-y")
    assert (made.code, "No changes" in made.out) == (exits.OK, True)


@pytest.mark.parametrize(
    ("kind", "signalled", "code"),
    [
        ("converged", 0, exits.OK),
        ("failed", 0, exits.ERROR),
        ("failed", exits.INTERRUPTED, exits.ERROR),
        ("stale", 0, exits.STALE),
        ("interrupted", 0, exits.ERROR),
        ("interrupted", exits.INTERRUPTED, exits.INTERRUPTED),
        ("interrupted", exits.TERMINATED, exits.TERMINATED),
    ],
)
def test_a_run_ends_with_the_code_of_its_verdict(
    kind: VerdictKind, signalled: int, code: int
) -> None:
    assert exit_code(Verdict(kind), signalled) == code
