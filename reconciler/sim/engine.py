"""The world as an engine of containers: the `instances` façade."""

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.model.observed import Fields, Value
from reconciler.model.resource import ResourceKey
from reconciler.model.step import (
    DONE,
    ApplyObject,
    CreateInstance,
    DeleteObject,
    DropRecord,
    Outcome,
    PullImage,
    RemoveInstance,
    RouteInstance,
    SignalInstance,
    StartInstance,
    Step,
    UpdateInstance,
    WriteRecord,
)
from reconciler.model.units import NS_PER_S
from reconciler.sim import life, nodes, outcomes
from reconciler.sim.facade import Facade
from reconciler.sim.things import Container, Thing
from reconciler.sim.world import World
from reconciler.targets.port import Capabilities

FULL_ID = 64  # digits; the real engine takes a prefix for the whole
IN_PLACE = ("resources.", "restart.")
FEATURES = frozenset(
    {
        "adopt", "jobs", "configs", "secrets", "docker-block", "probes.http", "probes.tcp",
        "probes.grpc", "probes.exec", "probes.heartbeat",
    }
)  # fmt: skip

# What a container has that nobody asked for: from its image, and from the engine.
DEFAULTS: Mapping[str, Value] = {
    "environment.PATH": "/usr/local/bin:/usr/bin:/bin",
    "command": ("serve",),
    "restart.policy": "never",
    "stop.grace": 10 * NS_PER_S,
}


