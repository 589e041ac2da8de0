"""What a change costs, and why: each cause is found where its field is wrong, and not elsewhere."""

from pathlib import Path
from typing import Any

import pytest

from reconciler.model.units import NS_PER_S
from reconciler.rehearsal.assumptions import assumptions_of
from reconciler.rehearsal.run import run_seed
from tests.rehearsal.stacks import CHANGE, WEB, codes, cut, dropped, runs, task

SESSIONS = [
    {
        "service": "web", "rate": {"poisson": 50},
        "sessions": {"rate": {"poisson": 1}, "length": {"exponential": "1m"}},
    }
]  # fmt: skip
CHECKED_EDGE = {"kind": "haproxy", "interval": "500ms", "rise": 1, "fall": 2}


def test_a_change_behind_an_edge_that_drains_first_drops_nothing(tmp_path: Path) -> None:
    found = runs(task(tmp_path))
    assert dropped(found) == cut(found) == 0 and not codes(found)
    for run in found:
        assert run.verdict == "converged" and run.converged_ns is not None
        (web,) = run.services
        assert web.arrivals == web.served + web.in_flight
        assert web.least_ready == web.floor == 2


def test_without_readiness_an_instance_gets_requests_before_it_answers(tmp_path: Path) -> None:
    found = runs(task(tmp_path, {"readiness": None}, edge={"kind": "alb", "active": False},
                      behaviour={"web": {"ready": "5s"}}))  # fmt: skip
    assert "R633" in codes(found) and dropped(found) > 0
    cause = next(c for run in found for c in run.causes if c.code == "R633")
    assert cause.path == "services.web.readiness"


@pytest.mark.parametrize(
    ("termination", "code"),
    [
        ({"drain": "30s", "grace": "20s"}, "R622"),
        ({"drain": "1s", "grace": "30s"}, "R623"),
    ],
)
def test_what_cuts_requests_in_flight_is_told_with_its_line(
    tmp_path: Path, termination: dict[str, str], code: str
) -> None:
    slow = [{"service": "web", "rate": {"poisson": 20}, "service_time": {"exponential": "15s"}}]
    web = {"termination": termination, "routing": {"port": 8080}}
    found = runs(task(tmp_path, web, traffic=slow, lasts="4m"))
    assert code in codes(found)
    cause = next(c for run in found for c in run.causes if c.code == code)
    assert cause.position is not None and cause.position.file.endswith("shop.yaml")
    line = (tmp_path / "shop.yaml").read_text().splitlines()[cause.position.line - 1]
    assert cause.path.rpartition(".")[2] in line


def test_a_drain_that_fits_the_longest_request_loses_none(tmp_path: Path) -> None:
    slow = [{"service": "web", "rate": {"poisson": 20}, "service_time": "15s"}]
    web = {"termination": {"drain": "20s", "grace": "40s"}, "routing": {"port": 8080}}
    assert dropped(runs(task(tmp_path, web, traffic=slow, lasts="4m"))) == 0


def test_connections_that_outlast_the_drain_are_cut_and_counted(tmp_path: Path) -> None:
    found = runs(task(tmp_path, traffic=SESSIONS, edge=CHECKED_EDGE))
    assert cut(found) > 0 and codes(found) == {"R625"}
    long = {"routing": {"port": 8080, "drain": "10m"}}
    assert cut(runs(task(tmp_path, long, traffic=SESSIONS, lasts="30m"))) == 0


HOST_PORTS: dict[str, Any] = {
    "ports": ["8080-8081:8080"], "rollout": {"max_surge": 0, "max_unavailable": 1},
}  # fmt: skip
NGINX = {"kind": "nginx", "active": True, "interval": "2s", "rise": 1, "fall": 2}


def test_an_edge_that_nobody_tells_hears_late(tmp_path: Path) -> None:
    web = {**HOST_PORTS, "rollout": {**HOST_PORTS["rollout"], "min_ready": "15s"}}
    refused = runs(task(tmp_path, web, edge=NGINX))
    assert codes(refused) == {"R626"} and dropped(refused) > 0
    answers = {"web": {"on_stop": "finish", "drain": "10s", "stop": "6s"}}
    assert dropped(runs(task(tmp_path, web, edge=NGINX, behaviour=answers))) == 0


def test_what_counts_as_available_before_the_edge_has_let_it_in_leaves_a_gap(
    tmp_path: Path,
) -> None:
    answers = {"web": {"on_stop": "finish", "drain": "10s", "stop": "6s"}}
    slow = {**NGINX, "rise": 4}
    found = runs(task(tmp_path, HOST_PORTS, edge=slow, behaviour=answers))
    assert codes(found) == {"R634"}
    assert {cause.path for run in found for cause in run.causes} == {
        "services.web.rollout.min_ready"
    }


