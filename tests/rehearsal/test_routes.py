"""A change of a service's routing: nothing of it before it is made, and what it costs then."""

from pathlib import Path
from typing import Any

import pytest

from reconciler.model.rehearsal import Cause, Run
from reconciler.model.units import NS_PER_S
from reconciler.rehearsal.report import report_of
from reconciler.rehearsal.run import Task, run_seed
from tests.rehearsal.stacks import codes, dropped, runs, task

COOKIE = {"by": "cookie", "name": "A", "timeout": "1h"}
AFFINE = [
    {
        "service": "web", "rate": {"constant": 5}, "clients": {"count": 5000},
        "sessions": {
            "kind": "affine", "rate": {"constant": 1}, "length": "2m", "every": "2s",
        },
    }
]  # fmt: skip
AT_NS = 150 * NS_PER_S


def routed(before: dict[str, Any], after: dict[str, Any], folder: Path, **more: Any) -> Task:
    """A service of four whose routing alone changes after two minutes and a half."""
    web = {"replicas": 4, "routing": {"port": 8080, **before}}
    changed = {"services.web.routing": {"port": 8080, **after}}
    said: dict[str, Any] = {
        "changes": [{"at": "150s", "set": changed}], "lasts": "5m", "traffic": AFFINE, **more,
    }  # fmt: skip
    return task(folder, web, **said)


def cause(run: Run, code: str) -> Cause:
    return next(c for c in run.causes if c.code == code)


def lost_before(run: Run) -> int:
    return sum(each.dropped for each in run.services[0].slices if each.at_ns < AT_NS)


@pytest.mark.parametrize("edge", ["nginx", "haproxy"])
def test_from_a_hash_to_a_cookie_three_of_four_sessions_are_mapped_anew(
    tmp_path: Path, edge: str
) -> None:
    made = routed(
        {"strategy": "ip_hash"}, {"affinity": COOKIE}, tmp_path, edge={"kind": edge}
    )  # fmt: skip
    for run in runs(made):
        web = run.services[0]
        # 120 are open; as many that begin later are tied from their first request on.
        assert 70 <= web.sessions_moved == web.sessions_remapped <= 110
        assert not web.dropped_total and not web.sessions_cut
        found = cause(run, "R650")
        assert found.moved == web.sessions_moved
        assert found.first_ns is not None and AT_NS <= found.first_ns <= AT_NS + NS_PER_S
        assert found.path == "services.web.routing.affinity"
        assert found.position is not None and found.position.file.endswith("scenario.yaml")


def test_with_the_hash_beside_the_cookie_none_moves(tmp_path: Path) -> None:
    after = {"affinity": COOKIE, "strategy": "ip_hash"}
    made = routed({"strategy": "ip_hash"}, after, tmp_path, edge={"kind": "nginx"})
    assert not codes(runs(made)) and all(not r.services[0].sessions_moved for r in runs(made))


def test_a_cookie_outlives_a_change_of_the_strategy_and_not_of_its_name(tmp_path: Path) -> None:
    before = {"affinity": COOKIE}
    other = {"affinity": COOKIE, "strategy": "least_connections", "timeouts": {"request": "30s"}}
    for run in runs(routed(before, other, tmp_path)):
        assert not run.services[0].sessions_moved and not run.causes
    for run in runs(routed(before, {"affinity": {**COOKIE, "name": "B"}}, tmp_path)):
        assert run.services[0].sessions_moved > 70
        assert "by cookie A to an affinity by cookie B" in cause(run, "R650").text


SLOW = [{"service": "web", "rate": {"constant": 4}, "service_time": "3s"}]


def test_a_shorter_timeout_holds_for_what_comes_after_it_and_is_to_blame(tmp_path: Path) -> None:
    after = {"timeouts": {"request": "2s"}}
    for run in runs(routed({}, after, tmp_path, traffic=SLOW)):
        assert lost_before(run) == 0
        # 150 s at 4 a second, but for those of the last two seconds.
        assert run.services[0].dropped == {"timeout": pytest.approx(592, abs=2)}
        found = cause(run, "R651")
        assert found.requests == run.dropped_total
        assert found.path == "services.web.routing.timeouts.request"
        assert found.position is not None
    longer = routed(after, {}, tmp_path, traffic=SLOW)
    for run in runs(longer):
        # What the edge has at the change keeps the time that it had.
        assert lost_before(run) == pytest.approx(592, abs=2)
        assert run.dropped_total == pytest.approx(600, abs=2)


def test_a_zone_limits_from_when_it_is_named_and_until_it_is_taken_out(tmp_path: Path) -> None:
    zone: dict[str, Any] = {
        "stack": {"zones": {"all": {"rate_per_s": 1, "burst": 5}}},
        "traffic": [{"service": "web", "rate": {"constant": 10}, "clients": {"count": 1}}],
    }
    named = {"zone": "all"}
    for run in runs(routed({}, named, tmp_path, **zone)):
        assert lost_before(run) == 0 and run.dropped_total == pytest.approx(1500 - 155, abs=3)
        assert cause(run, "R628").position is not None
    for run in runs(routed(named, {}, tmp_path, **zone)):
        assert lost_before(run) == run.dropped_total == pytest.approx(1500 - 155, abs=3)
        found = cause(run, "R628")
        assert "zone all" in found.text and found.position is None
        assert "the state says otherwise now" in found.fix


