"""The engine's address is found as the docker CLI finds it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.diagnostic import TargetError
from reconciler.targets.docker.connect import DEFAULT_HOST, Endpoint, endpoint


def context(home: Path, name: str, host: str, *, tls: bool = False, skip: bool = False) -> None:
    digest = hashlib.sha256(name.encode()).hexdigest()
    folder = home / ".docker" / "contexts" / "meta" / digest
    folder.mkdir(parents=True)
    meta = {"Name": name, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": skip}}}
    (folder / "meta.json").write_text(json.dumps(meta))
    if tls:
        files = home / ".docker" / "contexts" / "tls" / digest / "docker"
        files.mkdir(parents=True)
        for part in ("ca", "cert", "key"):
            (files / f"{part}.pem").write_text("")


def found(home: Path, **environ: str) -> Endpoint:
    return endpoint({"HOME": str(home), **environ})


def configure(home: Path, settings: Mapping[str, Any]) -> None:
    (home / ".docker").mkdir(exist_ok=True)
    (home / ".docker" / "config.json").write_text(json.dumps(settings))


def test_without_any_setting_it_is_the_default_socket(tmp_path: Path) -> None:
    assert found(tmp_path) == Endpoint(DEFAULT_HOST)
    assert found(tmp_path).is_local


def test_docker_host_comes_before_every_context(tmp_path: Path) -> None:
    context(tmp_path, "far", "tcp://far:2375")
    configure(tmp_path, {"currentContext": "far"})
    host = found(tmp_path, DOCKER_HOST="unix:///run/other.sock", DOCKER_CONTEXT="far").host
    assert host == "unix:///run/other.sock"


def test_docker_context_comes_before_the_current_one(tmp_path: Path) -> None:
    context(tmp_path, "far", "tcp://far:2375")
    context(tmp_path, "near", "ssh://me@near")
    configure(tmp_path, {"currentContext": "far"})
    assert found(tmp_path).host == "tcp://far:2375"
    near = found(tmp_path, DOCKER_CONTEXT="near")
    assert (near.host, near.context, near.is_local) == ("ssh://me@near", "near", False)
    assert found(tmp_path, DOCKER_CONTEXT="default").host == DEFAULT_HOST


def test_a_contexts_certificates_are_used(tmp_path: Path) -> None:
    context(tmp_path, "far", "tcp://far:2376", tls=True)
    far = found(tmp_path, DOCKER_CONTEXT="far")
    assert far.tls and far.verify and far.ca.endswith("ca.pem") and far.key.endswith("key.pem")


def test_a_context_may_skip_the_check_of_the_certificate(tmp_path: Path) -> None:
    context(tmp_path, "far", "tcp://far:2376", skip=True)
    far = found(tmp_path, DOCKER_CONTEXT="far")
    assert far.tls and not far.verify and (far.ca, far.cert) == ("", "")


def test_another_folder_of_settings_is_used(tmp_path: Path) -> None:
    context(tmp_path, "far", "tcp://far:2375")
    folder = str(tmp_path / ".docker")
    other = found(tmp_path / "nobody", DOCKER_CONFIG=folder, DOCKER_CONTEXT="far")
    assert other.host == "tcp://far:2375"


def test_tls_by_variables(tmp_path: Path) -> None:
    for part in ("ca", "cert", "key"):
        (tmp_path / f"{part}.pem").write_text("")
    certs = {"DOCKER_HOST": "tcp://far:2376", "DOCKER_CERT_PATH": str(tmp_path)}
    checked = found(tmp_path, DOCKER_TLS_VERIFY="1", **certs)
    assert checked.tls and checked.verify and checked.cert == str(tmp_path / "cert.pem")
    assert not found(tmp_path, **certs).verify
    assert not found(tmp_path, DOCKER_HOST="tcp://far:2375").tls


def test_the_version_can_be_fixed(tmp_path: Path) -> None:
    assert found(tmp_path).api_version == "auto"
    assert found(tmp_path, DOCKER_API_VERSION="1.41").api_version == "1.41"


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"DOCKER_CONTEXT": "nowhere"}, "no Docker context 'nowhere'"),
        ({"DOCKER_HOST": "localhost"}, "no engine's address"),
        ({"DOCKER_HOST": "ftp://x"}, "no engine's address"),
        ({"DOCKER_HOST": "tcp://x:1", "DOCKER_TLS_VERIFY": "1"}, "ca.pem is missing"),
    ],
)
def test_what_is_unclear_is_said(tmp_path: Path, environ: dict[str, str], says: str) -> None:
    with pytest.raises(TargetError) as caught:
        found(tmp_path, **environ)
    assert says in caught.value.message and caught.value.hint and caught.value.code == "R422"


def test_broken_settings_are_named(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text("{")
    with pytest.raises(TargetError, match=r"config\.json cannot be read"):
        found(tmp_path)


def test_a_certificate_without_its_key_is_said(tmp_path: Path) -> None:
    for part in ("ca", "cert"):
        (tmp_path / f"{part}.pem").write_text("")
    with pytest.raises(TargetError, match=r"must both be there"):
        found(tmp_path, DOCKER_HOST="tcp://x:1", DOCKER_CERT_PATH=str(tmp_path),
              DOCKER_TLS_VERIFY="1")  # fmt: skip
