"""Configs and secrets: read when needed, named by digest, never shown."""

import hashlib
import json
import pickle
from pathlib import Path

import pytest

from reconciler.model.diagnostic import DiagnosticsError, TargetError
from reconciler.model.digest import secret_digest
from reconciler.spec.contents import SecretValue
from reconciler.spec.load import load
from tests.spec.helpers import finding, loaded

SECRET = "secrets: {key: {env: KEY}}\nservices: {web: {image: a, environment: {K: {secret: key}}}}"


def test_a_secret_is_never_shown() -> None:
    value = SecretValue(b"hunter2")
    shown = [repr(value), str(value), f"{value}", f"{value:>20}", f"{[value]}", f"{value!r}"]
    assert all("hunter2" not in text and "<secret>" in text for text in shown)
    for write in (json.dumps, pickle.dumps):
        with pytest.raises(TypeError):
            write(value)
    assert value.reveal() == b"hunter2"


def test_nothing_of_a_load_holds_or_shows_a_secret() -> None:
    state = loaded(SECRET, env={"KEY": "hunter2"})
    assert "hunter2" not in repr(state)
    assert "hunter2" not in json.dumps(state.root)
    assert state.contents.secret("key") == b"hunter2"


def test_a_secret_s_digest_is_scrypt_salted_by_stack_and_name() -> None:
    wanted = hashlib.scrypt(b"x", salt=b"t/key", n=2**13, r=8, p=1).hex()[:16]
    assert loaded(SECRET, env={"KEY": "x"}).stack.declared.secrets["key"].digest == wanted
    assert len({secret_digest(b"x", s, n) for s in "ab" for n in "cd"}) == 4


def test_a_digest_is_computed_once_for_each_content(monkeypatch: pytest.MonkeyPatch) -> None:
    secret_digest(b"x", "once", "a")
    monkeypatch.setattr(hashlib, "scrypt", None)
    assert secret_digest(b"x", "once", "a") == secret_digest(b"x", "once", "a")


def test_a_config_s_digest_is_sha_256() -> None:
    config = loaded("configs: {c: {content: hello}}").stack.declared.configs["c"]
    assert config.digest == hashlib.sha256(b"hello").hexdigest()[:16]


def test_files_count_from_the_state_file_that_names_them(tmp_path: Path) -> None:
    for name, text in {
        "a/stack.yaml": "name: t\nconfigs: {one: {file: one.txt}}",
        "b/more.yaml": "configs: {two: {file: sub/two.txt}}\nsecrets: {s: {file: ../s}}",
        "a/one.txt": "1", "b/sub/two.txt": "2", "s": "3",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    state = load([str(tmp_path / "a"), str(tmp_path / "b" / "more.yaml")], env={})
    found = [state.contents.config("one"), state.contents.config("two"), state.contents.secret("s")]
    assert found == [b"1", b"2", b"3"]


def test_a_missing_secret_is_reported_by_its_reference() -> None:
    found = finding(SECRET, env={"OTHER": "hunter2"})
    assert found.code == "R160"
    assert "KEY is not set" in found.summary
    assert str(found.position) == "<stdin>:1:11"


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    assert finding("secrets: {s: {file: nowhere/x}}").code == "R160"
    found = finding("configs: {s: {file: nowhere/x}}")
    assert (found.code, str(found.position)) == ("R161", "<stdin>:1:21")
    (tmp_path / "d").mkdir()
    assert finding(f"configs: {{s: {{file: {tmp_path}/d}}}}").code == "R161"


def test_secrets_need_not_be_there_to_check_a_state() -> None:
    state = loaded(SECRET, resolve=False)
    assert state.stack.declared.secrets["key"].digest == ""
    assert [(d.code, d.severity) for d in state.warnings] == [("R162", "warning")]


def test_content_that_changed_since_it_was_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "c.txt"
    file.write_text("old")
    (tmp_path / "t.yaml").write_text("configs: {c: {file: c.txt}}\nsecrets: {s: {file: c.txt}}")
    state = load([str(tmp_path / "t.yaml")], env={})
    assert state.contents.config("c@1234") == b"old"
    file.write_text("new")
    for read in (state.contents.config, state.contents.secret):
        with pytest.raises(TargetError) as refused:
            read("c" if read == state.contents.config else "s")
        assert (refused.value.kind, refused.value.code) == ("conflict", "R163")
        assert "new" not in refused.value.message
    file.unlink()
    with pytest.raises(TargetError) as gone:
        state.contents.config("c")
    assert (gone.value.kind, gone.value.code) == ("terminal", "R160")


def test_a_secret_written_in_clear_is_no_secret() -> None:
    with pytest.raises(DiagnosticsError) as error:
        loaded("secrets: {s: {value: hunter2}}")
    assert {d.code for d in error.value.diagnostics} == {"R111"}


ACCOUNT = """\
    registries: {"hub.test:5000": {username: ci, password: token}}
    secrets: {token: {env: TOKEN}}
    """


def test_a_registry_s_password_is_a_secret_that_is_read_when_it_is_needed() -> None:
    state = loaded(ACCOUNT, env={"TOKEN": "hunter2\r\n"})
    account = state.contents.account("hub.test:5000")
    assert account == ("ci", "hunter2")
    assert "hunter2" not in f"{account} {account!r} {state!r}"
    assert state.contents.account("docker.io") is None


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ('registries: {"hub.test": {username: ci, password: nothing}}', "R150"),
        ('registries: {"https://hub.test": {username: ci, password: token}}', "R118"),
        ('registries: {"hub.test/team": {username: ci, password: token}}', "R118"),
        ('registries: {"hub": {username: ci, password: token}}', "R118"),
        ('registries: {"hub.test": {password: token}}', "R112"),
    ],
)
def test_an_account_that_leads_nowhere_is_told(written: str, code: str) -> None:
    found = finding(f"{written}\nsecrets: {{token: {{env: TOKEN}}}}", env={"TOKEN": "x"})
    assert found.code == code
