"""From a pod's template to the state's own words: what runs in it, and how it is asked.

Pure. What Kubernetes has and the state has no word for is noted, in sentences.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reconciler.model.container import Amounts, EnvValue, Port, Resources, Security
from reconciler.model.lifecycle import GrpcProbe, HttpProbe, Probe, TcpProbe, Termination
from reconciler.model.units import NS_PER_S
from reconciler.targets.kubernetes import quantities

Json = Mapping[str, Any]
Note = Callable[[str], None]

_SLEEP = re.compile(r"(?:^|[;&\s/])sleep\s+(\d+(?:\.\d+)?)(s|m)?\s*;?\s*$")


def main_container(template: Json, name: str) -> Json:
    """The container that is the service's: the one of its name, else the first."""
    found: Sequence[Json] = (template.get("spec") or {}).get("containers") or ()
    return next((each for each in found if each.get("name") == name), found[0] if found else {})


def ports_of(container: Json) -> tuple[Port, ...]:
    """The ports that it declares; none is published on a host."""
    return tuple(
        Port(
            container=int(each["containerPort"]),
            protocol="udp" if each.get("protocol") == "UDP" else "http",
        )
        for each in container.get("ports") or ()
    )


def environment_of(container: Json, note: Note) -> dict[str, EnvValue]:
    """Its variables. Of a secret's only the reference is taken: ``secret:db/password``."""
    made = {}
    for each in container.get("env") or ():
        source = each.get("valueFrom")
        made[each["name"]] = EnvValue(value=_reference(source) if source else each.get("value", ""))
    for each in container.get("envFrom") or ():
        ref = each.get("configMapRef") or each.get("secretRef") or {}
        note(f"variables taken whole from {ref.get('name', '?')} are not compared")
    return made


def _reference(source: Json) -> str:
    for kind, word in (("secretKeyRef", "secret"), ("configMapKeyRef", "config")):
        if kind in source:
            return f"{word}:{source[kind].get('name')}/{source[kind].get('key')}"
    if "fieldRef" in source:
        return f"field:{source['fieldRef'].get('fieldPath')}"
    return f"resource:{(source.get('resourceFieldRef') or {}).get('resource')}"


def resources_of(container: Json) -> Resources:
    """What it is promised and may not exceed."""
    found = container.get("resources") or {}
    cpu, memory = quantities.amounts(found.get("requests"))
    most_cpu, most_memory = quantities.amounts(found.get("limits"))
    return Resources(
        requests=Amounts(cpu=cpu, memory=memory), limits=Amounts(cpu=most_cpu, memory=most_memory)
    )


def asked_by(pod_spec: Json) -> tuple[int, int]:
    """What a pod holds of its machine: the sum of its containers, or the most of its starters.

    Millicores and bytes; a limit alone is a request too. Source: ``pod_resources``,
    https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers.
    """
    running = [_asked(each) for each in pod_spec.get("containers") or ()]
    starting = [_asked(each) for each in pod_spec.get("initContainers") or ()]
    extra = pod_spec.get("overhead") or {}
    more_cpu, more_memory = quantities.amounts(extra)
    cpu = max([sum(cpu for cpu, _ in running), *(cpu for cpu, _ in starting)])
    memory = max([sum(size for _, size in running), *(size for _, size in starting)])
    return cpu + (more_cpu or 0), memory + (more_memory or 0)


def _asked(container: Json) -> tuple[int, int]:
    found = resources_of(container)
    cpu = found.requests.cpu if found.requests.cpu is not None else found.limits.cpu
    memory = found.requests.memory if found.requests.memory is not None else found.limits.memory
    return cpu or 0, memory or 0


def probe_of(container: Json, kind: str) -> Probe | None:
    """One of its probes (``readinessProbe``), with the defaults of v1 Probe."""
    found = container.get(kind)
    if not found:
        return None
    return Probe(
        **_way(container, found), delay=int(found.get("initialDelaySeconds", 0)) * NS_PER_S,
        period=max(int(found.get("periodSeconds", 10)), 1) * NS_PER_S,
        timeout=int(found.get("timeoutSeconds", 1)) * NS_PER_S,
        successes=int(found.get("successThreshold", 1)),
        failures=int(found.get("failureThreshold", 3)),
    )  # fmt: skip


def _way(container: Json, found: Json) -> dict[str, Any]:
    """How it asks."""
    if "httpGet" in found:
        get = found["httpGet"]
        headers = {each["name"]: each["value"] for each in get.get("httpHeaders") or ()}
        port = _port(container, get["port"])
        return {"http": HttpProbe(path=get.get("path") or "/", port=port, headers=headers)}
    if "tcpSocket" in found:
        return {"tcp": TcpProbe(port=_port(container, found["tcpSocket"]["port"]))}
    if "grpc" in found:
        grpc = found["grpc"]
        return {"grpc": GrpcProbe(port=int(grpc["port"]), service=grpc.get("service") or "")}
    return {"exec": tuple((found.get("exec") or {}).get("command") or ())}


def _port(container: Json, port: object) -> int:
    """A probe's port, by number or by name; 0 where no port has that name."""
    if isinstance(port, int) or str(port).isdigit():
        return int(str(port))
    named = {each.get("name"): int(each["containerPort"]) for each in container.get("ports") or ()}
    return named.get(str(port), 0)


def termination_of(template: Json, container: Json, note: Note) -> Termination:
    """How a pod ends: its grace, and how long its preStop hook takes of it."""
    grace_s = (template.get("spec") or {}).get("terminationGracePeriodSeconds", 30)
    hook = (container.get("lifecycle") or {}).get("preStop")
    pre_stop_ns = _hook_ns(hook, note) if hook else 0
    return Termination(grace=int(grace_s) * NS_PER_S, pre_stop=pre_stop_ns)


def _hook_ns(hook: Json, note: Note) -> int:
    """A preStop hook that sleeps takes that long; any other is taken to take no time."""
    if "sleep" in hook:
        return int(hook["sleep"].get("seconds", 0)) * NS_PER_S
    command = (hook.get("exec") or {}).get("command") or ()
    match = _SLEEP.search(" ".join(str(word) for word in command))
    if match is not None:
        return round(float(match[1]) * (60 if match[2] == "m" else 1) * NS_PER_S)
    note("its preStop hook does not only sleep, and is taken to take no time")
    return 0


def security_of(template: Json, container: Json) -> Security:
    """What the process may do."""
    pod = (template.get("spec") or {}).get("securityContext") or {}
    own = container.get("securityContext") or {}
    user, group = (own.get(name, pod.get(name)) for name in ("runAsUser", "runAsGroup"))
    capabilities = own.get("capabilities") or {}
    return Security(
        user=None if user is None else f"{user}" if group is None else f"{user}:{group}",
        read_only_root=bool(own.get("readOnlyRootFilesystem", False)),
        add_capabilities=tuple(capabilities.get("add") or ()),
        drop_capabilities=tuple(capabilities.get("drop") or ()),
        no_new_privileges=own.get("allowPrivilegeEscalation") is False,
    )
