"""A change to what runs in a real cluster is rehearsed, mended, rehearsed again; none is made."""

import json
from collections.abc import Iterator

import pytest

from reconciler.cli import exits
from tests.live.kubernetes.ground import Ground, deployment, ground, service, wanted

pytestmark = pytest.mark.live("kubernetes")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground("rehearsed", tmp_path_factory.mktemp("rehearsed")) as made:
        made.put(deployment(1), service())
        made.settled()
        yield made


def test_a_rehearsal_names_the_line_and_passes_once_it_is_mended_and_writes_nothing(
    shop: Ground,
) -> None:
    before = shop.versions()
    bad = wanted(2)
    del bad["readiness"]
    path = shop.write(bad)
    code, said = shop.rehearse(path, "--seeds", "4")
    assert code == exits.MISSED, said
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if '"web"' in text)
    assert "R633" in said and f"{path.name}:{line}:" in said, said
    assert "Deployment web, found by its name, 2 pods; it is not ours" in said, said
    assert "Kubernetes 1.20" in said

    path = shop.write(wanted(2))
    code, said = shop.rehearse(path, "--seeds", "4")
    assert code == exits.OK, said
    assert "environment.VERSION differs" in said, said
    assert shop.versions() == before  # all of it was only rehearsed


def test_what_is_as_the_state_says_is_no_change(shop: Ground) -> None:
    code, said = shop.rehearse(shop.write(wanted(1)), "--seeds", "1", "-o", "json")
    assert code == exits.OK, said
    report = json.loads(said[said.index("{") : said.rindex("}") + 1])
    assert report["changes"] == []
    (web,) = report["by_seed"][0]["services"]
    counts = web["instances"]
    assert (counts["least_ready"], counts["most"], counts["restarts"]) == (2, 2, 0)


def test_the_run_begins_with_the_pods_of_the_cluster_and_rolls_from_them(shop: Ground) -> None:
    pods = {each["metadata"]["name"] for each in shop.get("pods")["items"]}
    code, said = shop.rehearse(shop.write(wanted(2)), "--seeds", "1", "-o", "json")
    assert code == exits.OK, said
    report = json.loads(said[said.index("{") : said.rindex("}") + 1])
    spans = report["timeline"]["spans"]
    at_first = {each["instance"] for each in spans if each["from_ns"] == 0}
    assert at_first == pods
    new = {each["instance"] for each in spans} - pods
    assert len(new) == 2
    measured = {each["what"] for each in report["assumptions"] if each["origin"] == "measured"}
    assert {"web: time until it answers", "the cluster", "machines"} <= measured


def test_what_ends_by_its_own_times_is_not_blamed_on_the_state(shop: Ground) -> None:
    shop.put(deployment(1, container={"lifecycle": None}))
    shop.settled()
    code, said = shop.rehearse(shop.write(wanted(2)), "--seeds", "2")
    assert code == exits.MISSED, said
    assert "R626" in said and "--> services.web.termination.pre_stop" in said, said
    assert "what runs was made so" in said, said


def test_capacity_counts_the_nodes_of_the_cluster(shop: Ground) -> None:
    (node,) = json.loads(shop.kubectl("get", "nodes", "-o", "json"))["items"]
    cores = int(node["status"]["allocatable"]["cpu"])
    wants = wanted(1, resources={"requests": {"cpu": "900m"}})
    code, said = shop.capacity(shop.write(wants, name="capacity"))
    report = json.loads(said[said.index("{") : said.rindex("}") + 1])
    (web,) = report["services"]
    assert web["fit_alone"] == cores * 1000 // 900 and web["binds"] == "cpu", report
    assert code == (exits.OK if report["fits"] else exits.MISSED)


def test_a_namespace_that_is_not_there_is_said_to_be(shop: Ground) -> None:
    code, said = shop.rehearse(shop.write(wanted(1)), "-n", "nowhere-at-all")
    assert code == exits.ERROR
    assert "R446" in said and "nowhere-at-all" in said and "Traceback" not in said


def test_a_user_without_rights_is_told_which_are_missing(shop: Ground) -> None:
    config = json.loads(shop.kubectl("config", "view", "--raw", "-o", "json"))
    config["contexts"] = [
        {"name": name, "context": {"cluster": config["clusters"][0]["name"], "user": name}}
        for name in ("nobody", "stranger")
    ]
    own = config["users"][0]["user"]
    config["users"] = [
        {"name": "nobody", "user": {**own, "as": "nobody"}},
        {"name": "stranger", "user": {"token": "of-nobody-at-all"}},
    ]
    path = shop.folder / "other.kubeconfig"
    path.write_text(json.dumps(config))
    state = shop.write(wanted(1))
    code, said = shop.rehearse(state, "--kubeconfig", str(path), "--context", "stranger")
    assert code == exits.ERROR and "R421" in said, said
    code, said = shop.rehearse(state, "--kubeconfig", str(path), "--context", "nobody")
    assert code == exits.ERROR and "R445" in said and "list deployments" in said, said
    code, said = shop.rehearse(state, "--kubeconfig", str(path), "--context", "absent")
    assert code == exits.ERROR and "R422" in said and "nobody, stranger" in said, said


def test_a_service_account_reads_what_it_may_and_says_what_it_may_not(shop: Ground) -> None:
    """Allowed in the namespace alone, it sees no machines: rehearsed all the same, and said."""
    shop.put(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "looker"}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"name": "look"},
            "rules": [
                {
                    "apiGroups": ["", "apps"], "verbs": ["list"],
                    "resources": ["deployments", "replicasets", "statefulsets", "pods"],
                }
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "look"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "look"
            },
            "subjects": [{"kind": "ServiceAccount", "name": "looker"}],
        },
    )  # fmt: skip
    path = _kubeconfig_of(shop, "looker")
    state = shop.write(wanted(2, routing={"port": 8080}))
    code, said = shop.rehearse(state, "--kubeconfig", path, "--seeds", "1")
    assert code in (exits.OK, exits.MISSED), said
    assert "nodes may not be listed: there is room for everything" in said, said
    shop.kubectl("delete", "rolebinding", "look")
    code, said = shop.rehearse(state, "--kubeconfig", path)
    assert code == exits.ERROR, said
    assert "R445" in said and f"list deployments in {shop.name}" in said, said


def _kubeconfig_of(shop: Ground, account: str) -> str:
    """A kubeconfig with the token that 1.20 keeps of a service account."""
    secret = shop.get(f"serviceaccount/{account}")["secrets"][0]["name"]
    token = shop.kubectl("get", "secret", secret, "-o", "go-template={{.data.token|base64decode}}")
    config = json.loads(shop.kubectl("config", "view", "--raw", "-o", "json"))
    config["users"][0]["user"] = {"token": token}
    path = shop.folder / f"{account}.kubeconfig"
    path.write_text(json.dumps(config))
    return str(path)
