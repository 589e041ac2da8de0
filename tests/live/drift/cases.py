"""The ways in which somebody can change a stack behind its back, as data.

Each case has a service of its own, called as the case. `act` changes something, `truth` reads
from the engine itself what should be as before once it is repaired, and `shows` begins the
line of the plan that tells of it.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import docker

from reconciler.targets.docker.names import record_name
from tests.live.drift.ground import (
    Ground,
    Json,
    all_of,
    anew,
    content,
    copy,
    create,
    network,
    one,
    phase,
    remade_network,
    removed_network,
    settings,
    volume,
)

MB = 1 << 20
PW = "s3cret-value"
OTHER = "local/drift-other"
OTHER_IMAGE = "local/debian:bookworm"
MOVING = "local/drift-moving"

# The same service for both. Compose copies inline configs into the container, which a
# read-only root refuses; so files have cases of their own.
OURS: Json = {
    "image": "local/busybox:1", "entrypoint": ["/bin/busybox", "sh"],
    "command": ["-c", "sleep 3000"], "environment": {"A": "1", "B": "2"},
    "labels": {"team": "shop"}, "networks": ["main"],
    "volumes": ["data:/data", "/tmp:/host:ro"],
    "resources": {"limits": {"memory": "32Mi", "cpu": "500m"}, "requests": {"memory": "16Mi"},
                  "cpu_shares": 512},
    "security": {"user": "1000", "read_only_root": True, "add_capabilities": ["NET_ADMIN"],
                 "drop_capabilities": ["MKNOD"], "no_new_privileges": True},
    "termination": {"grace": "1s"},
    "docker": {"init": True, "pids_limit": 50, "working_dir": "/tmp", "tmpfs": ["/scratch"],
               "dns": ["10.0.0.1"], "extra_hosts": {"db": "10.0.0.9"},
               "ulimits": {"nofile": {"soft": 1024, "hard": 4096}},
               "logging": {"driver": "json-file", "options": {"max-size": "1m"}}},
}  # fmt: skip
THEIRS: Json = {
    "image": "local/busybox:1", "entrypoint": ["/bin/busybox", "sh"],
    "command": ["-c", "sleep 3000"], "environment": {"A": "1", "B": "2"},
    "labels": {"team": "shop"}, "networks": {"main": {}},
    "volumes": ["data:/data", "/tmp:/host:ro"],
    "mem_limit": "32m", "memswap_limit": "32m", "mem_reservation": "16m", "cpus": 0.5,
    "cpu_shares": 512, "user": "1000", "read_only": True, "cap_add": ["NET_ADMIN"],
    "cap_drop": ["MKNOD"], "security_opt": ["no-new-privileges:true"],
    "stop_grace_period": "1s", "restart": "always", "init": True, "pids_limit": 50,
    "working_dir": "/tmp", "tmpfs": ["/scratch"], "dns": ["10.0.0.1"],
    "extra_hosts": {"db": "10.0.0.9"}, "ulimits": {"nofile": {"soft": 1024, "hard": 4096}},
    "logging": {"driver": "json-file", "options": {"max-size": "1m"}}, "pull_policy": "never",
}  # fmt: skip

Act = Callable[[Ground, str], Any]


@dataclass(frozen=True)
class Case:
    """One change behind the back.

    `ours` and `theirs` are laid over the two forms of the service, `top_ours` and
    `top_theirs` over the two whole files. `kept`: it is told, and rightly left as it is.
    """

    name: str
    what: str
    shows: str
    act: Act
    truth: Act
    ours: Json = field(default_factory=dict)
    theirs: Json = field(default_factory=dict)
    top_ours: Json = field(default_factory=dict)
    top_theirs: Json = field(default_factory=dict)
    kept: bool = False
    compose: bool = True

    def truth_or_error(self, ground: Ground) -> Any:
        """What is true now, or why it cannot be read."""
        try:
            return self.truth(ground, self.name)
        except (docker.errors.APIError, LookupError, ValueError) as error:
            return f"{type(error).__name__}: {error}"


def prepare(engine: Any) -> None:
    """The image that is going to move."""
    engine.tag("local/busybox:1", MOVING, "1")


def tidy(engine: Any) -> None:
    """Remove the names of images that cases make."""
    for name in (MOVING, OTHER):
        with contextlib.suppress(docker.errors.NotFound):
            engine.remove_image(f"{name}:1")


def host(*names: str) -> Act:
    return lambda g, s: tuple(_plain(one(g, s)["HostConfig"].get(name)) for name in names)


def config(*names: str) -> Act:
    return lambda g, s: tuple(_plain(one(g, s)["Config"].get(name)) for name in names)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple(sorted((k, _plain(v)) for k, v in value.items()))
    return tuple(_plain(v) for v in value) if isinstance(value, list) else value


def running(ground: Ground, service: str) -> Any:
    """How many there are, and how they are and are called."""
    begins = ground.name(service)
    return tuple((phase(raw), raw["Name"].lstrip("/").startswith(begins))
                 for raw in all_of(ground, service))  # fmt: skip


def joined(ground: Ground, service: str) -> Any:
    """Networks and names there, the engine's own left out."""
    raw = one(ground, service)
    own = {raw["Id"][:12], raw["Name"].lstrip("/")}
    found = raw["NetworkSettings"]["Networks"]
    return {name: set(net["Aliases"] or ()) - own for name, net in found.items()}