def test_a_cluster_hears_of_an_endpoint_within_pre_stop(tmp_path: Path) -> None:
    web = {"termination": {"drain": "5s", "grace": "40s", "pre_stop": "5s"}}
    made: dict[str, Any] = {"target": "kubernetes", "edge": {"kind": "kube-proxy"}}
    assert dropped(runs(task(tmp_path, web, **made))) == 0
    at_once = {"termination": {"drain": "5s", "grace": "40s"}}
    found = runs(task(tmp_path, at_once, **made))
    assert dropped(found) > 0 and codes(found) == {"R626"}
    cause = found[0].causes[0]
    assert cause.path == "services.web.termination.pre_stop"


def test_capacity_that_dips_to_nothing_is_told(tmp_path: Path) -> None:
    found = runs(task(tmp_path, {"rollout": {"strategy": "recreate"}}))
    assert "R643" in codes(found) and min(run.services[0].least_ready for run in found) == 0


def test_a_run_is_the_same_in_every_respect_when_it_is_repeated(tmp_path: Path) -> None:
    made = task(tmp_path, faults=[{"kind": "crash", "at": "40s", "on": "service/web"}])
    assert runs(made) == runs(made)
    assert len({run.digest for run in runs(made)}) == 3


def test_a_reconciler_that_is_killed_half_way_changes_only_the_time(tmp_path: Path) -> None:
    killed = [{"kind": "kill_reconciler", "at": "31s", "lasting": "20s"}]
    quiet, disturbed = runs(task(tmp_path)), runs(task(tmp_path, faults=killed))
    assert dropped(disturbed) == 0
    for one, other in zip(quiet, disturbed, strict=True):
        assert one.converged_ns is not None and other.converged_ns is not None
        assert other.converged_ns > one.converged_ns


def test_checks_are_judged_on_each_run(tmp_path: Path) -> None:
    checks = ["dropped <= 0", "p99 <= 1ms", "converged within 2m"]
    (run, *_) = runs(task(tmp_path, checks=checks))
    assert [check.holds for check in run.checks] == [True, False, True]
    assert not run.holds


def test_a_destroy_takes_everything_away(tmp_path: Path) -> None:
    (run, *_) = runs(task(tmp_path, changes=[{"at": "30s", "destroy": True}]))
    assert run.services[0].replicas_last == 0


def test_two_changes_are_two_plans(tmp_path: Path) -> None:
    second = {"at": "70s", "set": {"services.web.replicas": 3}}
    found = runs(task(tmp_path, changes=[CHANGE, second]))
    assert dropped(found) == 0
    assert all(run.services[0].replicas_last == 3 for run in found)


AFFINE = [
    {
        "service": "web", "rate": {"poisson": 20},
        "sessions": {
            "kind": "affine", "rate": {"poisson": 1}, "length": {"exponential": "20s"},
            "every": "2s",
        },
    }
]  # fmt: skip
TIED = {"port": 8080, "affinity": {"by": "header", "name": "X-Id", "timeout": "8s"}}


def test_sessions_whose_state_goes_with_their_instance_are_cut_and_their_drain_is_to_blame(
    tmp_path: Path,
) -> None:
    short = {"routing": {**TIED, "drain": "5s"}}
    found = runs(task(tmp_path, short, traffic=AFFINE, edge=CHECKED_EDGE))
    assert cut(found) > 0
    assert codes(found) == {"R645"}
    assert {cause.path for run in found for cause in run.causes} == {"services.web.routing.drain"}
    long = {"routing": {**TIED, "drain": "10m"}, "rollout": {"deadline": "1h"}}
    found = runs(task(tmp_path, long, traffic=AFFINE, edge=CHECKED_EDGE, lasts="30m"))
    assert cut(found) == 0
    assert all(run.verdict == "converged" for run in found)


def test_what_a_zone_refuses_is_put_down_to_the_zone(tmp_path: Path) -> None:
    zone = {"stack": {"zones": {"all": {"rate_per_s": 5, "burst": 5}}}}
    web = {"routing": {"port": 8080, "zone": "all"}}
    few = [{"service": "web", "rate": {"poisson": 100}, "clients": {"count": 2}}]
    found = runs(task(tmp_path, web, traffic=few, **zone))
    assert dropped(found) > 1000
    assert codes(found) == {"R628"}


