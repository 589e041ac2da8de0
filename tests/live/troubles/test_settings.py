"""What is wrong with what is asked for, or stands in its way on the engine."""

import socket

import pytest

from tests.live.troubles.command import Command, Engine

pytestmark = pytest.mark.live


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def published(port: int) -> dict[str, list[str]]:
    return {"ports": [f"127.0.0.1:{port}:8080"]}


def test_a_host_port_of_a_foreign_container_is_told_before_the_first_call(
    command: Command, engine: Engine
) -> None:
    port = free_port()
    bindings = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
    foreign = engine.foreign(
        f"{engine.stack}x", HostConfig={"PortBindings": bindings}, ExposedPorts={"80/tcp": {}}
    )
    command.write(published(port))
    command.apply().check_refused("R504", str(port), f"{engine.stack}x", "state.json:1:")
    assert engine.things() == 0
    engine.remove(foreign)
    command.check_finishes()


def test_a_host_port_of_a_plain_process_fails_the_apply_and_condemns_nothing(
    command: Command, engine: Engine
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        command.write(published(holder.getsockname()[1]))
        command.apply().check_refused("R429", "address already in use", "publish another port")
    command.check_finishes()


def test_a_name_that_something_foreign_has_is_told_before_the_first_call(
    command: Command, engine: Engine
) -> None:
    command.write({"singleton": True})
    foreign = engine.foreign(f"{engine.stack}-web")
    command.apply().check_refused("R505", f"{engine.stack}-web", "adopt it by name")
    assert engine.things() == 0
    engine.remove(foreign)
    command.check_finishes()


def test_a_process_out_of_memory_says_so_and_a_higher_limit_mends_it(
    command: Command, engine: Engine
) -> None:
    # Holds 32 MiB in memory, and says that it is ready once it does.
    script = "x=$(head -c 33554432 /dev/zero | tr '\\0' x); touch /up; sleep 3000"
    web = {
        "command": [script],
        "readiness": {
            "exec": ["/bin/busybox", "test", "-e", "/up"],
            "period": "1s",
            "failures": 20,
        },
    }
    low, high = ({"resources": {"limits": {"memory": text}}} for text in ("8Mi", "256Mi"))
    # Long enough that it is between two restarts most of the time: only then the engine says why.
    command.write({**web, **low, "rollout": {"deadline": "12s"}})
    command.apply().check_refused("out of memory", "killed at its memory limit")
    command.write({**web, **high, "rollout": {"deadline": "20s"}})
    command.check_finishes()


def test_a_restart_loop_ends_with_the_last_words_and_the_next_try_goes_on(
    command: Command, engine: Engine
) -> None:
    command.write({"command": ["echo no database here; exit 3"]})
    command.apply().check_refused("no database here", "not healthy within 4s")
    command.write()
    command.check_finishes()
    assert len(engine.containers()) == 1


def test_a_secret_that_is_not_there_is_told_with_its_place_before_anything_is_touched(
    command: Command, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TROUBLE_PW", raising=False)
    command.write({"environment": {"PW": {"secret": "pw"}}}, secrets={"pw": {"env": "TROUBLE_PW"}})
    command.apply().check_refused("R160", "TROUBLE_PW", "state.json:1:")
    assert engine.things() == 0
    monkeypatch.setenv("TROUBLE_PW", "s3cret-value")
    command.check_finishes()


def test_a_variable_without_a_value_is_told_with_its_place(
    command: Command, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TROUBLE_TAG", raising=False)
    command.write({"image": "local/busybox:${TROUBLE_TAG}"}, variables={"TROUBLE_TAG": {}})
    said = command.apply()
    said.check_refused("TROUBLE_TAG", "state.json:1:")
    assert engine.things() == 0
    monkeypatch.setenv("TROUBLE_TAG", "1")
    command.check_finishes()
