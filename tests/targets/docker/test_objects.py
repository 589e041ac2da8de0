"""Networks, volumes and records on the real engine."""

import threading

import pytest

from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.step import DONE, ApplyObject, DeleteObject, DropRecord, Outcome, WriteRecord
from reconciler.targets.docker.target import DockerTarget
from tests.targets.docker.live import DEADLINE_NS, NETWORK, SLEEP, WEB, Held, Live

pytestmark = pytest.mark.live

DATA = ResourceKey("volume", "data")


def test_each_network_gets_a_subnet_of_its_own_and_the_same_one_again(live: Live) -> None:
    back = ResourceKey("network", "back")
    live.network()
    live.done(ApplyObject(back, {"internal": True}))
    seen = live.observe().objects
    first, second = seen[NETWORK].fields["subnet"], seen[back].fields["subnet"]
    assert first != second and seen[back].fields["internal"] is True
    assert seen[NETWORK].defaults["subnet"] == first
    live.done(DeleteObject(NETWORK, seen[NETWORK].id, seen[NETWORK].fingerprint))
    live.network()
    assert live.observe().objects[NETWORK].fields["subnet"] == first


def test_a_subnet_that_is_taken_is_passed_over(live: Live) -> None:
    live.network()
    taken = live.observe().objects[NETWORK]
    live.done(DeleteObject(NETWORK, taken.id, taken.fingerprint))
    pool = {"Driver": "default", "Config": [{"Subnet": taken.fields["subnet"]}]}
    foreign = live.raw.create_network(f"{live.stack}-foreign", ipam=pool)["Id"]
    try:
        live.network()
        assert live.observe().objects[NETWORK].fields["subnet"] != taken.fields["subnet"]
        wanted = {"internal": False, "subnet": taken.fields["subnet"]}
        outcome = live.do(ApplyObject(ResourceKey("network", "asks"), wanted))
        assert (outcome.kind, outcome.code) == ("terminal", "R440")
    finally:
        live.raw.remove_network(foreign)


def test_a_network_with_a_given_subnet_is_as_asked(live: Live) -> None:
    fields = {"internal": False, "subnet": "10.127.252.0/24"}
    live.done(ApplyObject(NETWORK, fields))
    live.done(ApplyObject(NETWORK, fields))
    seen = live.observe().objects[NETWORK]
    assert seen.fields["subnet"] == "10.127.252.0/24" and "subnet" not in seen.defaults
    outcome = live.do(ApplyObject(NETWORK, {"internal": True}, seen.fingerprint))
    assert (outcome.kind, outcome.code) == ("terminal", "R432")
    assert live.do(ApplyObject(NETWORK, fields, "other")).kind == "conflict"


def test_a_network_in_use_is_not_removed(live: Live) -> None:
    made = live.run()
    seen = live.observe().objects[NETWORK]
    assert seen.users == (made.id,)
    assert live.do(DeleteObject(NETWORK, seen.id, seen.fingerprint)).kind == "conflict"
    assert NETWORK in live.observe().objects


def test_a_foreign_holder_of_a_name_is_seen_and_not_touched(live: Live) -> None:
    network = live.raw.create_network(f"{live.stack}_default")["Id"]
    live.raw.create_volume(f"{live.stack}_data")
    try:
        seen = live.observe(wanted=(NETWORK, DATA)).objects
        assert not seen[NETWORK].owned and not seen[DATA].owned
        assert live.observe().objects == {}
        for key in (NETWORK, DATA):
            outcome = live.do(ApplyObject(key, {"internal": False} if key == NETWORK else {}))
            assert (outcome.kind, outcome.code) == ("conflict", "R424")
            assert live.do(DeleteObject(key, seen[key].id)).kind == "conflict"
        assert live.create({**SLEEP, "volumes./data": "data"}).code == "R424"
    finally:
        live.raw.remove_network(network)
        live.raw.remove_volume(f"{live.stack}_data")


