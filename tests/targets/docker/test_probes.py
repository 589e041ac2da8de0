"""The arithmetic of probes, by hand and without an engine."""

from reconciler.model.observed import Value
from reconciler.model.units import NS_PER_S
from reconciler.targets.docker.health import clean, ended_message, health_of
from reconciler.targets.docker.probes import (
    Watched,
    engine_probe,
    healthcheck_of,
    is_about_life,
    our_probes,
)

S = NS_PER_S


def probe(name: str, **said: Value) -> dict[str, Value]:
    usual: dict[str, Value] = {
        "kind": "http", "port": 80, "delay": 0, "period": 10 * S, "timeout": S,
        "successes": 1, "failures": 3,
    }  # fmt: skip
    return {f"{name}.{path}": value for path, value in {**usual, **said}.items()}


def watched(*probes: dict[str, Value], started: int = 0) -> Watched:
    fields: dict[str, Value] = {}
    for one in probes:
        fields |= one
    return Watched("id", started, our_probes(fields))


def answer(one: Watched, name: str, ok: bool, at: int) -> None:
    one.tally(name).due_ns = at + one.questions[name].period_ns
    one.tally(name).add(one.questions[name], ok, "no", at)


def test_before_the_first_answer_readiness_has_failed_and_liveness_passed() -> None:
    one = watched(probe("readiness"), probe("liveness"))
    assert (one.is_ready, one.is_live) == (False, True)
    assert one.reason == "waiting for the readiness probe"


def test_successes_and_failures_in_a_row_turn_the_result() -> None:
    one = watched(probe("readiness", successes=2, failures=2))
    for at, (ok, ready) in enumerate(
        [(True, False), (False, False), (True, False), (True, True), (False, True),
         (True, True), (False, True), (False, False)]
    ):  # fmt: skip
        answer(one, "readiness", ok, at)
        assert one.is_ready is ready, at


def test_a_failed_liveness_stays_and_nothing_is_asked_any_more() -> None:
    one = watched(probe("liveness", failures=2), probe("readiness"))
    answer(one, "liveness", False, 0)
    assert one.is_live
    answer(one, "liveness", False, 1)
    assert not one.is_live and one.asked_now() == () and one.next_due_ns() is None


def test_the_others_wait_for_startup() -> None:
    one = watched(probe("startup"), probe("liveness"), probe("readiness"))
    assert one.asked_now() == ("startup",) and not one.is_ready
    answer(one, "startup", True, 0)
    assert one.asked_now() == ("liveness", "readiness")


def test_the_delay_counts_from_the_start() -> None:
    one = watched(probe("readiness", delay=5 * S), started=100 * S)
    assert one.due(104 * S) == () and one.due(105 * S) == ("readiness",)
    assert one.next_due_ns() == 105 * S
    answer(one, "readiness", True, 106 * S)
    assert one.next_due_ns() == 116 * S


def test_a_long_running_container_may_be_asked_several_times_at_once() -> None:
    old = watched(probe("readiness", successes=2))
    assert old.wanting(60 * S) == ("readiness",)
    answer(old, "readiness", True, 60 * S)
    assert old.wanting(60 * S) == ("readiness",)
    answer(old, "readiness", True, 60 * S)
    assert old.wanting(60 * S) == () and old.is_ready
    young = watched(probe("readiness", successes=2), started=59 * S)
    answer(young, "readiness", True, 60 * S)
    assert young.wanting(60 * S) == ()


def test_ready_counts_from_the_last_turn() -> None:
    one = watched(probe("readiness", failures=1))
    for at, ok in ((1, True), (2, True), (3, False), (4, True), (5, True)):
        answer(one, "readiness", ok, at)
    assert one.ready_at_ns == 4


def test_one_exec_probe_goes_to_the_engine_readiness_first() -> None:
    ready = probe("readiness", kind="exec", command=("a",), failures=4, delay=2 * S)
    alive = probe("liveness", kind="exec", command=("b",))
    both = {**ready, **alive}
    engine = engine_probe(both)
    assert engine is not None and engine.name == "readiness"
    assert list(our_probes(both)) == ["liveness"] and not is_about_life(both)
    assert healthcheck_of(both) == {
        "Test": ["CMD", "a"], "Interval": 10 * S, "Timeout": S, "Retries": 4, "StartPeriod": 2 * S,
        "StartInterval": 10 * S,
    }  # fmt: skip
    same = {**ready, **probe("liveness", kind="exec", command=("a",))}
    assert our_probes(same) == {} and is_about_life(same)
    assert is_about_life(alive) and is_about_life({})


def test_a_startup_probe_gives_the_engines_check_its_time() -> None:
    fields = {
        **probe("startup", failures=30, period=S),
        **probe("liveness", kind="exec", command=("a",)),
    }
    check = healthcheck_of(fields)
    assert check is not None and check["StartPeriod"] == 30 * S
    assert check["StartInterval"] == check["Interval"], "engines from 25 on would take 5 s"
    plain = healthcheck_of(probe("liveness", kind="exec", command=("a",)))
    assert plain is not None and "StartInterval" not in plain


def test_health_follows_the_engine_and_our_probes_together() -> None:
    state = {"Status": "running", "StartedAt": "2026-01-01T00:00:00Z"}
    assert health_of(state, {}, None)[:2] == (True, True)
    log = [{"ExitCode": 1, "Output": "bad\n\x1b[31mvery", "End": "2026-01-01T00:00:01Z"}]
    sick = {**state, "Health": {"Status": "unhealthy", "FailingStreak": 3, "Log": log}}
    message = "health check failed 3 times: bad very"
    assert health_of(sick, {}, None) == (False, False, None, message, True)
    one = watched(probe("readiness"))
    assert health_of(state, {}, one)[:2] == (False, True)
    answer(one, "readiness", True, 1)
    assert health_of(state, {}, one)[:2] == (True, True)


def test_healthy_since_is_exact_only_where_the_log_shows_it() -> None:
    def entry(code: int, second: int) -> dict[str, object]:
        return {"ExitCode": code, "End": f"2026-01-01T00:00:{second:02}Z"}

    def since(*log: dict[str, object]) -> tuple[int | None, bool]:
        state = {"Status": "running", "Health": {"Status": "healthy", "Log": list(log)}}
        found = health_of(state, {}, None)
        return found.since_ns and found.since_ns // S % 60, found.is_exact

    assert since(entry(0, 1)) == (1, True)
    assert since(entry(1, 1), entry(0, 2), entry(0, 3)) == (2, True)
    assert since(*(entry(0, n) for n in range(1, 6))) == (1, False)


def test_endings_are_explained() -> None:
    assert ended_message({"Status": "exited", "ExitCode": 0}) == ""
    assert ended_message({"Status": "exited", "ExitCode": 137}) == "ended with code 137 (SIGKILL)"
    assert "memory" in ended_message({"Status": "exited", "ExitCode": 137, "OOMKilled": True})
    assert ended_message({"Status": "created", "Error": "no\tport\x07"}) == "no port"


def test_text_from_a_container_is_made_harmless() -> None:
    assert clean("\x1b]0;title\x07a\x1b[2Kb\r\nc\x00d") == "ab c d"
    assert len(clean("x" * 1000)) == 300
