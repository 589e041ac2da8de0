"""Reading what was made by somebody else as if it were ours. Pure."""

from typing import Any

from reconciler.diff.fields import deltas
from reconciler.model.observed import Adoptable, Adopting, Value
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.units import NS_PER_S
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.adoption import (
    Adoptions,
    adopted_as,
    container_body,
    dress,
    object_body,
)
from reconciler.targets.docker.attached import Surroundings
from reconciler.targets.docker.health import Health
from reconciler.targets.docker.inspect import HIDDEN, instance_of
from reconciler.targets.docker.probes import our_probes

WEB = ResourceKey("service", "web")
DATA = ResourceKey("volume", "data")
ID = "c" * 64
IMAGE = {"Env": ["PATH=/bin"], "Cmd": ["serve"], "Labels": None}
WANTED: dict[str, Value] = {
    "image": "web:1", "networks": ("default",), "environment.COLOUR": "blue",
    "environment.TOKEN": "secret:token@0123456789abcdef", "readiness.kind": "exec",
    "readiness.command": ("true",), "stop.grace": 30 * NS_PER_S, "stop.pre_stop": NS_PER_S,
    "volumes./data": "data", "restart.policy": "always",
}  # fmt: skip


def raw(**config: Any) -> dict[str, Any]:
    env = ["PATH=/bin", "COLOUR=blue", "TOKEN=hush"]
    return {
        "Id": ID, "Name": "/old-web", "Image": "sha256:1", "Created": "", "RestartCount": 0,
        "State": {"Status": "running"},
        "Config": {"Image": "web:1", "Hostname": ID[:12], "Cmd": ["serve"], "Env": env,
                   "Labels": {"made.by": "hand"}, **config},
        "HostConfig": {"RestartPolicy": {"Name": "always"}},
        "Mounts": [{"Type": "volume", "Name": "old-data", "Destination": "/data", "RW": True}],
        "NetworkSettings": {"Networks": {"old-net": {"NetworkID": "n1", "Aliases": [ID[:12]]}}},
    }  # fmt: skip


def read(made: dict[str, Any], ordinal: int = 0) -> Any:
    body = container_body(made, Adopting(WEB, "old-web", ordinal, WANTED), IMAGE)
    labels = adopted_as("shop", Adoptable(WEB, "old-web", ID, body)).labels
    around = Surroundings(
        "shop", IMAGE, {"n1": "default"}, {"old-data": "data"},
        lambda kind, name, content: "0123456789abcdef" if content == b"hush" else "f" * 16,
    )  # fmt: skip
    return instance_of(dress(made, labels), around, Health(True, True, 0, ""))


def differing(made: dict[str, Any]) -> set[str]:
    found = read(made)
    return {d.path for d in deltas(WANTED, found.fields, found.defaults)}


def test_what_the_file_describes_differs_in_nothing() -> None:
    assert differing(raw()) == set()
    found = read(raw(), ordinal=2)
    assert (found.key, found.ordinal, found.revision, found.attempt) == (WEB, 2, "", 0)
    assert found.armed


def test_a_variable_that_nobody_asked_for_differs_and_is_never_shown() -> None:
    made = raw(Env=["PATH=/bin", "COLOUR=green", "TOKEN=other", "PASSWORD=hush-hush"])
    found = read(made)
    assert found.fields["environment.PASSWORD"] == HIDDEN
    assert found.fields["environment.COLOUR"] == HIDDEN
    assert found.fields["environment.TOKEN"] == "secret:token@ffffffffffffffff"
    assert "hush" not in str(found) + str(container_body(made, Adopting(WEB, "w", 0, WANTED), {}))
    assert {"environment.PASSWORD", "environment.COLOUR", "environment.TOKEN"} <= differing(made)


def test_a_grace_of_its_own_that_is_another_differs() -> None:
    assert differing(raw(StopTimeout=5)) == {"stop.grace"}


def test_a_health_check_of_its_own_stays() -> None:
    assert differing(raw(Healthcheck={"Test": ["CMD", "check"]})) == set()


def test_all_its_probes_are_asked_from_here() -> None:
    assert our_probes(WANTED) == {}
    assert list(our_probes(WANTED, engine_asks=False)) == ["readiness"]


def record(key: ResourceKey, body: dict[str, Any]) -> Record:
    return Record("adopted", str(key), 1, body)


def test_only_what_a_record_names_is_dressed_as_ours() -> None:
    adoptions = Adoptions("shop")
    volume = {"Name": "old-data", "Driver": "local", "Labels": None}
    adoptions.read([record(DATA, object_body(volume, Adopting(DATA, "old-data")))])
    assert tag.key_of(adoptions.dressed(volume)["Labels"], "shop") == DATA
    other = {"Name": "old-data-2", "Driver": "local", "Labels": None}
    assert adoptions.dressed(other) is other
    assert tag.key_of(adoptions.dressed(raw())["Config"]["Labels"], "shop") is None


def test_an_adopted_volume_keeps_its_name_and_others_have_ours() -> None:
    adoptions = Adoptions("shop")
    adoptions.add(record(DATA, {"name": "old-data", "id": "old-data"}))
    assert adoptions.name_of(DATA) == "old-data"
    assert adoptions.name_of(ResourceKey("volume", "more")) == "shop_more"
    assert adoptions.names_of("volume") == {"data": "old-data"}
    assert adoptions.is_known(DATA, "old-data")
    adoptions.read([])
    assert adoptions.name_of(DATA) == "shop_data"


def test_a_large_container_still_fits_into_a_record() -> None:
    many = WANTED | {f"docker.sysctl{n}": f"value {n}" for n in range(100)}
    body = container_body(raw(), Adopting(WEB, "old-web", 0, many), IMAGE)
    assert "packed" in body
    labels = adopted_as("shop", Adoptable(WEB, "old-web", ID, body)).labels
    assert tag.fields_of(labels, tag.ASKED)["docker.sysctl99"] == "value 99"
