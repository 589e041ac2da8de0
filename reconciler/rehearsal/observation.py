"""What was observed, kept in a file: what a rehearsal begins from, for another process.

JSON with a format. It holds what plans are made from, no more: what instances printed and said
of themselves, which could be anything, is left out, and so is what is to be adopted and is not
ours yet. Values of secrets are never observed, only their digests. A cluster's own objects may
hold any value in clear: of a variable that is not as the state has it, a digest is kept.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

from reconciler.model.container import EnvValue
from reconciler.model.diagnostic import Diagnostic, DiagnosticsError
from reconciler.model.digest import secret_digest
from reconciler.model.observed import Fields, Instance, Observed, Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Service
from reconciler.model.simple import plain, restored
from reconciler.model.stack import Stack
from reconciler.model.survey import SeenWorkload, Survey

Seen = Observed | Survey

FORMAT = "reconciler.observed/1"
VARIABLE = "environment."
REFERENCES = ("secret:", "config:", "field:", "resource:")


def bared(observed: Observed) -> Observed:
    """Without what a rehearsal does not need, and nobody may want in a file."""
    instances = tuple(replace(each, message="", log_tail=()) for each in observed.instances)
    scope = Scope(observed.scope.stack)
    return replace(observed, instances=instances, adoptable=(), scope=scope)


def bared_survey(survey: Survey, wanted: Stack) -> Survey:
    """The same of a cluster: values that the state does not have are told apart, and not told."""
    mask = _Mask(wanted)
    observed = bared(survey.observed)
    objects = {
        key: replace(
            each, fields=mask.fields(key, each.fields), defaults=mask.fields(key, each.defaults)
        )
        for key, each in observed.objects.items()
    }
    declared = survey.declared
    services = {name: mask.service(name, each) for name, each in declared.services.items()}
    return replace(
        survey,
        observed=replace(
            observed, objects=objects, instances=tuple(map(mask.instance, observed.instances))
        ),
        workloads={name: mask.workload(name, each) for name, each in survey.workloads.items()},
        declared=replace(declared, services=services),
    )


class _Mask:
    """Keeps what the state has, and the digest of what it has not.

    References to secrets and configs are names, and stay.
    """

    def __init__(self, wanted: Stack) -> None:
        self.stack = wanted.name
        self.known = {
            name: service.environment for name, service in wanted.declared.services.items()
        }

    def value(self, owner: str, name: str, value: str) -> str:
        """One variable of a service."""
        known = self.known.get(owner, {}).get(name)
        if value.startswith(REFERENCES) or (known is not None and known.value == value):
            return value
        return f"digest {secret_digest(value.encode(), self.stack, name)}"

    def service(self, owner: str, service: Service) -> Service:
        """A service as it runs."""
        masked = {
            name: each if each.value is None
            else EnvValue(value=self.value(owner, name, each.value))
            for name, each in service.environment.items()
        }  # fmt: skip
        return replace(service, environment=masked)

    def fields(self, key: ResourceKey, fields: Fields) -> Fields:
        """What of an object or an instance is compared."""
        return {
            path: self.value(key.name, path.removeprefix(VARIABLE), value)
            if path.startswith(VARIABLE) and isinstance(value, str) else value
            for path, value in fields.items()
        }  # fmt: skip

    def instance(self, one: Instance) -> Instance:
        """An instance, without what it said."""
        fields, defaults = self.fields(one.key, one.fields), self.fields(one.key, one.defaults)
        return replace(one, fields=fields, defaults=defaults, message="", log_tail=())

    def workload(self, owner: str, seen: SeenWorkload) -> SeenWorkload:
        """A workload with its revisions and pods."""
        templates = tuple(
            replace(each, service=self.service(owner, each.service)) for each in seen.templates
        )
        pods = tuple(replace(pod, instance=self.instance(pod.instance)) for pod in seen.pods)
        service = self.service(owner, seen.service)
        return replace(seen, service=service, templates=templates, pods=pods)


def encode(seen: Seen) -> str:
    """The observation as text; bare it first."""
    kind = "cluster" if isinstance(seen, Survey) else "engine"
    return json.dumps({"format": FORMAT, kind: plain(seen)}, indent=1) + "\n"


def is_observation(text: str) -> bool:
    """Whether it begins as `encode` begins: of this format, or a later one."""
    return text.lstrip()[:1] == "{" and '"reconciler.observed/' in text[:200]


def decode(text: str, name: str) -> Seen:
    """What `encode` wrote down; R716, with `name` for the file, where that is something else."""
    try:
        data: Mapping[str, Any] = json.loads(text)
        if data["format"] != FORMAT:
            _refuse(f"{name} is in the format {data['format']}, and this version reads {FORMAT}")
        made: Seen = (
            restored(Survey, data["cluster"]) if "cluster" in data
            else restored(Observed, data["engine"])
        )  # fmt: skip
        return made
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        _refuse(f"{name} holds no observation, or a damaged one: {error!r}"[:300])


def _refuse(summary: str) -> NoReturn:
    raise DiagnosticsError([Diagnostic("R716", summary, hint="name what rehearse --save wrote")])