def limit(**body: Any) -> Act:
    return lambda g, s: settings(g, one(g, s)["Id"], **body)


def made(change: Callable[[Json], Any]) -> Act:
    return lambda g, s: anew(g, s, change)


def made_host(**values: Any) -> Act:
    return made(lambda body: body["HostConfig"].update(values))


def made_with(**values: Any) -> Act:
    return made(lambda body: body.update(values))


def mount(path: str, change: Callable[[Json], Any]) -> Act:
    """The container again, one of its mounts changed."""

    def act(ground: Ground, service: str) -> None:
        def changed(body: Json) -> None:
            mounts = body["HostConfig"].get("Mounts") or []
            binds = [b.split(":") for b in body["HostConfig"].get("Binds") or []]
            mounts += [{"Type": "bind" if b[0].startswith("/") else "volume", "Source": b[0],
                        "Target": b[1], "ReadOnly": "ro" in b[2:]} for b in binds]  # fmt: skip
            body["HostConfig"] |= {"Binds": None, "Mounts": mounts}
            change(next(m for m in mounts if m["Target"] == path))

        anew(ground, service, changed)

    return act


def mounts(ground: Ground, service: str) -> Any:
    found = one(ground, service)["Mounts"]
    return {(m["Destination"], m["Type"], m.get("Name") or m["Source"], m["RW"]) for m in found}


def rejoined(aliases: list[str]) -> Act:
    def act(ground: Ground, service: str) -> None:
        found, name = one(ground, service)["Id"], network(ground, "main")
        ground.engine.disconnect_container_from_network(found, name)
        ground.engine.connect_container_to_network(found, name, aliases=aliases)

    return act


def _join_side(ground: Ground, service: str) -> None:
    name = network(ground, "side")
    if not ground.engine.networks(names=[name]):  # Compose makes none that nobody uses
        ground.engine.create_network(name, labels=ground.labels("network", "side"))
    ground.engine.connect_container_to_network(one(ground, service)["Id"], name)


def call(method: str, **arguments: Any) -> Act:
    return lambda g, s: getattr(g.engine, method)(one(g, s)["Id"], **arguments)


def removed(ground: Ground, service: str) -> None:
    ground.engine.remove_container(one(ground, service)["Id"], force=True)


def _other_image(ground: Ground, service: str) -> None:
    ground.engine.tag(OTHER_IMAGE, OTHER, "1")
    anew(ground, service, lambda body: body.update(Image=f"{OTHER}:1"))


def _moved(ground: Ground, service: str) -> None:
    ground.engine.tag(OTHER_IMAGE, MOVING, "1")


def _of_the_tag(ground: Ground, service: str) -> Any:
    image: str = ground.engine.inspect_image(f"{MOVING}:1")["Id"]
    return running(ground, service), one(ground, service)["Image"] == image


