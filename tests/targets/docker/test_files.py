"""Configs and secrets as files and variables, on the real engine."""

import io
import tarfile

import pytest

from reconciler.model.digest import config_digest, secret_digest
from reconciler.model.observed import Scope, Value
from reconciler.model.resource import ResourceKey
from reconciler.model.step import ApplyObject, DeleteObject, StartInstance
from reconciler.targets.docker.target import DockerTarget
from tests.targets.docker.live import DEADLINE_NS, SLEEP, WEB, Held, Live

pytestmark = pytest.mark.live

PASSWORD = b"correct horse battery"
MOTD = b"hello\nworld\n"


def give(live: Live, **contents: bytes) -> None:
    live.contents.contents |= contents


def config(live: Live, content: bytes = MOTD) -> tuple[ResourceKey, str]:
    give(live, motd=content)
    digest = config_digest(content)
    return ResourceKey("config", f"motd@{digest}"), digest


def secret(live: Live, content: bytes = PASSWORD) -> tuple[ResourceKey, str]:
    give(live, password=content)
    digest = secret_digest(content, live.stack, "password")
    return ResourceKey("secret", f"password@{digest}"), digest


def inside(live: Live, container: str, path: str) -> tuple[tarfile.TarInfo, bytes]:
    chunks, _ = live.raw.get_archive(container, path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        info = archive.getmembers()[0]
        opened = archive.extractfile(info)
        assert opened is not None
        return info, opened.read()


def test_files_are_there_with_a_read_only_root(live: Live) -> None:
    (_, motd), (_, password) = config(live), secret(live)
    show = "cat /etc/app/motd /run/pw; id -u; sleep 300"
    fields: dict[str, Value] = {
        **SLEEP, "command": ("sh", "-c", show), "security.read_only_root": True,
        "security.user": "1000:1001", "configs./etc/app/motd": f"motd@{motd}:0444",
        "secrets./run/pw": f"password@{password}:0400",
    }  # fmt: skip
    made = live.run(fields)
    live.until(lambda: len(live.target.logs(made.id, 9)) >= 3)
    assert live.target.logs(made.id, 9) == ("hello", "world", "correct horse battery1000")
    assert live.drift(fields) == {}
    info, content = inside(live, made.id, "/run/pw")
    assert (content, info.mode & 0o777, info.uid, info.gid) == (PASSWORD, 0o400, 1000, 1001)
    info, content = inside(live, made.id, "/etc/app/motd")
    assert (content, info.mode & 0o777, info.uid) == (MOTD, 0o444, 0)


def test_a_secret_is_in_no_label_no_name_and_no_observation(live: Live) -> None:
    _, digest = secret(live)
    key, _ = secret(live)
    live.done(ApplyObject(key, {"digest": digest}))
    fields: dict[str, Value] = {
        **SLEEP, "environment.PW": f"secret:password@{digest}",
        "secrets./run/pw": f"password@{digest}:0444",
        "command": ("sh", "-c", "echo the password is $PW; exit 1"), "restart.policy": "never",
    }  # fmt: skip
    made = live.run(fields)
    live.until(lambda: live.only().has_ended)
    raw = live.raw.inspect_container(made.id)
    text = PASSWORD.decode()
    assert f"PW={text}" in raw["Config"]["Env"]
    assert text not in repr(raw["Config"]["Labels"]) + raw["Name"]
    volumes = live.raw.volumes(filters={"label": f"reconciler.stack={live.stack}"})
    assert text not in repr(volumes)
    seen = live.observe()
    assert text not in repr(seen)
    assert seen.instances[0].log_tail == ("the password is ***",)
    assert live.target.logs(made.id, 5) == ("the password is ***",)
    assert seen.instances[0].fields["environment.PW"] == f"secret:password@{digest}"


def test_other_content_is_another_object_and_the_old_one_goes_when_it_is_free(live: Live) -> None:
    old, digest = config(live)
    live.done(ApplyObject(old, {"digest": digest}))
    made = live.run({**SLEEP, "configs./etc/motd": f"motd@{digest}:0444"})
    new, other = config(live, b"changed\n")
    live.done(ApplyObject(new, {"digest": other}))
    seen = live.observe().objects
    assert seen[old].users == (made.id,) and seen[new].users == ()
    assert live.do(DeleteObject(old, seen[old].id, seen[old].fingerprint)).kind == "conflict"
    live.end(made)
    live.done(DeleteObject(old, seen[old].id, seen[old].fingerprint))
    assert old not in live.observe().objects and new in live.observe().objects


def test_a_half_written_file_is_written_again(live: Live) -> None:
    key, digest = config(live)
    live.done(ApplyObject(key, {"digest": digest}))
    volume = f"{live.stack}.config.motd.{digest}"
    edit(live, volume, "chmod u+w /v/*; echo half > /v/m0444")
    other = DockerTarget(live.stack, live.contents)
    try:
        assert other.perform(ApplyObject(key, {"digest": digest}), DEADLINE_NS).kind == "done"
    finally:
        other.close()
    made = live.run({**SLEEP, "configs./etc/motd": f"motd@{digest}:0444"})
    assert inside(live, made.id, "/etc/motd")[1] == MOTD


def test_an_edited_file_shows_and_the_next_instance_gets_a_whole_one(live: Live) -> None:
    _, digest = config(live)
    fields: dict[str, Value] = {**SLEEP, "configs./etc/motd": f"motd@{digest}:0444"}
    made = live.run(fields)
    assert live.drift(fields) == {}
    volume = f"{live.stack}.config.motd.{digest}"
    edit(live, volume, "chmod u+w /v/m0444; echo edited > /v/m0444; chmod 0444 /v/m0444")
    assert live.drift(fields)["configs./etc/motd"].old == "motd@edited:0444"
    live.create(fields, attempt=1)
    old, new = sorted(live.observe().instances, key=lambda i: i.attempt)
    assert old.id == made.id and old.fields["configs./etc/motd"] == "motd@edited:0444"
    assert new.fields["configs./etc/motd"] == f"motd@{digest}:0444"
    assert inside(live, new.id, "/etc/motd")[1] == MOTD


def edit(live: Live, volume: str, command: str) -> None:
    """Do something to the files of a volume, as somebody might."""
    body = {
        "Image": "local/busybox:1", "Cmd": ["sh", "-c", command],
        "HostConfig": {"Mounts": [{"Type": "volume", "Source": volume, "Target": "/v"}]},
    }  # fmt: skip
    vandal = live.raw.create_container_from_config(body)["Id"]
    live.raw.start(vandal)
    assert live.raw.wait(vandal)["StatusCode"] == 0
    live.raw.remove_container(vandal)


def test_old_content_comes_from_the_engine_when_it_is_nowhere_else(live: Live) -> None:
    key, digest = secret(live)
    live.done(ApplyObject(key, {"digest": digest}))
    give(live, password=b"the new one")
    fields: dict[str, Value] = {
        **SLEEP, "environment.PW": f"secret:password@{digest}",
        "secrets./run/pw": f"password@{digest}:0444",
    }  # fmt: skip
    made = live.run(fields)
    assert inside(live, made.id, "/run/pw")[1] == PASSWORD
    assert live.drift(fields) == {}


def test_content_that_is_nowhere_is_for_a_person(live: Live) -> None:
    live.network()
    fields: dict[str, Value] = {**SLEEP, "configs./etc/motd": f"motd@{'0' * 16}:0444"}
    outcome = live.create(fields)
    assert (outcome.kind, outcome.code) == ("terminal", "R434")
    give(live, blob=b"\xff\xfe")
    digest = config_digest(b"\xff\xfe")
    outcome = live.create({**SLEEP, "environment.X": f"config:blob@{digest}"})
    assert (outcome.kind, outcome.code) == ("terminal", "R434")


def test_no_helper_is_left_behind(live: Live) -> None:
    key, digest = config(live)
    live.done(ApplyObject(key, {"digest": digest}))
    mine = {"label": f"reconciler.stack={live.stack}"}
    assert live.raw.containers(all=True, filters=mine) == []
    seen = live.observe().objects[key]
    body = {
        "Image": "local/busybox:1", "Cmd": ["x"],
        "Labels": {"reconciler.stack": live.stack, "reconciler.role": "files"},
        "HostConfig": {"Mounts": [{"Type": "volume", "Source": seen.id, "Target": "/v"}]},
    }  # fmt: skip
    live.raw.create_container_from_config(body, f"{live.stack}-left")
    assert live.observe().instances == ()
    live.done(DeleteObject(key, seen.id, seen.fingerprint))
    assert live.raw.containers(all=True, filters=mine) == []


def test_an_empty_config_is_a_file_too(live: Live) -> None:
    _, digest = config(live, b"")
    made = live.run({**SLEEP, "configs./etc/motd": f"motd@{digest}:0444"})
    assert inside(live, made.id, "/etc/motd")[1] == b""


def test_a_changed_variable_shows_as_another_digest(live: Live) -> None:
    _, digest = secret(live)
    live.network()
    live.create({**SLEEP, "environment.PW": f"secret:password@{digest}"})
    raw = live.raw.inspect_container(live.only().id)
    body = {**raw["Config"], "HostConfig": raw["HostConfig"], "Env": ["PW=tampered with"]}
    live.raw.remove_container(raw["Id"])
    live.raw.create_container_from_config(body, f"{live.stack}-again")
    (found,) = DockerTarget(live.stack, Held()).observe(Scope(live.stack)).instances
    wanted = secret_digest(b"tampered with", live.stack, "password")
    assert found.fields["environment.PW"] == f"secret:password@{wanted}"
    assert found.key == WEB and StartInstance(WEB, found.id).id == found.id