class SimEngine(Facade):
    """A simulated engine that holds one stack's networks, volumes and containers."""

    capabilities = Capabilities("instances", IN_PLACE, FEATURES)

    def __init__(self, world: World, stack: str) -> None:
        super().__init__(world, stack)

    def perform(self, step: Step, deadline_ns: int) -> Outcome:
        """The step's effect, at the world's present instant."""
        return _CALLS[type(step)](self, step)

    def _latency_ns(self, step: Step, kind: str) -> int:
        """Networks take it longer than volumes."""
        latencies = self.world.latency_ns
        return latencies.get(f"{kind} {step.key.kind}", latencies[kind])

    # -- objects ------------------------------------------------------------------------

    def _apply(self, step: ApplyObject) -> Outcome:
        held = self.world.holding(self.stack)
        there = held.objects.get(step.key)
        if there is None:
            if step.expect is not None:
                return outcomes.changed(f"{step.key} is gone")
            return self._make(step)
        if not there.owned:
            return self._hands_off(there)
        if step.expect is not None and step.expect != there.fingerprint:
            return outcomes.changed(f"{step.key} has changed")
        if all(there.fields.get(path) == value for path, value in step.fields.items()):
            return DONE
        message = f"{step.key} cannot change in place"
        return Outcome("terminal", message, outcomes.NOT_IN_PLACE, "replace it")

    def _make(self, step: ApplyObject) -> Outcome:
        world = self.world
        defaults: dict[str, Value] = {}
        if step.key.kind == "network":
            subnet = step.fields.get("subnet")
            if isinstance(subnet, str) and _overlaps(world, subnet):
                return Outcome(
                    "terminal", f"{step.key}: {subnet} overlaps with another network",
                    outcomes.NO_SUBNET, "choose another subnet",
                )  # fmt: skip
            defaults["driver"] = "bridge"
            if not subnet:
                defaults["subnet"] = _free_subnet(world)
        thing = Thing(
            world.new_id("object"), step.key, self.stack, dict(step.fields), defaults,
            created_at_ns=world.now_ns,
        )  # fmt: skip
        world.add_object(thing)
        return DONE

    def _delete(self, step: DeleteObject) -> Outcome:
        there = self.world.holding(self.stack).objects.get(step.key)
        if there is not None and not there.owned:
            return self._hands_off(there)
        if there is None or there.id != step.id:
            return DONE
        if step.expect and step.expect != there.fingerprint:
            return outcomes.changed(f"{step.key} has changed")
        if self._in_use(there):
            return outcomes.changed(f"{step.key} is in use")
        self.world.drop_object(there)
        return DONE

    def _in_use(self, thing: Thing) -> bool:
        """A network is held by what runs, a volume by every container, ended ones too."""
        if thing.key.kind == "network":
            return any(self.world.containers[id].running for id in thing.users)
        return bool(thing.users)

    def _hands_off(self, thing: Container | Thing) -> Outcome:
        """A write on what is not ours: refused, and told to whoever watches."""
        self.world.emit("violation", thing, "a write on what is not ours")
        return outcomes.not_ours(f"{thing.key} is not ours")

    # -- instances ----------------------------------------------------------------------

    def _pull(self, step: PullImage) -> Outcome:
        images, now = self.world.images, self.world.now_ns
        if images.lacks(step.reference, now):
            message = f"manifest for {step.reference} not found"
            return Outcome("terminal", message, outcomes.NO_IMAGE, "check the name and the tag")
        if now < images.out_until_ns:
            message = f"the registry of {step.reference} does not answer"
            return Outcome("retryable", message, outcomes.NO_REGISTRY, "is the registry up?")
        if images.refuses(step.reference, now):
            message = f"access to {step.reference} denied"
            return Outcome("terminal", message, outcomes.NO_LOGIN, "log in to the registry")
        if not images.limit.lets(now):
            return outcomes.limited(step.reference)
        images.pull(step.reference)
        self.world.emit("pulled", None, subject=step.reference, stack=self.stack, key=step.key)
        return DONE

    def _create(self, step: CreateInstance) -> Outcome:
        world = self.world
        image_id = self._image_of(step.fields)
        if image_id is None:
            message = f"no such image: {step.fields.get('image')}"
            return Outcome("conflict", message, outcomes.NO_IMAGE, "pull the image")
        if step.name in world.names:
            message = f"the name {step.name} is already in use"
            holder = world.containers[world.names[step.name]]
            return outcomes.changed(message) if holder.owned else outcomes.not_ours(message)
        holds = held_by(step.fields)
        objects = world.holding(self.stack).objects
        for key in holds:
            if key not in objects:
                return outcomes.changed(f"{key} is not there")
        policy = str(step.fields.get("restart.policy", "never"))
        fields = {**DEFAULTS, **step.fields}
        fields.pop("image.id", None)  # which image it is made of is told by its id
        container = Container(
            world.new_id("container"), step.name, step.key, self.stack, step.ordinal,
            step.revision, step.attempt, step.streak, fields=fields,
            defaults=_defaults_beside(step.fields), depends=step.depends, holds=holds,
            image_id=image_id, behaviour=world.behaviour_of(step.key, step.fields, image_id),
            policy=policy, asked_restart=policy, created_at_ns=world.now_ns,
        )  # fmt: skip
        world.add_container(container)
        return DONE

    def _image_of(self, fields: Fields) -> str | None:
        """The id of the image that is here: the very one asked for, or the tag's."""
        images, pinned = self.world.images, fields.get("image.id")
        if pinned is not None:
            return str(pinned) if pinned in images.stored else None
        return images.local.get(str(fields.get("image", "")))

    def _ours(self, step: Any) -> Container | Outcome | None:
        """The container a step names by its full id; None when it is gone."""
        if len(step.id) != FULL_ID:
            return outcomes.changed(f"{step.id!r} is no container's full id")
        container = self.world.containers.get(step.id)
        if container is None:
            return None
        if not container.owned or container.stack != self.stack:
            return self._hands_off(container)
        return container

    def _reached(self, step: Any) -> Container | Outcome | None:
        """The same, where its machine can be told what to do with it."""
        container = self._ours(step)
        if isinstance(container, Container) and not nodes.answers(self.world, container):
            message = f"{container.name}: its machine does not answer"
            return Outcome("retryable", message, outcomes.UNREACHABLE, "is the machine up?")
        return container

    def _start(self, step: StartInstance) -> Outcome:
        container = self._reached(step)
        if container is None:
            return outcomes.changed(f"no such container: {step.id[:12]}")
        if isinstance(container, Outcome) or container.running:
            return container if isinstance(container, Outcome) else DONE
        for port in life.host_ports(container):
            if port in self.world.ports:
                message = f"port is already allocated: {port}"
                return Outcome("retryable", message, outcomes.PORT_IN_USE, "free the port")
        objects = self.world.holding(self.stack).objects
        if any(key not in objects for key in container.holds):
            return outcomes.changed(f"{container.name}: something it uses is gone")
        if self.world.site is not None and (message := nodes.place(self.world, container)):
            self.world.emit("waiting", container, message)
            return Outcome("retryable", message, outcomes.NO_ROOM, "free some, or add a node")
        life.start(self.world, container)
        return DONE

    def _update(self, step: UpdateInstance) -> Outcome:
        container = self._reached(step)
        if container is None:
            return outcomes.changed(f"no such container: {step.id[:12]}")
        if isinstance(container, Outcome):
            return container
        for path in step.fields:
            if not path.startswith(IN_PLACE):
                message = f"{path} cannot change in place"
                return Outcome("terminal", message, outcomes.NOT_IN_PLACE, "replace it")
        fields = {**container.fields, **step.fields}
        container.fields = {path: v for path, v in fields.items() if v is not None}
        policy = step.fields.get("restart.policy")
        if isinstance(policy, str):
            container.policy = policy
        self.world.emit("updated", container, ",".join(sorted(step.fields)))
        return DONE

    def _route(self, step: RouteInstance) -> Outcome:
        container = self._ours(step)
        if isinstance(container, Container) and self.world.traffic is not None:
            self.world.traffic.route(container, step.state)
        return container if isinstance(container, Outcome) else DONE

    def _signal(self, step: SignalInstance) -> Outcome:
        container = self._reached(step)
        if container is None:
            return DONE
        if isinstance(container, Outcome):
            return container
        life.signal(self.world, container, step.signal)
        return DONE

    def _remove(self, step: RemoveInstance) -> Outcome:
        container = self._reached(step)
        if container is None:
            return DONE
        if isinstance(container, Outcome):
            return container
        if container.running:
            return outcomes.changed(f"{container.name} is running")
        self.world.drop_container(container)
        return DONE