def test_two_that_make_a_network_at_once_make_one(live: Live) -> None:
    targets = [DockerTarget(live.stack, Held()) for _ in range(4)]
    outcomes = at_once([
        lambda t=t: t.perform(ApplyObject(NETWORK, {"internal": False}), DEADLINE_NS)
        for t in targets
    ])  # fmt: skip
    for target in targets:
        target.close()
    assert {o.kind for o in outcomes} <= {"done", "conflict"}, outcomes
    names = [n["Name"] for n in live.raw.networks(names=[f"{live.stack}_default"])]
    assert names == [f"{live.stack}_default"]


def test_a_volume_keeps_its_data_and_its_options(live: Live) -> None:
    fields = {"driver": "local", "options.type": "tmpfs", "options.device": "tmpfs"}
    live.done(ApplyObject(DATA, fields))
    seen = live.observe().objects[DATA]
    assert dict(seen.fields) == fields
    live.done(ApplyObject(DATA, fields, seen.fingerprint))
    outcome = live.do(ApplyObject(DATA, {"driver": "local"}, seen.fingerprint))
    assert (outcome.kind, outcome.code) == ("terminal", "R432")
    live.done(DeleteObject(DATA, seen.id, seen.fingerprint))
    live.done(DeleteObject(DATA, seen.id, seen.fingerprint))


def test_a_volume_in_use_is_not_removed(live: Live) -> None:
    live.done(ApplyObject(DATA, {"driver": "local"}))
    made = live.run({**SLEEP, "volumes./data": "data"})
    seen = live.observe().objects[DATA]
    assert seen.users == (made.id,)
    assert live.do(DeleteObject(DATA, seen.id, seen.fingerprint)).kind == "conflict"


def test_removing_an_instance_keeps_its_named_volume(live: Live) -> None:
    live.done(ApplyObject(DATA, {"driver": "local"}))
    made = live.run({**SLEEP, "volumes./data": "data"})
    live.end(made)
    assert DATA in live.observe().objects


def test_a_record_is_written_once_and_read_back(live: Live) -> None:
    record = Record("revision", "service/web", 1, {"revision": "r1", "outcome": "good", "n": [1]})
    live.done(WriteRecord(WEB, record))
    assert live.do(WriteRecord(WEB, record)).kind == "conflict"
    assert live.observe().records == (record,)
    live.done(DropRecord(WEB, record))
    live.done(DropRecord(WEB, record))
    assert live.observe().records == ()


def test_of_many_writers_of_one_record_exactly_one_wins(live: Live) -> None:
    targets = [DockerTarget(live.stack, Held()) for _ in range(4)]
    for seq in range(1, 9):
        outcomes = at_once([
            lambda t=t, n=n, seq=seq: t.perform(
                WriteRecord(WEB, Record("lock", "stack", seq, {"holder": n})), DEADLINE_NS)
            for n, t in enumerate(targets)
        ])  # fmt: skip
        winners = [n for n, outcome in enumerate(outcomes) if outcome == DONE]
        assert len(winners) == 1 and {o.kind for o in outcomes} == {"done", "conflict"}
        (found,) = [r for r in live.observe().records if r.seq == seq]
        assert found.body == {"holder": winners[0]}
    for target in targets:
        target.close()


def test_a_record_that_is_too_large_is_refused(live: Live) -> None:
    outcome = live.do(WriteRecord(WEB, Record("hold", "web", 1, {"x": "y" * 5000})))
    assert (outcome.kind, outcome.code) == ("terminal", "R436")


def test_records_with_strange_names_do_not_meet(live: Live) -> None:
    for name in ("a/b", "a_b", "a b", "x" * 300):
        live.done(WriteRecord(WEB, Record("hold", name, 1, {"name": name})))
    assert {r.body["name"] for r in live.observe().records} == {"a/b", "a_b", "a b", "x" * 300}


def at_once(calls: list) -> list[Outcome]:
    """What each call gave, all begun at the same time."""
    gate = threading.Barrier(len(calls))
    outcomes: list[Outcome] = [DONE] * len(calls)

    def run(number: int) -> None:
        gate.wait()
        outcomes[number] = calls[number]()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
