"""Against a cluster: what is refused, and how it is told; nothing here reaches one."""

from pathlib import Path

import pytest

from reconciler.cli import exits
from tests.cli.conftest import Cli

STATE = "name: shop\nservices:\n  web:\n    image: web:1\n    replicas: 2\n"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "state.yaml"
    path.write_text(STATE)
    return str(path)


@pytest.mark.parametrize("command", ["rehearse", "capacity"])
def test_without_a_kubeconfig_it_says_so(command: str, state: str, cli: Cli) -> None:
    words = [command, state, "--target", "kubernetes"]
    made = cli(*words, *(["--live"] if command == "capacity" else []))
    assert made.code == exits.ERROR
    assert "error[R422]" in made.err and "--kubeconfig" in made.err


@pytest.mark.parametrize("command", ["plan", "apply", "status", "destroy", "diff", "watch"])
def test_what_would_do_something_else_there_is_refused(command: str, state: str, cli: Cli) -> None:
    made = cli(command, state, "--target", "kubernetes")
    assert made.code not in (exits.OK, exits.MISSED)
    assert "error[R705]" in made.err and "reconciler rehearse" in made.err


@pytest.mark.parametrize(
    "words",
    [
        ["rehearse", "--context", "x"], ["rehearse", "--kubeconfig", "x"],
        ["capacity", "--live"], ["capacity", "--live", "--target", "simulator"],
    ],
)  # fmt: skip
def test_flags_of_a_cluster_are_for_a_cluster(words: list[str], state: str, cli: Cli) -> None:
    made = cli(words[0], state, *words[1:])
    assert made.code == exits.USAGE
    assert "--target kubernetes" in made.err


def test_a_cluster_that_is_not_there_is_a_diagnostic(state: str, cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(
        "current-context: here\n"
        "clusters: [{name: here, cluster: {server: 'http://127.0.0.1:1'}}]\n"
        "users: [{name: me, user: {token: never-shown}}]\n"
        "contexts: [{name: here, context: {cluster: here, user: me}}]\n"
    )
    made = cli("rehearse", state, "--target", "kubernetes", "--kubeconfig", str(path))
    assert made.code == exits.ERROR
    assert "error[R420]" in made.err and "connection refused" in made.err
    assert "never-shown" not in made.err


def test_another_revision_stands_for_what_runs_and_no_cluster_is_asked(
    state: str, cli: Cli
) -> None:
    made = cli("rehearse", state, "--target", "kubernetes", "--from", "HEAD")
    assert made.code == exits.ERROR
    assert "error[R714]" in made.err  # this folder has no history; R422 would be of the cluster
