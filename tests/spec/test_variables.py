"""Placeholders and where their values come from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.spec.variables import Malformed, Missing, fill
from tests.spec.helpers import at, finding, findings, loaded, web

VALUES = {"A": "1", "EMPTY": "", "B": "two"}


@pytest.mark.parametrize(
    ("text", "made"),
    [("${A}", "1"), ("x${A}y${B}", "x1ytwo"), ("${EMPTY}", ""), ("${EMPTY:-d}", "d"),
     ("${NO:-d}", "d"), ("${NO:-}", ""), ("${NO:-${B}}", "two"), ("${NO:-a${NO:-b}c}", "abc"),
     ("${A:?must}", "1"), ("$$", "$"), ("$${A}", "${A}"), ("$$$$", "$$"), ("$", "$"),
     ("$A $1 a$", "$A $1 a$"), ("${NO:-a:-b}", "a:-b"), ("${NO:-{}}", "{}")],
)  # fmt: skip
def test_placeholders_are_filled(text: str, made: str) -> None:
    expected = "{}" if text == "${NO:-{}}" else made
    assert fill(text, VALUES.get) == expected


@pytest.mark.parametrize(
    "text", ["${", "${A", "${}", "${1}", "${A-b}", "${A:+b}", "${a b}", "${A:}"]
)
def test_what_is_no_placeholder_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        fill(text, VALUES.get)


def test_placeholders_nest_only_so_deep() -> None:
    with pytest.raises(Malformed):
        fill("${N:-" * 50 + "}" * 50, VALUES.get)


@given(st.text())
def test_any_text_is_filled_or_refused(text: str) -> None:
    try:
        assert isinstance(fill(text, VALUES.get), str)
    except (Malformed, Missing) as error:
        assert str(error)


@given(st.text())
def test_a_doubled_dollar_keeps_any_text_as_it_is(text: str) -> None:
    assert fill(text.replace("$", "$$"), VALUES.get) == text


def test_a_variable_without_a_value_is_reported_at_each_place() -> None:
    found = findings("""\
        services:
          web:
            image: ${IMAGE}
            hostname: ${HOST}
            labels: {a: "${IMAGE}"}
        """)
    assert [(d.code, at(d)) for d in found] == [
        ("R130", (3, 12)), ("R130", (4, 15)), ("R130", (5, 17)),
    ]  # fmt: skip


def test_the_file_s_own_message_is_shown() -> None:
    found = finding("services: {web: {image: '${IMAGE:?name the image to run}'}}")
    assert (found.code, "name the image to run" in found.summary) == ("R130", True)


def test_a_misspelled_variable_gets_the_nearest() -> None:
    text = "variables: {IMAGE: {default: a}}\nservices: {web: {image: '${IMAGES}'}}"
    assert "IMAGE" in finding(text).hint.rpartition(";")[2]


def test_unquoted_the_filled_value_is_read_as_yaml() -> None:
    service = web("""\
        services:
          web:
            image: a
            replicas: ${N:-3}
            singleton: ${YES:-true}
            environment: {VERSION: "${V}", OTHER: "${V}", PLAIN: 1.10}
            hostname: "${N:-3}"
        """, env={"V": "1.10"})  # fmt: skip
    assert (service.replicas, service.singleton, service.hostname) == (3, True, "3")
    assert {name: value.value for name, value in service.environment.items()} == {
        "VERSION": "1.10", "OTHER": "1.10", "PLAIN": "1.10",
    }  # fmt: skip


def test_quoted_the_filled_value_stays_text() -> None:
    found = finding("services: {web: {image: a, replicas: '${N:-3}'}}")
    assert found.code == "R113"


def test_what_came_from_outside_is_never_shown() -> None:
    text = """\
        services:
          web:
            image: a
            replicas: ${SECRET}
            pull: ${SECRET}
            termination: {grace: "${SECRET}"}
        """
    found = findings(text, env={"SECRET": "hunter2"})
    assert [d.code for d in found] == ["R113", "R114", "R115"]
    shown = " ".join(d.summary + d.detail + d.hint for d in found)
    assert "hunter2" not in shown
    assert "${SECRET}" in shown


def test_placeholders_in_keys_are_left_alone() -> None:
    assert "${A}" in web("services: {web: {image: a, labels: {'${A}': x}}}").labels


def test_an_alias_is_filled_once_wherever_it_stands() -> None:
    state = loaded("""\
        services:
          a: {image: a, labels: &l {x: "$$$${V}"}}
          b: {image: a, labels: *l}
        """, env={"V": "1"})  # fmt: skip
    assert [s.labels["x"] for s in state.stack.declared.services.values()] == ["$${V}", "$${V}"]


STAGES = """\
    variables:
      STAGE: {values: [latest, testing, four, 5], default: latest}
    environments:
      four: {variables: {STAGE: four}}
      plain: {}
    services: {web: {image: "a:${STAGE}"}}
    """


@pytest.mark.parametrize(
    ("given_", "environment", "process", "stage"),
    [
        ({}, "", {}, "latest"),
        ({}, "", {"STAGE": "testing"}, "testing"),
        ({}, "four", {"STAGE": "testing"}, "four"),
        ({"STAGE": "5"}, "four", {"STAGE": "testing"}, "5"),
        ({}, "plain", {"STAGE": "testing"}, "testing"),
    ],
)
def test_a_value_comes_from_the_first_source_that_has_one(
    given_: dict[str, str], environment: str, process: dict[str, str], stage: str
) -> None:
    service = web(STAGES, variables=given_, environment=environment, env=process)
    assert service.image == f"a:{stage}"


def test_a_value_that_is_not_allowed_is_refused_wherever_it_comes_from() -> None:
    assert finding(STAGES, env={"STAGE": "prod"}).code == "R131"
    assert finding(STAGES, variables={"STAGE": "prod"}).code == "R131"
    assert finding(STAGES.replace("default: latest", "default: lates")).code == "R131"
    overlay = finding(STAGES.replace("{STAGE: four}", "{STAGE: fife}"))
    assert (overlay.code, "one of latest" in overlay.hint) == ("R131", True)


def test_a_given_variable_that_nothing_names_is_refused() -> None:
    found = finding(STAGES, variables={"STAGES": "latest"})
    assert (found.code, found.hint) == ("R133", "did you mean 'STAGE'?")


def test_a_given_variable_need_not_be_declared_if_it_is_used() -> None:
    assert web("services: {web: {image: '${I}'}}", variables={"I": "x"}).image == "x"


def test_a_lone_dollar_is_text() -> None:
    state = loaded("configs: {c: {content: 'proxy $host; echo $1 $(x)'}}")
    assert state.contents.config("c") == b"proxy $host; echo $1 $(x)"
