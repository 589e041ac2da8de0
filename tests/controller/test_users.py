"""Whom a workload that is to go waits for, and whom it cannot wait for."""

from typing import Any

import pytest

from reconciler.model.observed import Instance
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.step import Step
from tests.controller.hand import Hand
from tests.support.making import DB, WEB, ended, good, instance, live, network, observed, stack

API = ResourceKey("service", "api")
CACHE = ResourceKey("service", "cache")
IMAGES: dict[str, str | None] = {"web:1": "w", "web:2": "v", "api:1": "p"}


def on_back(subnet: str, **more: Any) -> Stack:
    """A web that waits for an api, which is on a network of its own."""
    api = {"image": "api:1", "networks": ["back"]}
    web = {"image": "web:1", "depends_on": {"service/api": "healthy"}, **more}
    return stack(networks={"back": {"subnet": subnet}}, services={"api": api, "web": web})


BEFORE = on_back("10.9.0.0/24")


def shown(
    made: Stack, *instances: Instance, subnet: str = "10.9.0.0/24"
) -> tuple[Hand, list[Step]]:
    """What is done about these, where api and web run as they were before."""
    hand = Hand(made)
    there = [network(), network("back", subnet=subnet)]
    facts = [good(BEFORE, API), good(BEFORE, WEB)]
    was_web = live(BEFORE, depends=("service/api", "service/db"))
    running = [live(BEFORE, key=API), was_web, *instances]
    return hand, hand.look(observed(there, running, facts, images=IMAGES))


def whose(steps: list[Step]) -> set[ResourceKey]:
    """Which resources steps are about."""
    return {step.key for step in steps}


def on(name: str, key: ResourceKey = DB, **more: Any) -> Instance:
    """A running instance on a network."""
    return instance(key=key, fields={"networks": (name,)}, **more)


def test_it_waits_for_a_declared_user_that_is_to_be_made_anew() -> None:
    hand, steps = shown(on_back("10.9.0.0/24", image="web:2"), on("back"))
    assert DB not in whose(steps)
    assert hand.status(DB).message == "waits for service/web to go"


def test_it_does_not_wait_for_one_that_waits_for_the_network_it_is_on() -> None:
    """Web waits for api, api for the network, and that until the last one has left it."""
    hand, steps = shown(on_back("10.0.0.0/24", image="web:2"), on("back"))
    assert hand.status(WEB).phase == "waiting"
    assert whose(steps) == {API, DB}


@pytest.mark.parametrize("db", [on("front"), ended(on("back"))])
def test_it_waits_where_it_is_not_what_the_network_waits_for(db: Instance) -> None:
    hand, steps = shown(on_back("10.0.0.0/24", image="web:2"), db)
    assert hand.status(WEB).phase == "waiting"
    assert whose(steps) == {API}


def test_it_does_not_wait_for_one_that_waits_for_it_by_way_of_another_that_is_to_go() -> None:
    """The cache is on the network, and waits for what uses it: db, which waits for web."""
    cache = on("back", CACHE)
    db = on("front", depends=("service/cache",))
    hand, steps = shown(on_back("10.0.0.0/24", image="web:2"), cache, db)
    assert whose(steps) == {API, DB}
    assert hand.status(CACHE).message == "waits for service/db to go"


def test_it_waits_for_one_that_leaves_a_network_by_itself() -> None:
    """Web is on the network that is made anew: it makes way, and waits only then."""
    hand = Hand(on_back("10.0.0.0/24", networks=["back"]))
    user = on("back", WEB, depends=("service/db",))
    seen = observed([network("back", subnet="10.9.0.0/24")], [user, on("back")], images=IMAGES)
    assert whose(hand.look(seen)) == {WEB}
    assert hand.status(DB).message == "waits for service/web to go"


def test_what_has_begun_to_stop_goes_on_whoever_uses_it() -> None:
    made = on_back("10.0.0.0/24", image="web:2")
    db = on("back", armed=False)
    hand, steps = shown(made, db)
    signal = next(step for step in steps if step.key == DB)
    hand.end(signal)
    gone = ended(db)
    steps = hand.look(observed([], [gone], images=IMAGES, keys=frozenset({DB})))
    assert whose(steps) == {DB}


def published(at: str, key: ResourceKey, **more: Any) -> Instance:
    """An instance that publishes a port."""
    return instance(key=key, fields={"ports.5432/tcp": at}, **more)


@pytest.mark.parametrize(
    ("at", "goes"),
    [
        (":5432", True),
        ("0.0.0.0:5432", True),
        ("127.0.0.1:5432", True),
        (":5433", False),
    ],
)
def test_it_does_not_wait_for_one_that_waits_for_the_host_port_it_holds(
    at: str, goes: bool
) -> None:
    """The same under another name: its successor cannot start while it runs."""
    steps = renamed(":5432", published(at, DB))
    assert (DB in whose(steps)) is goes


def test_another_address_is_another_port() -> None:
    steps = renamed("127.0.0.1:5432", published("127.0.0.2:5432", DB))
    assert DB not in whose(steps)


def test_the_same_number_of_another_transport_is_another_port() -> None:
    db = instance(key=DB, fields={"ports.5432/udp": ":5432"})
    assert DB not in whose(renamed(":5432", db))


def test_what_holds_no_port_any_more_stands_in_no_way() -> None:
    assert DB not in whose(renamed(":5432", ended(published(":5432", DB))))


def renamed(at: str, db: Instance) -> list[Step]:
    """What is done where web is to use api, which takes the place of db."""
    api = {"image": "api:1", "ports": [f"{at.removeprefix(':')}:5432"]}
    web = {"image": "web:2", "depends_on": {"service/api": "healthy"}}
    made = stack(services={"api": api, "web": web})
    user = instance(depends=("service/db",))
    stopped = live(made, key=API, phase="created", ready=False)
    seen = observed([network()], [stopped, user, db], [good(made, API)], images=IMAGES)
    return Hand(made).look(seen)


@pytest.mark.parametrize(("older", "younger"), [(DB, WEB), (WEB, DB)])
def test_of_two_that_were_made_to_depend_on_one_another_the_younger_ends_first(
    older: ResourceKey, younger: ResourceKey
) -> None:
    one = instance(key=older, depends=(str(younger),), created_at_ns=1)
    other = instance(key=younger, depends=(str(older),), created_at_ns=2)
    hand = Hand(stack())
    steps = hand.look(observed([], [one, other]))
    assert whose(steps) == {younger}
    assert hand.status(older).message == f"waits for {younger} to go"


def test_of_three_in_a_ring_the_youngest_ends_first() -> None:
    three = [
        instance(key=DB, depends=(str(WEB),), created_at_ns=1),
        instance(key=API, depends=(str(DB),), created_at_ns=2),
        instance(key=WEB, depends=(str(API),), created_at_ns=3),
    ]
    steps = Hand(stack()).look(observed([], three))
    assert whose(steps) == {WEB}
