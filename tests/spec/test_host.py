"""Host variables: filtered, renamed, secret by default, and what is required of the result."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.container import HostEnvironment
from reconciler.spec.host import is_passed
from tests.spec.helpers import finding, loaded, web

ENV = {
    "APPSERVER_DB_HOST": "db", "APPSERVER_DB_PASSWORD": "hunter2", "APPSERVER_HTTP_URL": "http://x",
    "POSTGRES_PASSWORD": "never", "PATH": "/bin",
}  # fmt: skip
STATE = """\
    services:
      web:
        image: a
        host_environment:
          allow: [APPSERVER_DB_, APPSERVER_HTTP_URL, POSTGRES_USER]
          deny: [POSTGRES_]
          rename: {APPSERVER_DB_HOST: DB_HOST, APPSERVER_DB_PASSWORD: DB_PASSWORD}
        environment: {NODE_ENV: production}
        require: {NODE_ENV: production, DB_HOST: }
    """


def test_allowed_variables_are_passed_on_as_secrets() -> None:
    state = loaded(STATE, env={**ENV, "POSTGRES_USER": "no"})
    service = state.stack.declared.services["web"]
    assert {name: value.secret for name, value in service.environment.items()} == {
        "NODE_ENV": None,
        "DB_HOST": "host.APPSERVER_DB_HOST",
        "DB_PASSWORD": "host.APPSERVER_DB_PASSWORD",
        "APPSERVER_HTTP_URL": "host.APPSERVER_HTTP_URL",
    }
    assert sorted(state.stack.declared.secrets) == [
        "host.APPSERVER_DB_HOST", "host.APPSERVER_DB_PASSWORD", "host.APPSERVER_HTTP_URL",
    ]  # fmt: skip
    assert state.contents.secret("host.APPSERVER_DB_PASSWORD") == b"hunter2"
    assert all(len(secret.digest) == 16 for secret in state.stack.declared.secrets.values())
    assert "hunter2" not in repr(state)


def test_told_so_they_are_plain_values() -> None:
    text = STATE.replace("deny:", "secret: false\n          deny:")
    service = web(text, env=ENV)
    assert service.environment["DB_HOST"].value == "db"
    assert loaded(text, env=ENV).stack.declared.secrets == {}


def test_what_the_file_says_wins() -> None:
    text = STATE.replace("{NODE_ENV: production}\n", "{NODE_ENV: production, DB_HOST: mine}\n", 1)
    assert web(text, env=ENV).environment["DB_HOST"].value == "mine"


def test_what_is_passed_on_stands_where_it_was_asked_for() -> None:
    positions = loaded(STATE, env=ENV).stack.positions
    assert str(positions.find(("services", "web", "environment", "DB_HOST"))) == "<stdin>:4:5"
    assert str(positions.find(("secrets", "host.APPSERVER_DB_HOST"))) == "<stdin>:4:5"
    assert str(positions.find(("services", "web", "environment", "NODE_ENV"))) == "<stdin>:8:19"


def test_other_values_are_another_state() -> None:
    digests = {loaded(STATE, env={**ENV, "APPSERVER_DB_HOST": host}).stack.digest for host in "ab"}
    assert len(digests) == 2
    other = {loaded(STATE, env={**ENV, "PATH": path}).stack.digest for path in "ab"}
    assert len(other) == 1


def test_a_required_variable_that_is_not_set_is_refused() -> None:
    found = finding(STATE, env={})
    assert (found.code, "DB_HOST" in found.summary) == ("R170", True)


def test_a_required_value_that_differs_is_refused() -> None:
    found = finding(STATE.replace("NODE_ENV: production}\n", "NODE_ENV: dev}\n", 1), env=ENV)
    assert (found.code, str(found.position)) == ("R171", "<stdin>:9:25")


def test_a_secret_cannot_be_compared_with_a_required_value() -> None:
    found = finding(STATE.replace("DB_HOST: }", "DB_HOST: db}"), env=ENV)
    assert (found.code, "'db'" in found.summary + found.detail) == ("R172", False)


def test_without_secrets_a_variable_that_may_come_is_not_missed() -> None:
    state = loaded(STATE, env={}, resolve=False)
    assert state.warnings == []
    text = STATE.replace("DB_HOST: }", "OTHER: }")
    assert finding(text, env={}, resolve=False).code == "R170"


def test_two_variables_of_one_new_name_are_refused() -> None:
    text = STATE.replace("APPSERVER_DB_PASSWORD: DB_PASSWORD", "APPSERVER_DB_PASSWORD: DB_HOST")
    assert finding(text, env=ENV).code == "R173"


def test_a_new_name_for_what_is_not_passed_on_is_a_warning() -> None:
    text = STATE.replace("rename: {", "rename: {REDIS_HOST: X, ")
    assert [d.code for d in loaded(text, env=ENV).warnings] == ["R174"]


def test_jobs_get_host_variables_too() -> None:
    text = "jobs: {j: {image: a, host_environment: {allow: [APPSERVER_DB_H]}}}"
    job = loaded(text, env=ENV).stack.declared.jobs["j"]
    assert job.environment["APPSERVER_DB_HOST"].secret == "host.APPSERVER_DB_HOST"


@given(
    st.text("AB_", max_size=4),
    st.lists(st.text("AB_", max_size=3)),
    st.lists(st.text("AB_", max_size=3)),
)
def test_a_denied_variable_is_never_passed_on(name: str, allow: list[str], deny: list[str]) -> None:
    host = HostEnvironment(allow=tuple(allow), deny=tuple(deny))
    allowed = any(name.startswith(prefix) for prefix in allow)
    denied = any(name.startswith(prefix) for prefix in deny)
    assert is_passed(host, name) == (allowed and not denied)