def _leftover(ground: Ground, service: str) -> None:
    """What a reconciler leaves that was killed while it wrote a config."""
    (store,) = (v["Name"] for v in ground.engine.volumes(filters={"name": ".config."})["Volumes"]
                if v["Name"].startswith(f"{ground.project}.config.left."))  # fmt: skip
    body = {
        "Image": "reconciler/empty:1", "Cmd": ["never-started"],
        "Labels": {"reconciler.stack": ground.project, "reconciler.role": "files"},
        "HostConfig": {"Mounts": [{"Type": "volume", "Source": store, "Target": "/files"}]},
    }  # fmt: skip
    create(ground, body, f"{store}.0badcafe.3")


def _helpers(ground: Ground, service: str) -> Any:
    marks = [f"reconciler.stack={ground.project}", "reconciler.role=files"]
    helpers = len(ground.engine.containers(all=True, filters={"label": marks}))
    return helpers, one(ground, service)["Id"]


def _orphan(ground: Ground, service: str) -> None:
    copy(ground, service, ground.name("ghost"), lambda body: body["Labels"].update(
        ground.labels("service", "ghost")))  # fmt: skip


def _orphan_network(ground: Ground, service: str) -> None:
    labels = ground.labels("network", "ghost")
    ground.engine.create_network(network(ground, "ghost"), labels=labels)


def _network_there(ground: Ground, service: str) -> Any:
    return bool(ground.engine.networks(names=[network(ground, "ghost")]))


def _orphan_volume(ground: Ground, service: str) -> None:
    labels = ground.labels("volume", "ghost")
    ground.engine.create_volume(volume(ground, "ghost"), labels=labels)


def _volume_there(ground: Ground, service: str) -> Any:
    found = ground.engine.volumes(filters={"name": volume(ground, "ghost")})["Volumes"] or []
    return bool(found)


def _net(name: str) -> Callable[[Ground, str], Any]:
    def truth(ground: Ground, service: str) -> Any:
        raw = ground.engine.inspect_network(network(ground, name))
        return raw["IPAM"]["Config"][0]["Subnet"], raw["Internal"], joined(ground, service)

    return truth


def _own_network(name: str) -> Json:
    return {"ours": {"networks": [name]}, "theirs": {"networks": {name: {}}},
            "top_ours": {"networks": {name: {}}},
            "top_theirs": {"networks": {name: {}}}}  # fmt: skip


def _other_subnet(ground: Ground, service: str) -> None:
    from docker.types import IPAMConfig, IPAMPool

    pool = IPAMConfig(pool_configs=[IPAMPool(subnet="10.199.77.0/24")])
    remade_network(ground, "subnet", ipam=pool)


def _volume_gone(ground: Ground, service: str) -> None:
    removed(ground, service)
    ground.engine.remove_volume(volume(ground, "lost"))


def _volume_made(ground: Ground, service: str) -> None:
    removed(ground, service)
    raw = ground.engine.inspect_volume(volume(ground, "remade"))
    ground.engine.remove_volume(raw["Name"])
    ground.engine.create_volume(raw["Name"], labels=raw["Labels"])


def _volumes_and_container(name: str) -> Act:
    def truth(ground: Ground, service: str) -> Any:
        raw = ground.engine.inspect_volume(volume(ground, name))
        return raw["Driver"], sorted(raw["Labels"]), running(ground, service)

    return truth


def _own_volume(name: str) -> Json:
    return {"ours": {"volumes": [f"{name}:/data"]}, "theirs": {"volumes": [f"{name}:/data"]},
            "top_ours": {"volumes": {name: {}}}, "top_theirs": {"volumes": {name: {}}}}  # fmt: skip


def _file(kind: str, name: str, path: str) -> Json:
    ours: Json = {f"{kind}s": [{"source": name, "target": path, "mode": "0444"}]}
    theirs: Json = {"read_only": False, f"{kind}s": [{"source": name, "target": path}]}
    held = {"content": "first\n"} if kind == "config" else {"env": "DRIFT_PW"}
    theirs_held = {"content": "first\n"} if kind == "config" else {"environment": "DRIFT_PW"}
    return {"ours": ours, "theirs": theirs, "top_ours": {f"{kind}s": {name: held}},
            "top_theirs": {f"{kind}s": {name: theirs_held}}}  # fmt: skip


