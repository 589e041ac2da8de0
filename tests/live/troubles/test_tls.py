"""An engine behind TLS: by variables, by a context, and where one does not trust the other."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.troubles.command import Command, Engine
from tests.live.troubles.tls import Authority, TlsProxy, client_folder, context

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours") / "ca")


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("strange") / "ca")


@pytest.fixture
def proxy(ours: Authority) -> Iterator[TlsProxy]:
    made = TlsProxy(ours)
    yield made
    made.close()


def by_variables(monkeypatch: pytest.MonkeyPatch, host: str, certs: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(certs))


def check_works(command: Command, engine: Engine, proxy: TlsProxy) -> None:
    """A service with a config file is planned, made, changed and seen through the proxy."""
    command.write({"configs": ["motd:/motd"]}, configs={"motd": {"content": "hello\n"}})
    planned = command("plan", "--detailed-exitcode")
    assert planned.code == 2, planned.text
    assert engine.containers() == [] and proxy.let_in > 0
    command.check_finishes()
    command.write({"environment": {"A": "1"}})
    command.check_finishes()
    assert len(engine.containers()) == 1
    assert "are ready" in command("status").text


def test_an_engine_behind_tls_is_used_by_the_variables_of_docker(
    command: Command, engine: Engine, ours: Authority, proxy: TlsProxy, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    by_variables(monkeypatch, proxy.host, client_folder(tmp_path / "certs", ours, ours))
    check_works(command, engine, proxy)


def test_an_engine_behind_tls_is_used_by_a_context_of_docker(
    command: Command, engine: Engine, ours: Authority, proxy: TlsProxy, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    certs = client_folder(tmp_path / "certs", ours, ours)
    context(Path(os.environ["DOCKER_CONFIG"]), "far", proxy.host, certs)
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    check_works(command, engine, proxy)


@pytest.mark.parametrize("name", ["plan", "apply"])
def test_a_server_that_is_not_trusted_is_told_and_nothing_is_sent(
    command: Command, ours: Authority, strange: Authority, proxy: TlsProxy, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, name: str,
) -> None:  # fmt: skip
    by_variables(monkeypatch, proxy.host, client_folder(tmp_path / "certs", strange, ours))
    command.write()
    said = command(name, *(["--yes"] if name == "apply" else []))
    said.check_refused("R420", proxy.host, "its certificate is not trusted", "ca.pem")


def test_a_client_that_the_server_does_not_trust_is_told(
    command: Command, ours: Authority, strange: Authority, proxy: TlsProxy, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    by_variables(monkeypatch, proxy.host, client_folder(tmp_path / "certs", ours, strange))
    command.write()
    command("plan").check_refused("R420", proxy.host, "client certificate", "cert.pem")


def test_no_client_certificate_where_one_is_asked_for_is_told(
    command: Command, ours: Authority, proxy: TlsProxy, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    by_variables(monkeypatch, proxy.host, client_folder(tmp_path / "certs", ours, None))
    command.write()
    command("plan").check_refused("R420", proxy.host, "client certificate", "cert.pem")


def test_plain_text_to_an_engine_behind_tls_is_told(
    command: Command, proxy: TlsProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", proxy.host)
    command.write()
    command("plan").check_refused("R420", proxy.host)
