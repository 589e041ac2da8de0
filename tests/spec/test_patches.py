"""Fields set from outside: paths, what they reach, and where they are blamed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.spec.patches import Patches, PathError, parse_path, patches_of
from reconciler.spec.report import Report
from reconciler.spec.tree import Map, locate
from tests.spec.helpers import document

STATE = """\
services:
  web: {image: a, ports: [80, 81], environment: [A=1, B=2], depends_on: [db]}
  app.de: {image: b}
"""


def laid(text: str, state: str = STATE) -> tuple[Map, Report]:
    """A state with the patches of a mapping `set` laid over it."""
    report = Report(["s.yaml"])
    patches = patches_of(Map(), document(text), report)
    return Patches("s.yaml", tuple(patches)).lay(document(state), report), report


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("services.web.image", ("services", "web", "image")),
        ('services."app.de".image', ("services", "app.de", "image")),
        ("services.web.ports[0]", ("services", "web", "ports", 0)),
        ("services.web.ports[0].host", ("services", "web", "ports", 0, "host")),
        ("configs.a_b-c.content", ("configs", "a_b-c", "content")),
    ],
)
def test_a_path_is_its_steps(text: str, path: tuple[str | int, ...]) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "[0]", "a[", "a[x]", 'a."', "a[-1]"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(PathError):
        parse_path(text)


@given(st.text(st.sampled_from('ab.[]0"'), max_size=12) | st.text())
def test_any_text_is_a_path_or_refused(text: str) -> None:
    with contextlib.suppress(PathError):
        assert all(step != "" for step in parse_path(text))


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("services.web.image: b", "image", "b"),
        ("services.web.replicas: 3", "replicas", 3),
        ("services.web.ports: null", "ports", None),
        ("services.web.ports[1]: 82", "ports", [80, 82]),
        ("services.web.ports.1: 82", "ports", [80, 82]),
        ("services.web.ports[2]: 82", "ports", [80, 81, 82]),
        ("services.web.ports[0]: null", "ports", [81]),
        ("services.web.environment.B: 3", "environment", {"A": "1", "B": 3}),
        ("services.web.environment.A: null", "environment", {"B": "2"}),
        ("services.web.depends_on.db: started", "depends_on", {"db": "started"}),
        ("services.web.termination.grace: 5s", "termination", {"grace": "5s"}),
        ("{services.web.image: b, services.web: {image: c}}", "image", "c"),
    ],
)
def test_a_value_takes_the_place_of_what_is_there(text: str, name: str, value: object) -> None:
    tree, report = laid(text)
    assert tree["services"]["web"].get(name) == value
    assert report.found == []
    assert tree["services"]["app.de"] == {"image": "b"}


def test_the_state_itself_is_left_as_it_was() -> None:
    state, report = document(STATE), Report(["s.yaml"])
    patches = patches_of(Map(), document("services.web.ports[0]: null"), report)
    Patches("s.yaml", tuple(patches)).lay(state, report)
    assert state == document(STATE)


def test_what_is_set_stands_where_it_was_set_and_the_rest_where_it_was() -> None:
    tree, report = laid("\n\n\n\nservices.web.termination.grace: 5s\n")
    found = [
        report.position(locate(tree, ("services", "web", *path)))
        for path in (("termination", "grace"), ("termination",), ("image",))
    ]
    assert [place.line for place in found if place] == [5, 5, 2]


def test_a_removed_field_is_blamed_on_the_null_until_it_is_set_again() -> None:
    report = Report(["s.yaml"])
    first = patches_of(Map(), document("services.web.ports: null"), report)
    again = patches_of(Map(), document("services.web.ports: [1]"), report)
    patches = Patches("s.yaml", tuple(first))
    assert list(patches.removed()) == [("services", "web", "ports")]
    assert patches.and_these(again).removed() == {}
    assert patches.removed() != {}


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("services.wbe.image: b", "R612", "did you mean 'web'?"),
        ("services.web.image.x: b", "R612", "as a whole"),
        ("services.web.ports[5]: 1", "R612", "as a whole"),
        ("services.web.ports.x: 1", "R612", "as a whole"),
        ("name: other", "R612", "another stack"),
        ("defaults.image: b", "R612", "the field of the service itself"),
        ("variables.A.default: b", "R612", "`variables` of the scenario"),
        ("services..image: b", "R612", "write it like"),
        ("services.web.hostname: null", "R613", "take it out"),
        ("services.web.ports[7]: null", "R613", "take it out"),
    ],
)
def test_what_leads_nowhere_is_told(text: str, code: str, hint: str) -> None:
    tree, report = laid(text)
    assert [found.code for found in report.found] == [code]
    assert hint in report.found[0].hint
    assert tree == document(STATE)