def _edit(path: str, script: str) -> Act:
    return lambda g, s: g.edit(s, path, script)


def _seen(path: str) -> Act:
    return lambda g, s: content(g, s, path)


def _config_gone(ground: Ground, service: str) -> None:
    removed(ground, service)
    for raw in ground.engine.volumes(filters={"name": ".config.gone."})["Volumes"] or []:
        if raw["Name"].startswith(ground.project):
            ground.engine.remove_volume(raw["Name"])


def _ghost_record(ground: Ground, service: str) -> None:
    labels = {"reconciler.stack": ground.project, "reconciler.record": "revision",
              "reconciler.name": "service/ghostly", "reconciler.seq": "1",
              "reconciler.body": '{"revision":"r1","outcome":"good","when_ns":1}'}  # fmt: skip
    name = record_name(ground.project, "revision.service/ghostly.1")
    ground.engine.create_volume(name, labels=labels)


def _records_left(ground: Ground, service: str) -> Any:
    found = ground.engine.volumes(filters={"label": "reconciler.name=service/ghostly"})
    return bool([v for v in found["Volumes"] or [] if v["Name"].startswith(ground.project)])


HEALTHY: Json = {
    "ours": {"readiness": {"exec": ["/bin/busybox", "true"], "period": "1s"}},
    "theirs": {"healthcheck": {"test": ["CMD", "/bin/busybox", "true"], "interval": "1s"}},
}
WWW: Json = {"ours": {"aliases": ["www"]}, "theirs": {"networks": {"main": {"aliases": ["www"]}}}}