def test_a_limit_inside_the_app_is_each_instances_own_and_begins_anew_with_it(
    tmp_path: Path,
) -> None:
    steady = [{"service": "web", "rate": {"constant": 20}, "service_time": "20ms"}]
    limited = {"web": {"limit": {"requests": 5, "per": "1s", "burst": 100}}}
    more: dict[str, Any] = {"traffic": steady, "behaviour": limited}
    lost = {}
    for replicas in (2, 4):
        found = runs(task(tmp_path, {"replicas": replicas}, changes=[], **more))
        lost[replicas] = sum(run.services[0].dropped.get("limited", 0) for run in found)
        assert lost[replicas] == dropped(found)
        assert codes(found) <= {"R644"}
    # 2 of them let 10 of 20 a second through, after 200 at once; 4 let all.
    assert lost[4] == 0
    assert 3 * (20 * 120 - 10 * 120 - 200 - 20) <= lost[2] <= 3 * (20 * 120 - 10 * 120 - 200 + 20)
    again = runs(task(tmp_path, **more))
    assert dropped(again) <= lost[2] - 3 * 150, "a replaced instance has a full bucket"


def test_an_instance_that_is_three_times_as_fast_is_as_fast_by_its_ordinal(tmp_path: Path) -> None:
    steady = [{"service": "web", "rate": {"constant": 20}, "service_time": "120ms"}]
    more: dict[str, Any] = {"traffic": steady, "changes": [], "lasts": "1m"}
    for speeds, p50, most in (([], 120, 120), ([3, 1], 40, 120), ([2, 0.5], 60, 240)):
        run = runs(task(tmp_path, behaviour={"web": {"speeds": speeds}}, **more), range(1))[0]
        latency = run.services[0].latency_ns
        assert latency["p50"] == pytest.approx(p50 * 10**6, rel=0.07)
        assert latency["max"] == pytest.approx(most * 10**6, rel=0.01)


def test_a_crash_is_told_in_the_timeline_also_of_an_instance_that_drains(tmp_path: Path) -> None:
    web = {"routing": {"port": 8080}, "termination": {"drain": "20s", "grace": "40s"}}
    crash = {"kind": "crash", "at": "36s", "on": "service/web"}
    slow = [{"service": "web", "rate": {"poisson": 20}, "service_time": "10s"}]
    for run in runs(task(tmp_path, web, faults=[crash], traffic=slow)):
        said = [m for m in run.moments if m.kind == "fault" and "ends by itself" in m.text]
        assert [m.at_ns for m in said] == [36 * 10**9] and "exit code 1" in said[0].text


@pytest.mark.parametrize("target", ["docker", "kubernetes"])
def test_what_runs_drains_as_it_was_made_and_a_mended_drain_holds_from_the_next_change_on(
    tmp_path: Path, target: str
) -> None:
    web = {"termination": {"drain": "2s", "grace": "17s"}}
    lasting = [{"service": "web", "rate": {"poisson": 5},
                "sessions": {"rate": {"poisson": 1}, "length": "30s"}}]  # fmt: skip
    mended = {"services.web.termination": {"drain": "40s", "grace": "60s", "pre_stop": "5s"}}
    changes = [
        {"at": "30s", "set": {"services.web.image": "web:2", **mended}},
        {"at": "150s", "set": {"services.web.image": "web:3"}},
    ]
    more: dict[str, Any] = {"traffic": lasting, "target": target, "lasts": "5m"}
    one = runs(task(tmp_path, web, changes=changes[:1], **more))
    both = runs(task(tmp_path, web, changes=changes, **more))
    assert cut(one) > 0
    assert cut(both) == cut(one), "the second change cuts none"
    (cause,) = {c.code: c for run in one for c in run.causes if c.sessions}.values()
    assert (cause.code, cause.path, cause.position) == (
        "R625", "services.web.termination.drain", None,
    )  # fmt: skip
    assert "from the change after this one on" in cause.fix


def test_a_cpu_limit_bounds_what_is_served_where_the_cost_of_a_request_is_given(
    tmp_path: Path,
) -> None:
    """4 of one core each serve 40 requests a second of 100 ms each, and not 400."""
    web = {"replicas": 4, "resources": {"limits": {"cpu": "1"}}}
    much = [{"service": "web", "rate": {"constant": 400}, "service_time": "100ms"}]
    made: dict[str, Any] = {"traffic": much, "changes": [], "lasts": "1m"}
    given = {"behaviour": {"web": {"cpu_per_request": "100ms"}}}
    for run in runs(task(tmp_path, web, **made, **given)):
        numbers = run.services[0]
        # 10 a second at each, and nothing that has begun is lost at the end.
        assert 40 * 60 - 8 <= numbers.served <= 40 * 60
        assert numbers.cpu_peak_percent == 100
        assert {cause.code for cause in run.causes} == {"R647"}
    # Nobody has said what a request costs: nothing follows from the limit.
    assert dropped(runs(task(tmp_path, web, **made))) == 0


