"""Observing: a few lists, then one inspect for each container in scope. No call that writes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

from docker import errors as sdk

from reconciler.model.observed import Foreign, Instance, Observed, ObservedObject, Scope
from reconciler.model.resource import ResourceKey
from reconciler.targets.docker import labels as tag
from reconciler.targets.docker.adoption import Adopted, Adoptions, adopted_as
from reconciler.targets.docker.asking import place_of
from reconciler.targets.docker.attached import Surroundings
from reconciler.targets.docker.candidates import Candidate, candidates, own_names
from reconciler.targets.docker.engine import Engine, Json
from reconciler.targets.docker.errors import OUTSIDE, target_error
from reconciler.targets.docker.files import Files, is_edited
from reconciler.targets.docker.health import health_of
from reconciler.targets.docker.inspect import instance_of, is_adopted
from reconciler.targets.docker.logs import is_worth_telling, redacted, secrets_of, tail
from reconciler.targets.docker.networks import observed_network
from reconciler.targets.docker.prober import Prober, Subject
from reconciler.targets.docker.probes import our_probes
from reconciler.targets.docker.records import record_of
from reconciler.targets.docker.times import parse_time_ns
from reconciler.targets.docker.volumes import find_volume, observed_volume, own_volumes

OBSERVE_NS = 60_000_000_000
LOG_LINES = 5
# A file of a config or secret, on the engine's host: its volume and its mode.
FILE = re.compile(r"/([^/]+)/_data/m(\d{4})[^/]*$")
T = TypeVar("T")
R = TypeVar("R")


class Found(NamedTuple):
    """What the lists gave."""

    containers: list[Json]
    networks: list[Json]
    volumes: list[Json]


class Observer:
    """Makes observations of one stack on one engine."""

    def __init__(
        self, engine: Engine, stack: str, files: Files, prober: Prober, pool: Executor,
        adoptions: Adoptions, *, direct: bool, cpus: int,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._stack = stack
        self._files = files
        self._prober = prober
        self._pool = pool
        self._adoptions = adoptions
        self._direct = direct
        self._cpus = cpus
        self.keys: dict[str, ResourceKey] = {}  # of the containers in the last observations
        self._images: dict[str, Json] = {}  # by id: what an image is never changes

    def observe(self, scope: Scope) -> Observed:
        """A snapshot; TargetError where the engine does not answer."""
        try:
            with self._engine.within(OBSERVE_NS):
                return self._observe(scope)
        except OUTSIDE as error:
            raise target_error(error) from error

    def _observe(self, scope: Scope) -> Observed:
        began_ns = self._engine.now_ns()
        found, images = self._lists(scope)
        records = tuple(filter(None, (record_of(raw, self._stack) for raw in found.volumes)))
        self._adoptions.read(records)
        new = self._candidates(scope, found)
        found = self._dressed(found, new, scope)
        raws, unobservable = self._inspect(found, scope)
        raws = [self._adoptions.dressed(raw, _about_to_be(self._stack, new)) for raw in raws]
        subjects = self._watch(raws, scope)
        instances = self._instances(raws, found, subjects)
        objects = self._objects(scope, found, raws)
        seen = {instance.id: instance.key for instance in instances}
        self.keys = seen if scope.keys is None else {**self.keys, **seen}
        return Observed(
            scope=scope, began_at_ns=began_ns, target_now_ns=self._engine.now_ns(),
            objects=objects, instances=tuple(sorted(instances, key=lambda i: (i.name, i.id))),
            records=tuple(sorted(records, key=lambda r: (r.kind, r.name, r.seq))),
            images=images, unobservable=unobservable,
            adoptable=tuple(candidate.adoptable for candidate in new),
            foreign=foreign_of(found.containers, self._stack) if scope.keys is None else (),
        )  # fmt: skip

    def _lists(self, scope: Scope) -> tuple[Found, dict[str, str | None]]:
        """What there is, and the ids of the images that are asked for; all at the same time."""
        own = {"label": f"{tag.STACK}={self._stack}"}
        filters = own if scope.keys is not None else {}
        calls: list[Callable[[], Any]] = [
            lambda: list(self._engine.containers(all=True, filters=filters)),
            lambda: list(self._engine.networks()),
            lambda: own_volumes(self._engine, self._stack),
            *(partial(self._local_image, reference) for reference in scope.images),
        ]
        containers, networks, volumes, *ids = self._map(lambda call: call(), calls)
        return Found(containers, networks, volumes), dict(zip(scope.images, ids, strict=True))

    def _candidates(self, scope: Scope, found: Found) -> list[Candidate]:
        """What is to be adopted, is there, and has not been adopted before."""
        known = self._adoptions.is_known
        wanted = [a for a in scope.adopt if scope.covers(a.key) and not known(a.key, a.name)]
        own = own_names(found.networks, found.volumes, self._stack)
        return candidates(self._engine, self._stack, wanted, own)

    def _dressed(self, found: Found, new: list[Candidate], scope: Scope) -> Found:
        """The lists as if what is adopted had been made by us."""
        more = _about_to_be(self._stack, new)
        about_to_be = [each for each in more.values() if each.key.kind == "volume"]
        volumes = [*self._adoptions.of("volume"), *about_to_be]
        raws = self._map(lambda adopted: find_volume(self._engine, adopted.name), volumes)
        adopted = [raw for raw in raws if raw is not None]
        there = {raw["Name"] for raw in adopted}
        containers = list(found.containers)
        listed = {raw["Id"] for raw in containers}
        for one in (*self._adoptions.of("service"), *more.values()):
            if scope.keys is not None and one.key.kind == "service" and one.id not in listed:
                containers.append({"Id": one.id, "Names": [f"/{one.name}"]})
        parts = (
            containers, found.networks,
            [*(raw for raw in found.volumes if raw["Name"] not in there), *adopted],
        )  # fmt: skip
        return Found(*([self._adoptions.dressed(raw, more) for raw in part] for part in parts))

    def _inspect(self, found: Found, scope: Scope) -> tuple[list[Json], dict[ResourceKey, str]]:
        wanted = []
        for listed in found.containers:
            identity = tag.identity_of(listed.get("Labels"), self._stack)
            if identity is not None and scope.covers(identity.key):
                wanted.append((listed["Id"], identity.key))
        unobservable: dict[ResourceKey, str] = {}

        def inspect(item: tuple[str, ResourceKey]) -> Json | None:
            try:
                raw: Json = self._engine.inspect_container(item[0])
            except sdk.NotFound:  # gone since it was listed
                return None
            except OUTSIDE as error:
                unobservable[item[1]] = target_error(error).message
                return None
            return raw

        return [raw for raw in self._map(inspect, wanted) if raw is not None], unobservable

    def _local_image(self, reference: str) -> str | None:
        try:
            found: str = self._engine.image(reference)["Id"]
        except sdk.NotFound:
            return None
        return found

    def _watch(self, raws: list[Json], scope: Scope) -> dict[str, Subject]:
        subjects: dict[str, Subject] = {}
        for raw in raws:
            labels = raw["Config"].get("Labels") or {}
            engine_asks = not is_adopted(raw)
            key = tag.key_of(labels, self._stack)
            started_ns = parse_time_ns(raw["State"].get("StartedAt"))
            if key is None or started_ns is None or raw["State"].get("Status") != "running":
                continue
            place = place_of(raw, direct=self._direct)
            asked = tag.fields_of(labels, tag.ASKED)
            subjects[raw["Id"]] = self._prober.watch(
                place, key, started_ns, our_probes(asked, engine_asks=engine_asks)
            )
        self._prober.keep_only(frozenset(subjects), scope.keys)
        self._prober.look([s for s in subjects.values() if s.watched.questions])
        return subjects

    def _instances(
        self, raws: list[Json], found: Found, subjects: Mapping[str, Subject]
    ) -> list[Instance]:
        self._learn_images({raw["Image"] for raw in raws})
        around = replace(self._surroundings(found), edited=self._edited(raws))

        def read(raw: Json) -> Instance | None:
            subject = subjects.get(raw["Id"])
            asked = tag.fields_of(raw["Config"].get("Labels") or {}, tag.ASKED)
            health = health_of(raw["State"], asked, subject.watched if subject else None)
            if subject is not None:
                since_ns = self._prober.ready_since_ns(subject, health)
                health = health._replace(since_ns=since_ns)
            image = self._images.get(raw["Image"])
            made = instance_of(raw, around.of(image), health)
            return self._with_log(made, raw) if made is not None else None

        return [made for made in self._map(read, raws) if made is not None]

    def _edited(self, raws: list[Json]) -> frozenset[str]:
        """The files of configs and secrets that somebody wrote to, one call for each."""
        holders: dict[str, tuple[str, str]] = {}
        for raw in raws:
            for mount in raw.get("Mounts") or ():
                if mount.get("Type") == "bind" and FILE.search(str(mount.get("Source", ""))):
                    holders.setdefault(mount["Source"], (raw["Id"], mount["Destination"]))

        def look(source: str) -> str | None:
            volume, mode = FILE.search(source).groups()  # type: ignore[union-attr]
            try:
                edited = is_edited(self._engine.stat(*holders[source]), int(mode, 8))
            except OUTSIDE:  # gone with its volume, or with its container
                return None
            if edited:
                self._files.distrust(volume)
            return source if edited else None

        return frozenset(filter(None, self._map(look, sorted(holders))))

    def _with_log(self, instance: Instance, raw: Json) -> Instance:
        hidden = secrets_of(raw)
        lines: tuple[str, ...] = ()
        if is_worth_telling(instance):
            try:
                lines = tail(self._engine, instance.id, LOG_LINES)
            except OUTSIDE:  # logs are a help, not part of the state
                lines = ()
        return redacted(instance, lines, hidden)

    def _learn_images(self, ids: Iterable[str]) -> None:
        def learn(image_id: str) -> None:
            try:
                self._images[image_id] = self._engine.image(image_id).get("Config") or {}
            except sdk.NotFound:  # removed by force; its containers go on
                return

        self._map(learn, sorted(set(ids) - set(self._images)))

    def _surroundings(self, found: Found) -> Surroundings:
        networks, volumes = {}, {}
        for raw in found.networks:
            key = tag.key_of(raw.get("Labels"), self._stack)
            if key is not None and key.kind == "network":
                networks[raw["Id"]] = key.name
        for raw in found.volumes:
            key = tag.key_of(raw.get("Labels"), self._stack)
            if key is not None and key.kind == "volume":
                volumes[raw["Name"]] = key.name
        return Surroundings(
            self._stack, None, networks, volumes, self._files.digest, self._cpus,
            named=self._adoptions.names_of("network"),
        )  # fmt: skip

    def _objects(
        self, scope: Scope, found: Found, raws: list[Json]
    ) -> dict[ResourceKey, ObservedObject]:
        users, left = _users(raws), self._files.leftovers(found.containers)
        objects: dict[ResourceKey, ObservedObject] = {}
        for raw in found.networks:
            key = tag.key_of(raw.get("Labels"), self._stack)
            if key is not None and key.kind == "network" and scope.covers(key):
                objects[key] = observed_network(raw, key, self._stack, users.get(raw["Id"], ()))
        for raw in found.volumes:
            key = tag.key_of(raw.get("Labels"), self._stack)
            if key is not None and scope.covers(key):
                held = users.get(raw["Name"], ())
                made = observed_volume(raw, key, self._stack, held)
                more = {f"leftover.{name}": "created" for name in left.get(raw["Name"], ())}
                objects[key] = replace(made, fields={**made.fields, **more}) if more else made
        missing = [key for key in scope.wanted if key not in objects and scope.covers(key)]
        return objects | self._holders(missing, found)

    def _holders(
        self, wanted: Sequence[ResourceKey], found: Found
    ) -> dict[ResourceKey, ObservedObject]:
        """What is not ours and is called as something that we want to make."""
        holders: dict[ResourceKey, ObservedObject] = {}
        by_name = {raw["Name"]: raw for raw in found.networks}
        for key in wanted:
            raw = by_name.get(self._adoptions.name_of(key))
            if key.kind == "network" and raw is not None:
                holders[key] = observed_network(raw, key, self._stack)
        stored = [key for key in wanted if key.kind in ("volume", "config", "secret")]

        def look_up(key: ResourceKey) -> Json | None:
            return find_volume(self._engine, self._adoptions.name_of(key))

        for key, raw in zip(stored, self._map(look_up, stored), strict=True):
            if raw is not None:
                holders[key] = observed_volume(raw, key, self._stack)
        return holders

    def _map(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        if len(items) < 2:
            return [function(item) for item in items]
        left_ns = int(self._engine.seconds_left() * 1e9)

        def bounded(item: T) -> R:
            with self._engine.within(left_ns):
                return function(item)

        return list(self._pool.map(bounded, items))


def _about_to_be(stack: str, new: Iterable[Candidate]) -> dict[str, Adopted]:
    """What may be adopted, by id, as it will be."""
    able = (candidate.adoptable for candidate in new)
    return {each.id: adopted_as(stack, each) for each in able if not each.refused}


def foreign_of(containers: Iterable[Mapping[str, Any]], stack: str) -> tuple[Foreign, ...]:
    """What is not ours and holds a host port, or a name that begins as ours do."""
    found = []
    for listed in containers:
        if (listed.get("Labels") or {}).get(tag.STACK) == stack:
            continue
        names = [name.lstrip("/") for name in listed.get("Names") or ()]
        ports = {
            f"{port.get('IP', '')}:{port['PublicPort']}/{port.get('Type', 'tcp')}"
            for port in listed.get("Ports") or ()
            if port.get("PublicPort")
        }
        holds_name = any(name.startswith(f"{stack}-") for name in names)
        if names and (ports or holds_name):
            found.append(Foreign(names[0], holds_name, tuple(sorted(ports))))
    return tuple(sorted(found, key=lambda f: f.name))


def _users(raws: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Ids of containers by the network id, volume name or file volume that they hold."""
    users: dict[str, set[str]] = {}
    for raw in raws:
        networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
        held = [str(net.get("NetworkID") or "") for net in networks.values()]
        for mount in raw.get("Mounts") or ():
            if mount.get("Type") == "volume":
                held.append(str(mount.get("Name")))
            else:
                file = FILE.search(str(mount.get("Source", "")))
                held.append(file[1] if file else "")
        for name in filter(None, held):
            users.setdefault(name, set()).add(raw["Id"])
    return users
