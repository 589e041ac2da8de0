"""The whole way from paths to a stack."""

import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.diagnostic import DiagnosticsError
from reconciler.model.resource import ResourceKey
from reconciler.spec.load import load
from tests.spec.helpers import loaded

STATE = "name: t\nservices:\n  web:\n    image: a\n    ports: ['8080:80', 90]\n"


def digest(text: str, **options: object) -> str:
    return load(["-"], stdin=text, env={}, **options).stack.digest  # type: ignore[arg-type]


def test_positions_are_found_by_resource_and_field() -> None:
    stack = loaded(STATE).stack
    key = ResourceKey("service", "web")
    places = [
        stack.position(key),
        stack.position(key, "ports", 1),
        stack.position(key, "nope", "x"),
    ]
    assert [str(place) for place in places] == ["<stdin>:3:3", "<stdin>:5:24", "<stdin>:3:3"]


def test_what_no_file_writes_is_at_the_beginning() -> None:
    assert str(loaded(STATE).stack.positions.find(("networks", "default"))) == "<stdin>:1:1"


def test_the_digest_names_the_content_and_not_the_way_it_is_laid_out() -> None:
    same = "# a comment\nservices: {web: {ports: ['8080:80', 90], image: a}}\nname: t\n"
    assert digest(STATE) == digest(same)
    assert len(digest(STATE)) == 16


@pytest.mark.parametrize(
    "other",
    [
        STATE.replace("image: a", "image: b"),
        STATE.replace("name: t", "name: u"),
        STATE + "configs: {c: {content: x}}\n",
    ],
)
def test_other_content_has_another_digest(other: str) -> None:
    assert digest(STATE) != digest(other)


def test_the_digest_follows_the_environment_and_the_variables() -> None:
    text = STATE.replace("image: a", "image: a:${V:-1}")
    text += "environments: {e: {defaults: {protect: true}}}"
    assert (
        len({digest(text), digest(text, environment="e"), digest(text, variables={"V": "2"})}) == 3
    )


def test_nothing_but_what_is_passed_in_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V", "from outside")
    assert (
        loaded("services: {web: {image: 'a:${V:-1}'}}").stack.declared.services["web"].image
        == "a:1"
    )
    assert os.environ["V"] == "from outside"


def test_an_empty_state_is_a_stack_of_nothing() -> None:
    assert loaded("services: {}").stack.declared.services == {}
    assert load(["-"], stdin="name: t", env={}).stack.name == "t"


@pytest.mark.parametrize("text", ["", "# services:\n#   web: {image: a}\n", "---\n---\n"])
def test_a_file_cut_to_nothing_is_not_taken_for_a_wish_to_remove_everything(text: str) -> None:
    with pytest.raises(DiagnosticsError) as error:
        load(["-"], stdin=text, env={})
    assert [d.code for d in error.value.diagnostics] == ["R103"]


def test_ten_thousand_services_load_in_seconds() -> None:
    services = "  s0: {image: a}\n" + "".join(
        f"  s{n}:\n    image: a:{n}\n    replicas: 2\n    ports: [{n % 60000 + 1}]\n"
        f"    environment: {{A: x, B: 2}}\n    depends_on: [s{n - 1}]\n"
        for n in range(1, 10_000)
    )
    began = time.process_time()
    stack = load(["-"], stdin=f"name: t\nservices:\n{services}", env={}).stack
    assert len(stack.declared.services) == 10_000
    assert time.process_time() - began < 5


# Text that looks like a state often enough to reach every phase.
WORDS = st.sampled_from([
    "name", "services", "web", "image", "environments", "variables", "templates", "apps",
    "defaults", "template", "parameters", "environment", "ports", "depends_on", "secrets",
    "configs", "env", "file", "content", "host_environment", "allow", "rename", "require",
    "replicas", "external", "jobs", "manifests", "<<", "without", "service", "values", "default",
    "checks", "nodes", "budgets", "terms", "limit",
])  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 100_000),
    st.floats(),
    st.text(max_size=8),
    WORDS,
    st.sampled_from(
        ["${A}", "${A:-1}", "${A:?x}", "$$", "${", "8080:80", "30s", "1Gi", "a:/b", "a=b", "t"]
    ),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=25,
)


def outcome(text: str) -> str:
    """A load either gives a stack or diagnostics; anything else is our own bug."""
    try:
        return load(["-"], stdin=text, env={"A": "5"}, environment="").stack.name
    except DiagnosticsError as error:
        assert error.diagnostics
        assert all(d.code.startswith("R1") and d.summary for d in error.diagnostics)
        return "refused"


@settings(max_examples=300)
@given(st.dictionaries(WORDS, TREES, max_size=6))
def test_no_tree_ends_in_a_traceback(tree: dict[str, object]) -> None:
    import yaml

    assert outcome(yaml.safe_dump({"name": "t", **tree}))


@given(st.text())
def test_no_text_ends_in_a_traceback(text: str) -> None:
    assert outcome(text)


@given(st.binary())
def test_no_bytes_end_in_a_traceback(data: bytes) -> None:
    assert outcome(data.decode("utf-8", "surrogateescape"))


@settings(max_examples=200)
@given(st.text(alphabet="ab:-{}[]&*!|>'\"%@`#?, \n\t<$1~.=", max_size=60))
def test_no_punctuation_ends_in_a_traceback(text: str) -> None:
    assert outcome("name: t\n" + text)
