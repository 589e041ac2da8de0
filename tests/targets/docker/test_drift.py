"""Every change that somebody makes behind our back shows, and nothing shows where none did."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from reconciler.model.digest import config_digest, secret_digest
from reconciler.model.observed import Value
from reconciler.model.resource import ResourceKey
from reconciler.model.step import ApplyObject, StartInstance, UpdateInstance
from reconciler.model.units import NS_PER_S
from tests.targets.docker.live import BUSYBOX, SLEEP, WEB, Live

pytestmark = pytest.mark.live

DATA = ResourceKey("volume", "data")
BACK = ResourceKey("network", "back")


def rich(stack: str) -> dict[str, Value]:
    """A service that says nearly everything that can be said."""
    motd, password = config_digest(b"hello\n"), secret_digest(b"s3cret-value", stack, "password")
    return {
        "image": BUSYBOX, "networks": ("back", "default"), "aliases": ("app", "app.internal"),
        "entrypoint": ("/bin/busybox", "sh"), "command": ("-c", "sleep 300"),
        "hostname": "web-host", "environment.PORT": "8080", "environment.EMPTY": "",
        "environment.MOTD": f"config:motd@{motd}", "environment.PW": f"secret:password@{password}",
        "ports.8080/tcp": "127.0.0.1:0", "volumes./data": "data", "volumes./host": "/tmp:ro",
        "configs./etc/motd": f"motd@{motd}:0444", "secrets./run/pw": f"password@{password}:0400",
        "labels.team": "shop", "labels.com.example/x": "a b",
        "resources.memory_limit": 64 << 20, "resources.memory_request": 32 << 20,
        "resources.cpu_limit": 500, "resources.cpu_shares": 512,
        "security.user": "1000:1000", "security.read_only_root": True,
        "security.add_capabilities": ("CAP_NET_ADMIN", "sys_ptrace"),
        "security.drop_capabilities": ("ALL",), "security.no_new_privileges": True,
        "stop_signal": "SIGINT", "stop.grace": 1_500_000_000, "stop.pre_stop": NS_PER_S,
        "restart.policy": "on-failure",
        "readiness.kind": "exec", "readiness.command": ("/bin/busybox", "true"),
        "readiness.period": NS_PER_S, "readiness.timeout": NS_PER_S, "readiness.delay": 0,
        "readiness.successes": 1, "readiness.failures": 3,
        "docker.init": "true", "docker.tmpfs": '["/tmp:size=1m", "/cache"]',
        "docker.extra_hosts": '{"db": "10.0.0.9"}', "docker.sysctls": '{"net.core.somaxconn": 99}',
        "docker.ulimits": '{"nofile": {"hard": 4096, "soft": 1024}}', "docker.dns": '"10.0.0.1"',
        "docker.shm_size": '"32Mi"', "docker.pids_limit": "50", "docker.working_dir": '"/tmp"',
        "docker.logging": '{"driver": "json-file", "options": {"max-size": "1m"}}',
        "docker.security_opt": '["seccomp=unconfined"]', "docker.group_add": "[4242]",
        "docker.oom_score_adj": "100", "docker.tty": "true", "docker.domainname": '"example.org"',
        "docker.devices": '["/dev/null:/dev/nix:r"]', "docker.ipc": '"private"',
    }  # fmt: skip


def surroundings(live: Live) -> None:
    live.contents.contents |= {"motd": b"hello\n", "password": b"s3cret-value"}
    live.network()
    live.done(ApplyObject(BACK, {"internal": False}))
    live.done(ApplyObject(DATA, {"driver": "local"}))


def test_an_untouched_instance_that_asks_for_everything_shows_no_difference(live: Live) -> None:
    surroundings(live)
    fields = rich(live.stack)
    made = live.run(fields)
    assert live.drift(fields) == {}
    assert "s3cret" not in repr(made), "a secret's value is in no observation"


def test_an_untouched_instance_that_asks_for_little_shows_no_difference(live: Live) -> None:
    fields: dict[str, Value] = {"image": BUSYBOX, "networks": ("default",)}
    live.network()
    assert live.create(fields).kind == "done"
    assert live.drift(fields) == {}
    made = live.only()
    live.done(StartInstance(WEB, made.id))
    assert live.drift(fields) == {}


def test_what_an_image_brings_along_is_no_difference(live: Live) -> None:
    base = live.raw.create_container_from_config({"Image": BUSYBOX, "Cmd": ["true"]})["Id"]
    image = f"local/rich-{live.stack}:1"
    try:
        live.raw.commit(
            base, repository=image.partition(":")[0], tag="1",
            conf={
                "Env": ["A=from-image", "PATH=/bin"], "Cmd": ["sleep", "300"], "User": "1000",
                "WorkingDir": "/tmp", "StopSignal": "SIGQUIT", "Volumes": {"/scratch": {}},
                "ExposedPorts": {"80/tcp": {}}, "Labels": {"vendor": "acme"},
                "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1_000_000_000},
            },
        )  # fmt: skip
        fields: dict[str, Value] = {
            "image": image,
            "networks": ("default",),
            "environment.B": "ours",
        }
        live.run(fields)
        assert live.drift(fields) == {}
        seen = live.only().fields
        assert (seen["stop_signal"], seen["environment.A"]) == ("SIGQUIT", "from-image")
        assert "environment.A" in live.drift({**fields, "environment.A": "ours too"})
    finally:
        live.raw.remove_container(base)
        for found in live.raw.containers(all=True, filters={"ancestor": image}):
            live.raw.remove_container(found["Id"], force=True, v=True)
        live.raw.remove_image(image)


class Behind(NamedTuple):
    """What somebody does with the engine, and the field in which it shows."""

    path: str
    act: Callable[[Live, str], Any]


def update(**settings: Any) -> Callable[[Live, str], Any]:
    return lambda live, container: live.target._engine.update(container, settings)


def rejoin(aliases: list[str]) -> Callable[[Live, str], Any]:
    def act(live: Live, container: str) -> None:
        name = f"{live.stack}_default"
        live.raw.disconnect_container_from_network(container, name)
        live.raw.connect_container_to_network(container, name, aliases=aliases)

    return act


MEMORY = 48 << 20
IN_PLACE: dict[str, Behind] = {
    "memory limit set": Behind(
        "resources.memory_limit", update(Memory=MEMORY, MemorySwap=MEMORY)),
    "swap allowed": Behind("resources.memory_swap", update(Memory=MEMORY, MemorySwap=2 * MEMORY)),
    "memory reserved": Behind("resources.memory_request", update(MemoryReservation=16 << 20)),
    "cpu limited": Behind("resources.cpu_limit", update(NanoCpus=250_000_000)),
    "cpu quota set": Behind("resources.cpu_limit", update(CpuPeriod=100_000, CpuQuota=20_000)),
    "cpu shares set": Behind("resources.cpu_shares", update(CpuShares=2)),
    "cpu set chosen": Behind("docker.cpuset", update(CpusetCpus="0")),
    "processes limited": Behind("docker.pids_limit", update(PidsLimit=77)),
    "restart switched off": Behind("restart.policy", update(RestartPolicy={"Name": "no"})),
    "restart unless stopped": Behind(
        "restart.policy", update(RestartPolicy={"Name": "unless-stopped"})),
    "restart a few times": Behind(
        "restart.policy", update(RestartPolicy={"Name": "on-failure", "MaximumRetryCount": 2})),
    "network left": Behind(
        "networks", lambda live, c: live.raw.disconnect_container_from_network(
            c, f"{live.stack}_default")),
    "network joined": Behind(
        "networks", lambda live, c: live.raw.connect_container_to_network(c, "bridge")),
    "alias lost": Behind("aliases", rejoin(["web"])),
    "alias added": Behind("aliases", rejoin(["web", "more", "www"])),
    "service name lost": Behind("networks.default.aliases", rejoin(["www"])),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_PLACE)
def test_a_change_to_a_running_container_shows(live: Live, name: str) -> None:
    fields = {**SLEEP, "aliases": ("www",)}
    made = live.run(fields)
    assert live.drift(fields) == {}
    path, act = IN_PLACE[name]
    act(live, made.id)
    assert path in live.drift(fields)


# What somebody could change only by making the container anew, our labels kept.
ANEW: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "variable changed": ("environment.A", lambda b: b.update(Env=["A=other"])),
    "variable added": ("environment.B", lambda b: b["Env"].append("B=1")),
    "variable removed": ("environment.A", lambda b: b.update(Env=[])),
    "command changed": ("command", lambda b: b.update(Cmd=["sleep", "301"])),
    "entry point changed": ("entrypoint", lambda b: b.update(Entrypoint=["/bin/busybox", "env"])),
    "image changed": ("image", lambda b: b.update(Image="local/debian:bookworm")),
    "label added": ("labels.added", lambda b: b["Labels"].update(added="x")),
    "label changed": ("labels.team", lambda b: b["Labels"].update(team="other")),
    "host name set": ("hostname", lambda b: b.update(Hostname="elsewhere")),
    "user set": ("security.user", lambda b: b.update(User="1234")),
    "stop signal set": ("stop_signal", lambda b: b.update(StopSignal="SIGKILL")),
    "stop timeout set": ("stop.grace", lambda b: b.update(StopTimeout=77)),
    "health check added": ("healthcheck", lambda b: b.update(Healthcheck={"Test": ["CMD", "x"]})),
    "working directory set": ("docker.working_dir", lambda b: b.update(WorkingDir="/tmp")),
    "terminal given": ("docker.tty", lambda b: b.update(Tty=True)),
    "port published": (
        "ports.99/tcp",
        lambda b: (b.update(ExposedPorts={"99/tcp": {}}),
                   b["HostConfig"].update(PortBindings={"99/tcp": [{"HostPort": "0"}]}))),
    "all ports published": ("ports.*", lambda b: b["HostConfig"].update(PublishAllPorts=True)),
    "path of the host mounted": (
        "volumes./x", lambda b: b["HostConfig"].update(Binds=["/tmp:/x"])),
    "foreign volume mounted": (
        "volumes./x", lambda b: b["HostConfig"].update(Binds=[f"{b['stack']}-x:/x"])),
    "made privileged": ("docker.privileged", lambda b: b["HostConfig"].update(Privileged=True)),
    "root made read-only": (
        "security.read_only_root", lambda b: b["HostConfig"].update(ReadonlyRootfs=True)),
    "capability added": (
        "security.add_capabilities", lambda b: b["HostConfig"].update(CapAdd=["NET_ADMIN"])),
    "capability dropped": (
        "security.drop_capabilities", lambda b: b["HostConfig"].update(CapDrop=["CHOWN"])),
    "no new privileges": (
        "security.no_new_privileges",
        lambda b: b["HostConfig"].update(SecurityOpt=["no-new-privileges"])),
    "confinement lifted": (
        "docker.security_opt",
        lambda b: b["HostConfig"].update(SecurityOpt=["seccomp=unconfined"])),
    "host's processes seen": ("docker.pid", lambda b: b["HostConfig"].update(PidMode="host")),
    "device added": (
        "docker.devices",
        lambda b: b["HostConfig"].update(Devices=[{
            "PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "r"}])),
    "host entry added": (
        "docker.extra_hosts", lambda b: b["HostConfig"].update(ExtraHosts=["db:10.0.0.9"])),
    "kernel setting": (
        "docker.sysctls",
        lambda b: b["HostConfig"].update(Sysctls={"net.core.somaxconn": "7"})),
    "memory file system": ("docker.tmpfs", lambda b: b["HostConfig"].update(Tmpfs={"/t": ""})),
    "host's network": ("networks", lambda b: b["HostConfig"].update(NetworkMode="host")),
}  # fmt: skip


@pytest.mark.parametrize("name", ANEW)
def test_a_container_that_was_made_anew_differently_shows(live: Live, name: str) -> None:
    fields = {**SLEEP, "environment.A": "b", "labels.team": "shop"}
    if "no new" not in name:
        fields.pop("docker.init")
    live.network()
    live.create(fields)
    made = live.only()
    raw = live.raw.inspect_container(made.id)
    body = {**raw["Config"], "HostConfig": raw["HostConfig"], "stack": live.stack}
    del body["Hostname"]
    path, change = ANEW[name]
    change(body)
    live.raw.remove_container(made.id)
    network = f"{live.stack}_default"
    if body["HostConfig"]["NetworkMode"] != "host":
        body["NetworkingConfig"] = {"EndpointsConfig": {network: {"Aliases": ["web"]}}}
    live.raw.create_container_from_config(body, made.name)
    try:
        assert path in live.drift(fields), live.only().fields
    finally:
        live.raw.remove_container(live.only().id, v=True)
        if name == "foreign volume mounted":
            live.raw.remove_volume(f"{live.stack}-x")


def test_a_renamed_container_is_still_found(live: Live) -> None:
    made = live.run()
    live.raw.rename(made.id, f"{live.stack}-other")
    found = live.only()
    assert (found.id, found.name) == (made.id, f"{live.stack}-other")


def test_a_volume_and_a_network_that_were_made_anew_show(live: Live) -> None:
    live.network()
    live.done(ApplyObject(DATA, {"driver": "local"}))
    before = live.observe().objects
    live.raw.remove_volume(f"{live.stack}_data")
    live.raw.create_volume(
        f"{live.stack}_data",
        driver_opts={"type": "tmpfs", "device": "tmpfs"},
        labels={"reconciler.stack": live.stack, "reconciler.kind": "volume",
                "reconciler.name": "data"},
    )  # fmt: skip
    after = live.observe().objects[DATA]
    assert after.fingerprint != before[DATA].fingerprint
    assert after.fields["options.type"] == "tmpfs"


def test_a_limit_that_is_no_longer_asked_for_is_lifted_in_place(live: Live) -> None:
    limits: dict[str, Value] = {
        "resources.memory_limit": 64 << 20, "resources.memory_request": 32 << 20,
        "resources.cpu_limit": 500, "resources.cpu_shares": 512,
    }  # fmt: skip
    made = live.run({**SLEEP, **limits})
    lifted = {delta.path: delta.new for delta in live.drift().values()}
    assert lifted == dict.fromkeys(limits, 0)
    live.done(UpdateInstance(WEB, made.id, lifted))
    assert live.drift() == {}
    live.done(UpdateInstance(WEB, made.id, limits))
    assert live.drift({**SLEEP, **limits}) == {}