@pytest.mark.parametrize(("cost", "mean"), [("30ms", "100ms"), ("80ms", "20ms"), ("10ms", "5ms")])
def test_what_a_cpu_limit_lets_through_is_never_above_limit_over_cost(
    tmp_path: Path, cost: str, mean: str
) -> None:
    web = {"replicas": 2, "resources": {"limits": {"cpu": "500m"}}}
    much = [{"service": "web", "rate": {"constant": 300}, "service_time": mean}]
    made: dict[str, Any] = {"traffic": much, "changes": [], "lasts": "1m"}
    most = 2 * 0.5 * 60 / (int(cost.removesuffix("ms")) / 1000)
    for run in runs(task(tmp_path, web, **made, behaviour={"web": {"cpu_per_request": cost}})):
        assert 0.7 * most <= run.services[0].served <= most + 2


def test_what_leaks_is_killed_within_a_second_of_its_limit_and_begins_anew(tmp_path: Path) -> None:
    """64 MiB of room at 4 MiB a second: gone after 16 s, and again as long after each start."""
    web = {
        "replicas": 1, "resources": {"limits": {"memory": "128Mi"}},
        "restart": {"policy": "always"},
    }  # fmt: skip
    steady = [{"service": "web", "rate": {"constant": 16}, "service_time": "5ms"}]
    leak = {"behaviour": {"web": {"memory": "64Mi", "memory_per_request": "256Ki"}}}
    made = task(tmp_path, web, traffic=steady, changes=[], lasts="2m", **leak)
    for seed in range(3):
        run, lines = run_seed(made, seed, keep=True)
        assert run.services[0].memory_peak_percent == 100
        # 16 to 17 s, and up to 2 s of start each time.
        assert 5 <= run.services[0].restarts <= 7, lines


def test_memory_that_grows_with_time_alone_ends_it_at_its_limit(tmp_path: Path) -> None:
    web = {
        "replicas": 1, "resources": {"limits": {"memory": "128Mi"}},
        "restart": {"policy": "always"},
    }  # fmt: skip
    grows = {"behaviour": {"web": {"memory": "64Mi", "memory_growth": "4Mi"}}}
    for run in runs(task(tmp_path, web, changes=[], lasts="2m", **grows)):
        assert 5 <= run.services[0].restarts <= 7
        assert run.services[0].memory_peak_percent == 100
        assert {cause.code for cause in run.causes} == {"R630"}


@pytest.mark.parametrize("target", ["docker", "kubernetes"])
@pytest.mark.parametrize(
    ("growth", "lasts", "least", "most"),
    [("4Mi", "2m", 100, 100), ("1Mi", "21s", 60, 70), ("0", "2m", 50, 50)],
)
def test_the_memory_of_what_nobody_asks_is_told_too(
    tmp_path: Path, target: str, growth: str, lasts: str, least: int, most: int
) -> None:
    web = {"replicas": 1, "resources": {"limits": {"memory": "128Mi"}}}
    grows = {"behaviour": {"web": {"memory": "64Mi", "memory_growth": growth}}}
    made = task(
        tmp_path, web, changes=[], traffic=[], checks=[f"memory(web) >= {least}%"], lasts=lasts,
        target=target, **grows,
    )  # fmt: skip
    for run in runs(made):
        assert run.holds and least <= run.services[0].memory_peak_percent <= most
    told = {each.what: each.value for each in assumptions_of(made.scenario, made.start)}
    assert told["web: memory at its start"] == "64Mi"


@pytest.mark.parametrize("target", ["docker", "kubernetes"])
def test_an_images_size_is_that_services_own(tmp_path: Path, target: str) -> None:
    """3 GB take half a minute at 100 MB a second, and its neighbour's image does not."""
    took = {}
    for name in ("web", "db"):
        changes = [{"at": "30s", "set": {f"services.{name}.image": f"{name}:2"}}]
        made = task(
            tmp_path, {"replicas": 1}, stack={"services": {"web": WEB, "db": {"image": "db:1"}}},
            changes=changes, behaviour={"web": {"image_size": "3G"}}, target=target, lasts="5m",
        )  # fmt: skip
        took[name] = max(run.converged_ns or 0 for run in runs(made))
    assert took["web"] > 30 * NS_PER_S > 20 * NS_PER_S > took["db"] > 0