_CALLS: Mapping[type, Callable[[SimEngine, Any], Outcome]] = {
    ApplyObject: SimEngine._apply, DeleteObject: SimEngine._delete,
    WriteRecord: SimEngine._write_record, DropRecord: SimEngine._drop_record,
    PullImage: SimEngine._pull, CreateInstance: SimEngine._create,
    StartInstance: SimEngine._start, UpdateInstance: SimEngine._update,
    RouteInstance: SimEngine._route, SignalInstance: SimEngine._signal,
    RemoveInstance: SimEngine._remove,
}  # fmt: skip


_HOLDING = ("networks", "volumes.", "configs.", "secrets.")


def held_by(fields: Fields) -> tuple[ResourceKey, ...]:
    """The stack's objects that a container with these fields uses."""
    found: dict[ResourceKey, None] = {}
    for path, value in fields.items():
        if not path.startswith(_HOLDING):
            continue
        if path == "networks" and isinstance(value, tuple):
            found.update({ResourceKey("network", name): None for name in value})
        elif path.startswith("volumes.") and not str(value).startswith("/"):
            found[ResourceKey("volume", str(value).removesuffix(":ro"))] = None
        elif path.startswith("configs."):
            found[ResourceKey("config", str(value).rpartition(":")[0])] = None
        elif path.startswith("secrets."):
            found[ResourceKey("secret", str(value).rpartition(":")[0])] = None
    return tuple(found)


def _defaults_beside(fields: Fields) -> Fields:
    return {path: value for path, value in DEFAULTS.items() if path not in fields}


def _networks(world: World) -> list[str]:
    return [
        str(thing.observed().fields["subnet"])
        for held in world.stacks.values()
        for key, thing in held.objects.items()
        if key.kind == "network" and "subnet" in {**thing.defaults, **thing.fields}
    ]


def _overlaps(world: World, subnet: str) -> bool:
    import ipaddress

    try:
        wanted = ipaddress.ip_network(subnet)
        return any(wanted.overlaps(ipaddress.ip_network(each)) for each in _networks(world))
    except (ValueError, TypeError):
        return False


def _free_subnet(world: World) -> str:
    taken = set(_networks(world))
    for number in range(17, 32):
        if (subnet := f"172.{number}.0.0/16") not in taken:
            return subnet
    return next(f"192.168.{n}.0/24" for n in range(256) if f"192.168.{n}.0/24" not in taken)
