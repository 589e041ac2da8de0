"""Every name leads somewhere, and dependencies are resources."""

import pytest

from tests.spec.helpers import at, finding, findings, loaded

STATE = """\
    services:
      web:
        image: a
        depends_on: {db: started, migrate: completed, kafka: healthy, service/api: healthy}
      api: {image: a, depends_on: [db, migrate]}
      db: {image: a}
    jobs:
      migrate: {image: a, depends_on: {job/seed: completed}}
      seed: {image: a}
    external: {kafka: {}}
    """


def test_dependencies_are_keyed_by_resource() -> None:
    declared = loaded(STATE).stack.declared
    assert declared.services["web"].depends_on == {
        "service/db": "started", "job/migrate": "completed",
        "external/kafka": "healthy", "service/api": "healthy",
    }  # fmt: skip
    assert declared.services["api"].depends_on == {
        "service/db": "healthy", "job/migrate": "completed",
    }  # fmt: skip
    assert declared.jobs["migrate"].depends_on == {"job/seed": "completed"}


def test_a_dependency_keeps_its_place() -> None:
    positions = loaded(STATE).stack.positions
    found = {
        key: str(positions.find(("services", "web", "depends_on", key)))
        for key in ("service/db", "job/migrate")
    }
    assert found == {"service/db": "<stdin>:4:18", "job/migrate": "<stdin>:4:31"}
    assert str(positions.find(("services", "api", "depends_on", "service/db"))) == "<stdin>:5:32"


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("{dbb: healthy}", "R150", "did you mean 'db'?"),
        ("{service/dbb: healthy}", "R150", "did you mean 'service/db'?"),
        ("{volume/data: healthy}", "R150", "other resources come by their use"),
        ("{job/db: completed}", "R150", "did you mean 'job/seed'?"),
        ("{both: healthy}", "R151", "write service/both"),
        ("{db: healthy, service/db: started}", "R151", ""),
        ("{migrate: healthy}", "R152", "write completed"),
        ("{db: completed}", "R152", "write healthy or started"),
        ("{kafka: completed}", "R152", "write healthy or started"),
    ],
)
def test_a_dependency_that_cannot_be_met_is_refused(text: str, code: str, hint: str) -> None:
    state = STATE.replace(
        "{db: started, migrate: completed, kafka: healthy, service/api: healthy}", text
    )
    state = state.replace("external: {kafka: {}}", "external: {kafka: {}, both: {}}")
    found = finding(state.replace("db: {image: a}", "db: {image: a}\n      both: {image: a}"))
    assert found.code == code
    assert hint in found.hint or text.startswith("{job/db")


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("networks: [fron]", (4, 16)),
        ("volumes: ['dat:/x']", (4, 15)),
        ("configs: ['c:/x']", (4, 15)),
        ("secrets: ['s:/x']", (4, 15)),
        ("environment: {A: {secret: s}}", (4, 31)),
        ("environment: {A: {config: c}}", (4, 31)),
        ("routing: {zone: z}", (4, 21)),
        ("routing: {forward_auth: {service: x}}", (4, 39)),
        ("monitors: [{metric: m, above: 1}]", (4, 16)),
        ("autoscale: {max: 2, metrics: [{name: m, average: 1}]}", (4, 35)),
    ],
)
def test_a_missing_reference_is_reported_where_it_is_made(
    line: str, place: tuple[int, int]
) -> None:
    found = finding(f"services:\n  web:\n    image: a\n    {line}\n")
    assert (found.code, at(found)) == ("R150", place)


@pytest.mark.parametrize(
    "text",
    [
        "hooks: {before: [backup]}",
        "hooks: {after: [smoke]}",
        "budgets: {b: {limit: 1, terms: [{service: x}]}}",
        "budgets: {b: {external: pg, limit_name: max, terms: []}}",
        "external: {pg: {}}\nbudgets: {b: {external: pg, limit_name: max, terms: []}}",
        "adopt: {containers: {old: web}}",
        "adopt: {volumes: {old: data}}",
        "adopt: {networks: {old: other}}",
    ],
)
def test_so_is_one_of_the_stack(text: str) -> None:
    assert {d.code for d in findings(text)} == {"R150"}


def test_the_nearest_name_is_offered() -> None:
    text = "services: {web: {image: a, volumes: ['dat:/x']}}\nvolumes: {data: {}}"
    assert finding(text).hint == "did you mean 'data'?"


def test_the_default_network_is_always_there_and_paths_of_the_host_are_no_volumes() -> None:
    text = "services: {web: {image: a, networks: [default], volumes: ['/srv:/x']}}"
    assert loaded(text + "\nadopt: {networks: {old: default}}").stack.name == "t"
