"""Environments: overlays, what is left out, defaults."""

import pytest

from reconciler.model.diagnostic import DiagnosticsError
from reconciler.spec.load import find_environments, load
from tests.spec.helpers import at, finding, findings, loaded, web

STATE = """\
    environments:
      scaled:
        description: Four.
        services: {web: {replicas: 4, labels: {tier: null, size: big}}}
      small:
        without: [db]
        services: {web: {depends_on: {db: null}}}
        volumes: {data: null}
        defaults: {protect: true}
    services:
      web: {image: a, replicas: 2, labels: {tier: front}, depends_on: {db: healthy}}
      db: {image: b}
    volumes: {data: {}}
    """


def test_without_an_environment_nothing_is_laid_over() -> None:
    state = loaded(STATE)
    assert (state.stack.environment, state.stack.declared.services["web"].replicas) == ("", 2)


def test_an_environment_is_merged_by_key() -> None:
    state = loaded(STATE, environment="scaled")
    service = state.stack.declared.services["web"]
    assert (state.stack.environment, service.replicas, service.image) == ("scaled", 4, "a")
    assert service.labels == {"size": "big"}


def test_an_environment_leaves_services_out_and_removes_by_null() -> None:
    declared = loaded(STATE, environment="small").stack.declared
    assert list(declared.services) == ["web"]
    assert (declared.volumes, declared.services["web"].depends_on) == ({}, {})
    assert declared.services["web"].protect


def test_what_depends_on_something_left_out_must_be_told() -> None:
    found = finding(
        STATE.replace("services: {web: {depends_on: {db: null}}}", ""), environment="small"
    )
    assert (found.code, at(found)) == ("R150", (11, 68))


def test_an_external_takes_the_place_of_a_service_left_out() -> None:
    text = STATE.replace("services: {web: {depends_on: {db: null}}}", "external: {db: {}}")
    service = web(text, environment="small")
    assert service.depends_on == {"external/db": "healthy"}


def test_an_unknown_environment_is_refused_with_the_nearest_and_the_list() -> None:
    found = finding(STATE, environment="scale")
    assert found.code == "R120"
    assert found.hint == "did you mean 'scaled'? there are: scaled and small"


def test_leaving_out_what_is_not_there_is_refused() -> None:
    found = finding(STATE.replace("without: [db]", "without: [wbe]"), environment="small")
    assert (found.code, found.hint, at(found)) == ("R121", "did you mean 'web'?", (6, 15))


def test_removing_what_is_not_there_is_a_warning() -> None:
    text = STATE.replace("tier: null", "teir: null")
    [warning] = loaded(text, environment="scaled").warnings
    assert (warning.code, warning.severity) == ("R122", "warning")
    assert "services.web.labels.teir" in warning.summary


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("replicas: 4", "replcas: 4", ["R111"]),
        ("replicas: 4", "replicas: four", ["R113"]),
        ("replicas: 4", "replicas: '${N}'", []),
        ("replicas: 4", "termination: {grace: '${G}'}", []),
        ("replicas: 4", "replicas: null", []),
        ("replicas: 4", "readiness: {http: {path: /x}}", []),
        ("without: [db]", "with: [db]", ["R111"]),
        ("without: [db]", "templates: {}", ["R111"]),
        ("protect: true", "protekt: true", ["R111"]),
        ("description: Four.", "description: [Four]", ["R113"]),
    ],
)
def test_environments_are_checked_even_if_not_chosen(old: str, new: str, codes: list[str]) -> None:
    text = STATE.replace(old, new)
    assert text != STATE
    if codes:
        assert [d.code for d in findings(text)] == codes
    else:
        assert loaded(text).stack.name == "t"


def test_the_environments_of_a_state_can_be_listed() -> None:
    import textwrap

    found = find_environments(["-"], stdin=textwrap.dedent(STATE))
    assert found == {"scaled": "Four.", "small": ""}


def test_listing_the_environments_of_a_broken_state_is_refused() -> None:
    with pytest.raises(DiagnosticsError):
        find_environments(["-"], stdin="environments: 5")


def test_an_empty_environment_is_fine() -> None:
    assert loaded("environments: {same: }", environment="same").stack.environment == "same"


DEFAULTS = """\
    defaults:
      image: base
      environment: {A: 1, B: 2}
      ports: ["80"]
      routing: {host: example.com}
    services:
      web: {environment: [B=3], ports: ["81", "8080:80"], routing: null}
      plain: {}
    """


def test_defaults_are_laid_under_every_service() -> None:
    services = loaded(DEFAULTS).stack.declared.services
    assert {name: v.value for name, v in services["web"].environment.items()} == {
        "A": "1",
        "B": "3",
    }
    assert [(p.container, p.host) for p in services["web"].ports] == [(80, 8080), (81, None)]
    assert services["web"].routing is None
    assert services["plain"].image == "base"


def test_a_default_is_found_where_it_was_written() -> None:
    positions = loaded(DEFAULTS).stack.positions
    assert str(positions.find(("services", "plain", "image"))) == "<stdin>:2:3"
    assert str(positions.find(("services", "plain"))) == "<stdin>:8:3"


def test_a_default_changes_nothing_for_others() -> None:
    with pytest.raises(DiagnosticsError) as error:
        load(["-"], stdin="name: t\ndefaults: {imag: x}\nservices: {}", env={})
    assert [d.code for d in error.value.diagnostics] == ["R111"]
