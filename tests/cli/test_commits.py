"""The commit that the desired state is read from, as git tells it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from reconciler.cli import commits, exits
from reconciler.cli.commits import commit_of
from tests.cli.conftest import SHOP, Cli


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a state file and a config in one commit."""
    folder = tmp_path / "repo"
    (folder / "state").mkdir(parents=True)
    (folder / "state" / "shop.yaml").write_text(SHOP)
    (folder / "motd").write_text("hello\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def head(repo: Path) -> str:
    return git(repo, "rev-parse", "HEAD")


def test_a_clean_file_is_of_its_commit_and_so_is_its_directory(repo: Path) -> None:
    (repo / "other").write_text("not of the state")
    for path in ("state/shop.yaml", "state"):
        assert commit_of([str(repo / path)], [str(repo / "motd")]) == head(repo)


def test_what_is_not_as_committed_is_marked(repo: Path) -> None:
    state = repo / "state" / "shop.yaml"
    state.write_text(SHOP + "# changed\n")
    assert commit_of([str(state)]) == f"{head(repo)}+"
    state.write_text(SHOP)
    (repo / "state" / "more.yaml").write_text("services: {}\n")
    assert commit_of([str(repo / "state")]) == f"{head(repo)}+"
    assert commit_of([str(state)]) == head(repo)
    (repo / "motd").write_text("changed\n")
    assert commit_of([str(state)], [str(repo / "motd"), "/etc/hostname"]) == f"{head(repo)}+"


def test_a_state_that_git_ignores_is_in_no_commit_and_a_secret_need_not_be(repo: Path) -> None:
    (repo / ".gitignore").write_text("made.yaml\nsecret\n")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "second")
    (repo / "made.yaml").write_text(SHOP)
    (repo / "secret").write_text("hush")
    assert commit_of([str(repo / "made.yaml")]) == f"{head(repo)}+"
    assert commit_of([str(repo / "state")], [str(repo / "secret")]) == head(repo)


def test_names_that_mean_something_to_git_are_taken_as_they_are(repo: Path) -> None:
    folder = repo / "a[b]*"
    folder.mkdir()
    (folder / "x.yaml").write_text(SHOP)
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "second")
    assert commit_of([str(folder)]) == commit_of([str(folder / "x.yaml")]) == head(repo)
    (folder / "x.yaml").write_text("")
    assert commit_of([str(folder)]) == commit_of([str(folder / "x.yaml")]) == f"{head(repo)}+"


def test_where_there_is_no_one_commit_nothing_is_said(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = tmp_path / "alone.yaml"
    alone.write_text(SHOP)
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    assert commit_of([str(alone)]) == commit_of([str(empty)]) == ""
    assert commit_of([str(alone), str(repo / "state")]) == ""
    assert commit_of(["-"]) == commit_of([]) == ""
    monkeypatch.setenv("PATH", str(empty))
    assert commit_of([str(repo / "state")]) == ""


def test_a_hook_s_own_repository_is_not_the_state_s(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    said = commit_of([str(repo / "state")])
    monkeypatch.delenv("GIT_DIR")
    assert said == head(repo)


def test_a_git_that_hangs_is_not_waited_for(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(commits, "GIT_S", 0.1)
    assert commit_of([str(repo / "state")]) == ""


def test_history_tells_the_commit_of_every_revision(
    cli: Cli, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo)
    state = Path("state/shop.yaml")
    first = head(repo)
    assert cli("apply", str(state), "-y").code == exits.OK
    state.write_text(SHOP.replace('default: "1.0"', 'default: "2.0"'))
    assert cli("apply", str(state), "-y").code == exits.OK
    made = json.loads(cli("history", str(state), "web", "-o", "json").out)
    told = [each["commit"] for each in made["resources"][0]["revisions"]]
    assert told == [f"{first}+", first]
    text = cli("history", str(state), "web").out
    assert [line.split()[-1] for line in text.splitlines()[-2:]] == [f"{first[:10]}+", first[:10]]
    git(repo, "commit", "-qam", "second")
    assert cli("rollback", str(state), "web", "-y").code == exits.OK
    made = json.loads(cli("history", str(state), "web", "-o", "json").out)
    failed, again = made["resources"][0]["revisions"][:2]
    assert (failed["outcome"], failed["commit"]) == ("failed", head(repo))
    assert (again["outcome"], again["commit"]) == ("good", first)
