"""What only the live state shows."""

from typing import Any

import pytest

from reconciler.model.observed import Foreign
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from tests.support.making import SHOP, fact, good, live, network, observed, plan, stack, thing, web


def codes(made: Any, seen: Any) -> list[str]:
    return [d.code for d in plan(made, seen).findings]


@pytest.mark.parametrize(
    ("pull", "image", "found"),
    [("never", None, ["R503"]), ("never", "id", []), ("missing", None, []), ("always", None, [])],
)
def test_an_image_that_is_missing_and_never_pulled(
    pull: str, image: str | None, found: list[str]
) -> None:
    assert codes(web(pull=pull), observed(images={"web:1": image})) == found


@pytest.mark.parametrize(
    ("ports", "taken", "found"),
    [
        (["8080:80"], ":8080/tcp", ["8080/tcp"]), (["8080:80"], "0.0.0.0:8080/tcp", ["8080/tcp"]),
        (["8080:80"], ":18080/tcp", []), (["8080:80"], ":8080/udp", []),
        (["8080:80/udp"], ":8080/udp", ["8080/udp"]), (["80"], ":80/tcp", []),
        (["127.0.0.1:8080:80"], "10.0.0.1:8080/tcp", []),
        (["127.0.0.1:8080:80"], "0.0.0.0:8080/tcp", ["8080/tcp"]),
        (["127.0.0.1:8080:80"], "127.0.0.1:8080/tcp", ["8080/tcp"]),
        (["8080:80"], "127.0.0.1:8080/tcp", ["8080/tcp"]),
        (["8080-8081:80"], ":8081/tcp", ["8081/tcp"]),
        (["8080-8089:80"], ":8085/tcp", []),
    ],
)  # fmt: skip
def test_a_host_port_that_another_holds(ports: list[str], taken: str, found: list[str]) -> None:
    made = web(ports=ports, replicas=2 if "-" in ports[0] else 1)
    seen = plan(made, observed(foreign=[Foreign("nginx", host_ports=(taken,))])).findings
    assert [d.summary for d in seen] == [
        f"service/web: the host port {port} is in use by nginx" for port in found
    ]
    assert all(d.code == "R504" and d.is_error for d in seen)


def test_an_object_of_another_is_a_finding_and_no_change() -> None:
    other = thing(ResourceKey("network", "default"), {}, owned=False)
    made = plan(web(), observed([other]))
    assert [d.code for d in made.errors] == ["R501"]
    assert "network/default" not in [str(change.key) for change in made.changes]


def hold(*names: str) -> Record:
    return Record("hold", str(SHOP), 1, {"protected": sorted(names), "unkept": []})


@pytest.mark.parametrize(
    ("before", "after", "record", "found"),
    [
        # Replaced while it is protected.
        (web(protect=True), web("web:2", protect=True), hold("service/web"), ["R304"]),
        # Taken out of the file while it is protected.
        (web(protect=True), stack(), hold("service/web"), ["R304"]),
        # Let go of first: then it may change or go.
        (web(), web("web:2"), hold("service/web"), []),
        (web(), stack(), hold(), []),
        # What stays in place is no loss.
        (web(protect=True), web(protect=True, replicas=3), hold("service/web"), []),
        (web(protect=True), web("web:2", protect=True), hold(), ["R304"]),
    ],
)
def test_what_is_protected_is_neither_removed_nor_replaced(
    before: Any, after: Any, record: Record, found: list[str]
) -> None:
    seen = observed([network()], [live(before)], [good(before), record])
    assert codes(after, seen) == found


@pytest.mark.parametrize("kind", ["network", "volume"])
def test_a_protected_object_that_is_no_longer_declared_stops_the_plan(kind: Any) -> None:
    key = ResourceKey(kind, "precious")
    seen = observed([thing(key)], (), [
        Record("hold", str(SHOP), 1, {"protected": [str(key)], "unkept": [str(key)]})
    ])  # fmt: skip
    found = plan(stack(), seen).errors
    assert [d.code for d in found] == ["R304"]
    assert str(key) in found[0].summary and "protect: false" in found[0].hint


def test_what_failed_and_stays_down_holds_no_port() -> None:
    made = web(ports=["8080:80"])
    from tests.support.making import asked

    failed = fact("failed", asked(made).revision)
    foreign = [Foreign("nginx", host_ports=(":8080/tcp",))]
    assert codes(made, observed((), (), [failed], foreign=foreign)) == []


@pytest.mark.parametrize(("name", "found"), [("t-web", ["R505"]), ("t-web-2", []), ("x", [])])
def test_a_name_that_another_has(name: str, found: list[str]) -> None:
    name = name.replace("t-", f"{web().name}-")
    foreign = Foreign(name, holds_name=True)
    assert codes(web(singleton=True), observed(foreign=[foreign])) == found
