"""Where the cluster is: kubeconfigs, contexts, and a pod's own account."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.diagnostic import TargetError
from reconciler.targets.kubernetes.connect import Access, kubeconfigs, open_client


def config(path: Path, *names: str, current: str = "") -> str:
    path.write_text(
        json.dumps(
            {
                "clusters": [
                    {"name": n, "cluster": {"server": f"https://{n}:6443"}} for n in names
                ],
                "users": [{"name": n, "user": {"token": f"token-of-{n}"}} for n in names],
                "contexts": [{"name": n, "context": {"cluster": n, "user": n}} for n in names],
                **({"current-context": current} if current else {}),
            }
        )
    )
    return str(path)


def refused(access: Access, env: dict[str, str]) -> TargetError:
    with pytest.raises(TargetError) as caught:
        open_client(access, env)
    assert caught.value.code == "R422"
    return caught.value


def test_a_file_that_is_named_goes_before_the_list_and_the_list_before_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".kube").mkdir(parents=True)
    own = config(home / ".kube" / "config", "home", current="home")
    a = config(tmp_path / "a", "a", current="a")
    b = config(tmp_path / "b", "b", current="b")
    listed = os.pathsep.join([str(tmp_path / "absent"), a, b])
    env = {"HOME": str(home), "KUBECONFIG": listed}
    assert kubeconfigs(Access(kubeconfig=b), env) == (b,)
    assert kubeconfigs(Access(), env) == (a, b)
    assert kubeconfigs(Access(), {"HOME": str(home)}) == (own,)
    assert kubeconfigs(Access(), {"HOME": str(tmp_path)}) == ()


def test_of_several_files_the_first_to_name_a_context_says_which(tmp_path: Path) -> None:
    a = config(tmp_path / "a", "a", current="a")
    b = config(tmp_path / "b", "b", current="b")
    env = {"KUBECONFIG": os.pathsep.join([a, b])}
    assert open_client(Access(), env).configuration.host == "https://a:6443"
    assert open_client(Access(context="b"), env).configuration.host == "https://b:6443"


def test_a_context_that_is_chosen_is_used_though_the_current_one_is_gone(tmp_path: Path) -> None:
    path = config(tmp_path / "a", "a", current="renamed")
    assert open_client(Access(path, "a"), {}).configuration.host == "https://a:6443"
    assert "has no context renamed" in refused(Access(path), {}).message


def test_what_does_not_say_how_is_told_with_what_there_is(tmp_path: Path) -> None:
    path = config(tmp_path / "a", "a", "b")
    assert "no current context" in refused(Access(path), {}).message
    unknown = refused(Access(path, "c"), {})
    assert "no context c" in unknown.message and unknown.hint == "one of a, b"
    absent = str(tmp_path / "absent")
    assert absent in refused(Access(absent), {}).message
    assert absent in refused(Access(), {"KUBECONFIG": absent}).message
    nothing = refused(Access(), {"HOME": str(tmp_path)})
    assert "no pod of a cluster" in nothing.message
    assert "no context x" in refused(Access(context="x"), {"HOME": str(tmp_path)}).message


@pytest.mark.parametrize(
    "text", ["", "a: [", "[]", "clusters: 1", "contexts: [{}]\ncurrent-context: a", "\x00",
             "current-context: a\ncontexts: [{name: a, context: {cluster: nope}}]"],
)  # fmt: skip
def test_a_kubeconfig_that_is_not_as_it_should_be_is_a_diagnostic(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "broken"
    path.write_text(text)
    assert str(path) in refused(Access(str(path)), {}).message


def test_within_a_cluster_a_pods_own_account_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kubernetes.config import incluster_config

    env = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "absent"))
    assert "service account" in refused(Access(), env).message
    files: dict[str, Any] = {"token": "of-the-pod", "ca.crt": "a certificate"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    loader = incluster_config.InClusterConfigLoader(
        str(tmp_path / "token"), str(tmp_path / "ca.crt"), environ=os.environ
    )
    monkeypatch.setattr(incluster_config, "InClusterConfigLoader", lambda **given: loader)
    client = open_client(Access(), env)
    assert client.configuration.host == "https://10.0.0.1:443"
    assert client.configuration.auth_settings()["BearerToken"]["value"] == "bearer of-the-pod"