def test_a_changed_zone_is_another_limit_of_what_was_used(tmp_path: Path) -> None:
    change = {"at": "150s", "set": {"zones.all.rate_per_s": 2}}
    made = task(
        tmp_path, {"routing": {"port": 8080, "zone": "all"}}, changes=[change], lasts="5m",
        stack={"zones": {"all": {"rate_per_s": 1, "burst": 5}}},
        traffic=[{"service": "web", "rate": {"constant": 10}, "clients": {"count": 1}}],
    )  # fmt: skip
    for run in runs(made):
        assert run.services[0].served == pytest.approx(150 * 1 + 5 + 150 * 2, abs=4)


def test_weights_share_out_from_when_they_are_given(tmp_path: Path) -> None:
    """One is slow and refuses what it has no room for: that tells what comes to it."""
    steady = [{"service": "web", "rate": {"constant": 40}, "service_time": "10s"}]
    weighted = {"replicas": 2, "routing": {"port": 8080, "strategy": "weighted"}}
    more: dict[str, Any] = {
        "traffic": steady,
        "lasts": "2m",
        "edge": {"kind": "haproxy", "retries": 0},
        "behaviour": {"web": {"concurrency": 8, "backlog": 0, "speeds": [100, 0.01]}},
    }
    changes = [{"at": "60s", "set": {"services.web.weights": [3, 1]}}]
    for run in runs(task(tmp_path, weighted, **more, changes=[])):
        assert run.services[0].dropped["full"] == pytest.approx(120 * 20 - 8, abs=3)
    for run in runs(task(tmp_path, weighted, **more, changes=changes)):
        assert run.services[0].dropped["full"] == pytest.approx(60 * 20 + 60 * 10 - 8, abs=5)


@pytest.mark.parametrize("more", [{}, {"services.web.rollout.min_ready": "1s"}])
def test_a_cluster_ties_clients_once_the_object_is_written_and_kube_proxy_has_heard(
    tmp_path: Path, more: dict[str, str]
) -> None:
    tied = {"by": "client_ip", "timeout": "10m"}
    changed = {"services.web.routing": {"port": 8080, "affinity": tied}, **more}
    moved = {}
    for lag in (3, 63):
        made = task(
            tmp_path, {"replicas": 4, "routing": {"port": 8080}}, traffic=AFFINE, lasts="5m",
            changes=[{"at": "150s", "set": changed}], target="kubernetes",
            edge={"kind": "kube-proxy", "lag": f"{lag}s"},
        )  # fmt: skip
        run, lines = run_seed(made, 0, keep=True)
        moved[lag] = run.services[0].sessions_moved
        assert any(" changed " in line for line in lines) is bool(more)
        assert "R650" not in codes([run]), "nothing has tied them before"
    # Of 120 sessions each asks every 2 s, and is elsewhere three times of four until it is tied.
    assert moved[63] - moved[3] == pytest.approx(60 * 60 * 3 / 4, rel=0.1)


def test_what_is_written_to_no_cluster_routes_nothing(tmp_path: Path) -> None:
    """The API server is away for good: the change of routing never comes about."""
    changed = {
        "services.web.routing": {"port": 8080, "timeouts": {"request": "1s"}},
        "services.web.environment.VERSION": "2",
    }
    more: dict[str, Any] = {
        "changes": [{"at": "60s", "set": changed}],
        "traffic": SLOW,
        "lasts": "2m",
        "target": "kubernetes",
        "edge": {"kind": "kube-proxy"},
    }
    assert dropped(runs(task(tmp_path, **more))) > 0
    away = [{"kind": "unreachable", "at": "50s", "lasting": "70s"}]
    assert dropped(runs(task(tmp_path, **more, faults=away))) == 0


def assumed(made: Task) -> dict[str, str]:
    report = report_of(made, runs(made, range(1)), title="t", replay="r")
    return {a.what: a.value for a in report.assumptions if a.origin == "assumed"}


def test_what_takes_effect_is_not_assumed_and_what_does_not_is_named(tmp_path: Path) -> None:
    made = routed({}, {"strategy": "random", "affinity": COOKIE, "drain": "5s"}, tmp_path)
    assert not [what for what in assumed(made) if "rout" in what or "edge" in what]
    made = routed({}, {"host": "a.example.com", "timeouts": {"idle": "5m"}}, tmp_path)
    assert assumed(made)["web: another routing.host and routing.timeouts.idle"]
    door = {"edge": {"kind": "foreign"}}
    changes = [{"at": "20s", "set": {"edge": {"kind": "own"}}}]
    made = task(tmp_path, stack=door, changes=changes)
    text = assumed(made)["web: the kind of edge before it"]
    assert text == "as after the last change, from the beginning"


def test_a_front_door_that_asks_more_often_does_so_from_the_change_on(tmp_path: Path) -> None:
    """One hangs after the change: it is out after two checks of a second, and not of thirty."""
    lost = []
    for changes in ([], [{"at": "20s", "set": {"edge.check_interval": "1s"}}]):
        made = task(
            tmp_path,
            {
                "routing": {"port": 8080, "timeouts": {"request": "20s"}},
                "ports": ["8080-8081:8080"], "rollout": {"max_surge": 0, "max_unavailable": 1},
            },
            changes=changes, stack={"edge": {"kind": "foreign", "check_interval": "30s"}},
            faults=[{"kind": "hang", "at": "40s", "on": "web", "lasting": "50s"}], lasts="2m",
        )  # fmt: skip
        lost.append(dropped(runs(made)))
    assert lost[0] > 5 * lost[1] > 0