IN_PLACE = (
    Case("memory", "memory limit raised", "resources.memory_limit",
         limit(Memory=48 * MB, MemorySwap=48 * MB), host("Memory", "MemorySwap")),
    Case("swap", "swap allowed beside the memory", "resources.memory_swap",
         limit(Memory=32 * MB, MemorySwap=96 * MB), host("Memory", "MemorySwap")),
    Case("reservation", "memory reservation lowered", "resources.memory_request",
         limit(MemoryReservation=8 * MB), host("MemoryReservation")),
    Case("cpu", "CPU limit lowered", "resources.cpu_limit",
         limit(NanoCpus=250_000_000), host("NanoCpus")),
    Case("shares", "CPU shares lowered", "resources.cpu_shares",
         limit(CpuShares=2), host("CpuShares")),
    Case("cpuset", "pinned to one CPU", "docker.cpuset",
         limit(CpusetCpus="0"), host("CpusetCpus")),
    Case("pids", "limit of processes raised", "docker.pids_limit",
         limit(PidsLimit=77), host("PidsLimit")),
    Case("restart-off", "restart policy switched off", "restart.policy",
         limit(RestartPolicy={"Name": "no"}), host("RestartPolicy")),
    Case("restart-few", "restart policy limited to two tries", "restart.policy",
         limit(RestartPolicy={"Name": "on-failure", "MaximumRetryCount": 2}),
         host("RestartPolicy")),
)  # fmt: skip
LIFE = (
    Case("renamed", "renamed", "name",
         lambda g, s: g.engine.rename(one(g, s)["Id"], f"{g.project}-strange"), running),
    Case("paused", "paused", "instances.0.phase", call("pause"), running),
    Case("stopped", "stopped", "instances.0.phase", call("stop", timeout=1), running),
    Case("killed", "killed by hand", "instances.0.phase", call("kill"), running),
    Case("removed", "removed", "replicas", removed, running),
    Case("not-started", "made anew and not started", "instances.0.phase",
         lambda g, s: anew(g, s, lambda body: None, start=False), running),
)  # fmt: skip
ANEW = (
    Case("variable", "another value of a variable", "environment.A",
         made_with(Env=["A=9", "B=2"]), config("Env")),
    Case("variable-more", "one more variable", "environment.C",
         made_with(Env=["A=1", "B=2", "C=3"]), lambda g, s: set(one(g, s)["Config"]["Env"])),
    Case("variable-less", "one variable less", "environment.B",
         made_with(Env=["A=1"]), lambda g, s: set(one(g, s)["Config"]["Env"])),
    Case("command", "another command", "command",
         made_with(Cmd=["-c", "sleep 2999"]), config("Cmd")),
    Case("entrypoint", "another entry point", "entrypoint",
         made_with(Entrypoint=["/bin/busybox", "ash"]), config("Entrypoint")),
    Case("label", "another value of a label", "labels.team",
         made(lambda b: b["Labels"].update(team="other")),
         lambda g, s: one(g, s)["Config"]["Labels"]["team"]),
    Case("label-more", "one more label", "labels.extra",
         made(lambda b: b["Labels"].update(extra="x")),
         lambda g, s: "extra" in one(g, s)["Config"]["Labels"]),
    Case("user", "another user", "security.user", made_with(User="0"), config("User")),
    Case("capability", "a capability added", "security.add_capabilities",
         made_host(CapAdd=["NET_ADMIN", "SYS_ADMIN"]), host("CapAdd")),
    Case("capability-back", "a dropped capability given back", "security.drop_capabilities",
         made_host(CapDrop=[]), host("CapDrop")),
    Case("privileges", "new privileges allowed", "security.no_new_privileges",
         made_host(SecurityOpt=[]), host("SecurityOpt")),
    Case("privileged", "privileged", "docker.privileged",
         made_host(Privileged=True, SecurityOpt=[]), host("Privileged")),
    Case("writable-root", "root made writable", "security.read_only_root",
         made_host(ReadonlyRootfs=False), host("ReadonlyRootfs")),
    Case("host-name", "another host name", "hostname", made_with(Hostname="other"),
         config("Hostname"), {"hostname": "mine"}, {"hostname": "mine"}),
    Case("stop-signal", "another stop signal", "stop_signal",
         made_with(StopSignal="SIGQUIT"), config("StopSignal")),
    Case("stop-grace", "a longer time to stop", "stop.grace",
         made_with(StopTimeout=2), config("StopTimeout")),
    Case("healthcheck", "another health check", "healthcheck",
         made(lambda b: b["Healthcheck"].update(Test=["NONE"])), config("Healthcheck"), **HEALTHY),
    Case("image", "another image", "image", _other_image, config("Image")),
    Case("image-moved", "its image's tag moved", "image.id", _moved, _of_the_tag,
         {"image": f"{MOVING}:1"}, {"image": f"{MOVING}:1"}),
    Case("working-dir", "another working directory", "docker.working_dir",
         made_with(WorkingDir="/"), config("WorkingDir")),
    Case("tmpfs", "a tmpfs less", "docker.tmpfs", made_host(Tmpfs={}), host("Tmpfs")),
    Case("dns", "another name server", "docker.dns", made_host(Dns=["10.0.0.2"]), host("Dns")),
    Case("hosts", "another line in /etc/hosts", "docker.extra_hosts",
         made_host(ExtraHosts=["db:10.6.6.6"]), host("ExtraHosts")),
    Case("ulimit", "another ulimit", "docker.ulimits",
         made_host(Ulimits=[{"Name": "nofile", "Soft": 64, "Hard": 64}]), host("Ulimits")),
    Case("log-options", "other log options", "docker.logging",
         made_host(LogConfig={"Type": "json-file", "Config": {"max-size": "9m"}}),
         host("LogConfig")),
    Case("init", "without an init process", "docker.init", made_host(Init=False), host("Init")),
    Case("pid-space", "in the host's process space", "docker.pid",
         made_host(PidMode="host"), host("PidMode")),
    Case("mount-more", "a path of the host mounted", "volumes./more",
         lambda g, s: anew(g, s, lambda b: b["HostConfig"].update(Mounts=[
             *(b["HostConfig"].get("Mounts") or []),
             {"Type": "bind", "Source": "/var", "Target": "/more"}])), mounts),
    Case("mount-other", "another path of the host mounted", "volumes./host",
         mount("/host", lambda m: m.update(Source="/var")), mounts),
    Case("mount-writable", "a read-only mount made writable", "volumes./host",
         mount("/host", lambda m: m.update(ReadOnly=False)), mounts),
    Case("volume-other", "another volume mounted", "volumes./data",
         mount("/data", lambda m: m.update(Type="bind", Source="/var")), mounts),
)  # fmt: skip
NETWORKS = (
    Case("left", "disconnected from its network", "networks",
         lambda g, s: g.engine.disconnect_container_from_network(
             one(g, s)["Id"], network(g, "main")), joined),
    Case("joined", "connected to one more network", "networks",
         lambda g, s: g.engine.connect_container_to_network(one(g, s)["Id"], "bridge"), joined),
    Case("joined-side", "connected to another network of the stack", "networks", _join_side,
         joined),
    Case("alias-lost", "an alias lost", "aliases", rejoined(["alias-lost"]), joined, **WWW),
    Case("alias-more", "one more alias", "aliases", rejoined(["alias-more", "db"]), joined),
    Case("name-lost", "the service's own name lost", "networks.main.aliases", rejoined([]), joined),
    Case("subnet", "its network made anew with another subnet", "network/subnet subnet",
         _other_subnet, _net("subnet"), **_own_network("subnet")),
    Case("internal", "its network made anew without a way out", "network/internal internal",
         lambda g, s: remade_network(g, "internal", internal=True), _net("internal"),
         **_own_network("internal")),
    Case("attachable", "its network made anew, attachable", "network/attachable attachable",
         lambda g, s: remade_network(g, "attachable", attachable=True),
         lambda g, s: g.engine.inspect_network(network(g, "attachable"))["Attachable"],
         **_own_network("attachable")),
    Case("net-gone", "its network removed", "network/net-gone create",
         lambda g, s: removed_network(g, "net-gone"), joined, **_own_network("net-gone")),
    Case("orphan-network", "a network left that nobody declares", "network/ghost delete",
         _orphan_network, _network_there),
)  # fmt: skip
STORES = (
    Case("vol-gone", "its container and its volume removed", "volume/lost create",
         _volume_gone, _volumes_and_container("lost"), **_own_volume("lost")),
    Case("vol-remade", "its container removed, its volume made anew", "service/vol-remade replicas",
         _volume_made, _volumes_and_container("remade"), **_own_volume("remade")),
    Case("orphan-volume", "a volume left that nobody declares", "volume/ghost kept",
         _orphan_volume, _volume_there, kept=True),
    Case("config", "a config's file edited", "configs./etc/motd",
         _edit("/etc/motd", "echo evil >> $1"), _seen("/etc/motd"),
         **_file("config", "motd", "/etc/motd")),
    Case("config-mode", "a config's file made writable for all", "configs./etc/issue",
         _edit("/etc/issue", "chmod 666 $1"), _seen("/etc/issue"),
         **_file("config", "issue", "/etc/issue")),
    Case("secret", "a secret's file edited", "secrets./run/pw",
         _edit("/run/pw", "echo evil > $1"), _seen("/run/pw"), **_file("secret", "pw", "/run/pw")),
    Case("config-gone", "its container and its config's store removed", "config/gone@",
         _config_gone, _seen("/etc/gone"), compose=False,
         **_file("config", "gone", "/etc/gone")),
)  # fmt: skip
LEFT = (
    Case("copy", "a second copy made by hand", "leftover.",
         lambda g, s: copy(g, s, f"{g.project}-by-hand", lambda body: None), running),
    Case("scaled", "scaled up by hand", "replicas",
         lambda g, s: copy(g, s, g.name(s, 7), lambda body: body["Labels"].update(
             {"reconciler.ordinal": "7", "com.docker.compose.container-number": "7"})), running),
    Case("orphan", "a container left of a service that nobody declares",
         "service/ghost delete", _orphan, lambda g, s: len(all_of(g, "ghost"))),
    Case("leftover", "a helper left by a reconciler that was killed", "config/left@", _leftover,
         _helpers, compose=False, **_file("config", "left", "/etc/left")),
    Case("orphan-record", "a record left of a service that nobody declares",
         "service/ghostly delete", _ghost_record, _records_left, compose=False),
)  # fmt: skip
CASES = (*IN_PLACE, *LIFE, *ANEW, *NETWORKS, *STORES, *LEFT)
