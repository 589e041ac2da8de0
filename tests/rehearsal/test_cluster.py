"""From what a cluster is to what a run begins with: only real differences are changes."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.container import EnvValue, FileMount, Mount
from reconciler.model.lifecycle import Probe, TcpProbe
from reconciler.model.observed import Scope
from reconciler.model.scenario import Profile, Scenario
from reconciler.model.service import Job, Service
from reconciler.model.stack import Config, Secret, Stack, Volume
from reconciler.model.survey import Survey
from reconciler.model.traffic import Affinity, Routing
from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.rehearsal.cluster import Ground, answers_after_ns, ground_of, routed_by
from reconciler.rehearsal.report import report_of
from reconciler.rehearsal.run import Task, run_seed
from reconciler.rehearsal.stage import Stage
from reconciler.sim.cluster import SimCluster
from reconciler.sim.landing import land
from reconciler.sim.world import World
from reconciler.targets.kubernetes.target import KubernetesTarget
from tests.targets.kubernetes.recorded import STACK, Recorded, newer, recorded

EMPTY = Scenario(state="")


def surveyed(api: Recorded | None = None) -> Survey:
    return KubernetesTarget(STACK, api=api or recorded()).survey(
        Scope(STACK), ("web", "db", "lone")
    )


def asked(survey: Survey, **web: Any) -> Stack:
    """The stack as it runs, said as a state would say it, but for these fields of `web`."""
    live = survey.declared.services["web"]
    said: dict[str, Any] = {
        "environment": {
            **live.environment, "DB_PASSWORD": EnvValue(secret="db-password"),
        },
        "configs": (FileMount(source="greeting", target="/etc/motd.d/motd"),),
        "secrets": (FileMount(source="db-password", target="/run/secrets/db", mode="0644"),),
        "volumes": (Mount(source="scratch", target="/scratch"),),
        "networks": ("front",), "aliases": ("www",), "routing": None, **web,
    }  # fmt: skip
    services: dict[str, Service] = {**survey.declared.services, "web": replace(live, **said)}
    declared = replace(
        survey.declared, services=services, volumes={"scratch": Volume()},
        configs={"greeting": Config(digest=survey.declared.configs["motd"].digest)},
        secrets={"db-password": Secret(digest="abc")},
    )  # fmt: skip
    return Stack(declared)


def plan_of(ground: Ground) -> dict[str, list[str]]:
    """The plan on the landed world: by resource, the fields that differ."""
    world = World.fresh(1)
    land(world, ground.landed)
    stage = Stage(world, SimCluster(world, STACK), ground.start)
    changes = stage.plan(ground.wanted).changes
    return {str(c.key): [field.path for field in c.fields] for c in changes}


def services_in(plan: dict[str, list[str]]) -> dict[str, list[str]]:
    return {key: paths for key, paths in plan.items() if key.startswith("service/")}


def test_a_state_that_says_what_runs_changes_nothing_of_it() -> None:
    survey = surveyed()
    plan = plan_of(ground_of(survey, asked(survey), EMPTY))
    assert services_in(plan) == {}
    assert [key for key in plan if key.startswith(("secret/", "network/"))] == []


@pytest.mark.parametrize(
    ("web", "paths"),
    [
        ({"image": "local/busybox:2"}, ["image"]),
        ({"readiness": None}, None),
        ({"readiness": Probe(tcp=TcpProbe(port=8080), period=2 * NS_PER_S)}, ["readiness.period"]),
        ({"command": ("sh",)}, ["command"]),
        ({"labels": {}}, ["labels.tier"]),
        ({"secrets": ()}, ["secrets./run/secrets/db"]),
        ({"volumes": ()}, ["volumes./scratch"]),
        ({"configs": ()}, ["configs./etc/motd.d/motd"]),
    ],
)
def test_each_field_that_differs_is_a_change(web: Any, paths: list[str] | None) -> None:
    survey = surveyed()
    found = services_in(plan_of(ground_of(survey, asked(survey, **web), EMPTY)))
    assert set(found) == {"service/web"}
    if paths is not None:
        assert found["service/web"] == paths


def test_what_is_rolled_and_promised_differently_is_a_change_too() -> None:
    survey = surveyed()
    live = survey.declared.services["web"]
    requests = replace(live.resources.requests, cpu=75)
    web = {
        "rollout": replace(live.rollout, max_surge=2),
        "resources": replace(live.resources, requests=requests),
        "termination": replace(live.termination, grace=45 * NS_PER_S),
    }
    found = services_in(plan_of(ground_of(survey, asked(survey, **web), EMPTY)))
    assert found == {"service/web": ["resources.cpu_request", "rollout.max_surge", "stop.grace"]}


def test_a_config_with_other_content_is_a_change_and_an_unread_one_is_taken_for_the_same() -> None:
    survey = surveyed()
    stack = asked(survey)
    other = replace(stack.declared, configs={"greeting": Config(digest="0123456789abcdef")})
    found = services_in(plan_of(ground_of(survey, Stack(other), EMPTY)))
    assert found == {"service/web": ["configs./etc/motd.d/motd"]}

    api = recorded()
    api.refused["/api/v1/namespaces/shop/configmaps"] = 403
    (item,) = api.of("deployments", "web")["spec"]["template"]["spec"]["volumes"][:1]
    item["configMap"]["items"] = [{"key": "motd", "path": "motd"}]
    hidden = surveyed(api)
    mount = (FileMount(source="motd", target="/etc/motd.d/motd"),)
    wanted = replace(stack.declared, configs={"motd": Config(digest="0123456789abcdef")})
    services = {**wanted.services, "web": replace(wanted.services["web"], configs=mount)}
    ground = ground_of(hidden, Stack(replace(wanted, services=services)), EMPTY)
    assert services_in(plan_of(ground)) == {}
    assert any("configmaps may not be listed" in fact.value for fact in ground.facts)


def test_what_is_absent_is_created_and_what_no_state_asks_for_is_left() -> None:
    survey = KubernetesTarget(STACK, api=recorded()).survey(Scope(STACK), ("web", "api"))
    wanted = replace(
        asked(surveyed()).declared,
        services={"web": asked(surveyed()).declared.services["web"], "api": Service(image="a:1")},
    )
    plan = plan_of(ground_of(survey, Stack(wanted), EMPTY))
    assert set(services_in(plan)) == {"service/api"}  # and neither db nor lone is deleted


def test_what_waits_for_something_that_is_not_there_yet_waits_for_it() -> None:
    survey = KubernetesTarget(STACK, api=recorded()).survey(Scope(STACK), ("web", "api"))
    stack = asked(surveyed(), depends_on={"service/api": "healthy", "job/migrate": "completed"})
    wanted = replace(
        stack.declared, jobs={"migrate": Job(image="local/busybox:1")},
        services={"web": stack.declared.services["web"], "api": Service(image="a:1")},
    )  # fmt: skip
    ground = ground_of(survey, Stack(wanted), replace(EMPTY, lasts=600 * NS_PER_S))
    assert set(plan_of(ground)) >= {"service/api", "job/migrate"}
    task = Task(ground.scenario, ground.start, ((NS_PER_S, ground.wanted),), landed=ground.landed)
    run, _ = run_seed(task, 1)
    assert run.verdict == "converged"


def test_the_affinity_of_a_live_service_holds_where_the_state_says_nothing() -> None:
    survey = surveyed()
    ground = ground_of(survey, asked(survey), EMPTY)
    routing = ground.wanted.declared.services["web"].routing
    assert routing is not None and routing.affinity is not None
    assert (routing.affinity.by, routing.affinity.timeout) == ("client_ip", 600 * NS_PER_S)
    own = Routing(affinity=Affinity(by="client_ip", timeout=NS_PER_S))
    ground = ground_of(survey, asked(survey, routing=own), EMPTY)
    assert ground.wanted.declared.services["web"].routing == own
    assert routed_by(survey) == {"web"}


def test_what_runs_is_tied_as_its_service_says_and_routed_as_the_state_says_else() -> None:
    survey = surveyed()
    tied = Affinity(by="client_ip", timeout=600 * NS_PER_S)
    for asked_for, runs in (
        (None, Routing(affinity=tied)),
        (
            Routing(affinity=replace(tied, timeout=NS_PER_S), drain=5),
            Routing(affinity=tied, drain=5),
        ),
        (Routing(affinity=Affinity(by="cookie", name="A")), Routing(affinity=tied)),
    ):
        ground = ground_of(survey, asked(survey, routing=asked_for), EMPTY)
        assert ground.start.declared.services["web"].routing == runs
    # A Service that ties nobody ties nobody before the change that asks for it.
    web = survey.workloads["web"]
    untied = replace(web, service=replace(web.service, routing=Routing()))
    survey = replace(survey, workloads={**survey.workloads, "web": untied})
    by_cookie = Routing(affinity=Affinity(by="cookie", name="A"))
    for own, runs in ((Routing(affinity=tied), Routing()), (by_cookie, by_cookie)):
        ground = ground_of(survey, asked(survey, routing=own), EMPTY)
        assert ground.start.declared.services["web"].routing == runs


def test_the_scenario_is_of_the_clusters_version_and_measured_values_give_way_to_given() -> None:
    survey = surveyed(newer())
    ground = ground_of(survey, asked(survey), EMPTY)
    assert (ground.scenario.target, ground.scenario.kubernetes_version) == ("kubernetes", "1.34")
    assert {"web.ready", "web.start", "web.memory"} <= ground.measured
    profile = ground.scenario.behaviour["web"]
    assert profile.ready is not None and NS_PER_S <= profile.ready <= 3 * NS_PER_S
    assert profile.memory == 21504 * 1024
    given = replace(EMPTY, behaviour={"web": Profile(ready=9 * NS_PER_S)})
    ground = ground_of(survey, asked(survey), given)
    assert ground.scenario.behaviour["web"].ready == 9 * NS_PER_S
    assert "web.ready" not in ground.measured and "web.start" in ground.measured


@pytest.mark.parametrize(
    ("seen_s", "probe", "answers_s"),
    [
        (3, {"period": NS_PER_S}, 2.5),
        (1, {"period": NS_PER_S}, 0.5),
        (20, {"period": 10 * NS_PER_S}, 15),
        (30, {"delay": 30 * NS_PER_S, "period": 10 * NS_PER_S}, 15),
        (40, {"delay": 30 * NS_PER_S, "period": 10 * NS_PER_S}, 35),
        (25, {"period": 10 * NS_PER_S, "successes": 2}, 10),
    ],
)
def test_an_app_answers_within_the_period_before_it_was_found_ready(
    seen_s: int, probe: dict[str, int], answers_s: float
) -> None:
    found = answers_after_ns(seen_s * NS_PER_S, Probe(tcp=TcpProbe(port=1), **probe))
    assert found == answers_s * NS_PER_S
    assert answers_after_ns(0, Probe()) == NS_PER_MS


def test_the_report_says_what_was_measured_and_what_was_taken_for_the_service() -> None:
    survey = surveyed()
    ground = ground_of(
        survey, asked(survey, image="local/busybox:2"), replace(EMPTY, lasts=NS_PER_S)
    )
    task = Task(
        ground.scenario, ground.start, ((NS_PER_S // 2, ground.wanted),), landed=ground.landed,
        facts=ground.facts, measured=ground.measured,
    )  # fmt: skip
    run, _ = run_seed(task, 1)
    assert run == run_seed(task, 1)[0]
    report = report_of(task, [run], title="t", replay="r")
    told = {each.what: (each.value, each.origin) for each in report.assumptions}
    assert told["web: time until it answers"][1] == "measured"
    assert told["web: on the stop signal it will"][1] == "assumed"
    taken, origin = told["web: taken from"]
    assert origin == "measured" and taken.startswith("Deployment web, found by its name, 4 pods")
    assert "5 that end" in taken and "it is not ours" in taken and "being rolled" in taken
    origins = [each.origin for each in report.assumptions]
    assert origins == sorted(origins, key=("assumed", "given", "measured").index)
