"""A namespace of its own on a real cluster: what is put there is by kubectl, and is gone after."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]

ROOT = Path(__file__).parent.parent.parent.parent
CALL_S = 60
# A server that answers after two seconds, and ends at once when it is told to.
SLOW_S = 2
COMMAND = ["/bin/busybox"]
ARGS = ["sh", "-c", f"trap 'exit 0' TERM; /bin/busybox sleep {SLOW_S} & wait $!; "
        "/bin/busybox httpd -f -p 8080 -h /bin & wait"]  # fmt: skip
KINDS = "deployments,replicasets,pods,services,endpoints,configmaps,secrets,serviceaccounts"


class Ground:
    """The namespace, and the processes that look at it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder

    def kubectl(self, *words: str, given: str | None = None) -> str:
        """A call within the namespace; its output."""
        done = subprocess.run(
            ["kubectl", "-n", self.name, f"--request-timeout={CALL_S}s", *words], input=given,
            capture_output=True, text=True, timeout=2 * CALL_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def put(self, *objects: Json) -> None:
        """Make these objects, or make them so."""
        self.kubectl("apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List",
                                                           "items": list(objects)}))  # fmt: skip

    def get(self, what: str) -> Json:
        """An object, or a list of them."""
        found: Json = json.loads(self.kubectl("get", what, "-o", "json"))
        return found

    def settled(self, name: str = "web") -> None:
        """Wait until a Deployment is rolled out, and what was replaced is gone."""
        self.kubectl("rollout", "status", f"deployment/{name}", f"--timeout={CALL_S}s")
        self.sweep()

    def sweep(self) -> None:
        """Wait until what is being deleted has ended, and take the objects away.

        This node's kubelet leaves them for more than a minute, until it collects its garbage.
        """
        until(lambda: all(has_ended(pod) for pod in self._ending()))
        names = [pod["metadata"]["name"] for pod in self._ending()]
        if names:
            self.kubectl("delete", "pods", "--force", "--grace-period=0", "--ignore-not-found",
                         *names)  # fmt: skip

    def _ending(self) -> list[Json]:
        found = self.get("pods")["items"]
        return [pod for pod in found if "deletionTimestamp" in pod["metadata"]]

    def versions(self) -> dict[str, tuple[str, Any]]:
        """Everything in the namespace: resourceVersion and generation, by uid."""
        found = self.get(KINDS)["items"]
        return {
            f"{each['kind']}/{each['metadata']['name']}/{each['metadata'].get('uid')}": (
                each["metadata"]["resourceVersion"], each["metadata"].get("generation")
            )
            for each in found
        }  # fmt: skip

    def write(self, service: Json, name: str = "state", **more: Any) -> Path:
        """This is what is wanted of `web`."""
        path = self.folder / f"{name}.yaml"
        state = {"name": self.name, "services": {"web": service}, **more}
        path.write_text(json.dumps(state, indent=1))
        return path

    def rehearse(self, path: Path, *words: str) -> tuple[int, str]:
        """The command, as a process of its own: its exit code and what it said."""
        return self._command("rehearse", str(path), *words)

    def capacity(self, path: Path) -> tuple[int, str]:
        """How many fit the machines of the cluster, as JSON."""
        return self._command("capacity", str(path), "--live", "-o", "json")

    def _command(self, *words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", *words, "--target", "kubernetes"],
            cwd=self.folder, env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr


@contextmanager
def ground(prefix: str, folder: Path) -> Iterator[Ground]:
    """A namespace that nobody else uses. At the end it is deleted; its pods' end is waited for."""
    made = Ground(f"{prefix}{os.getpid()}", folder)
    made.kubectl("create", "namespace", made.name)
    try:
        until(lambda: "default" in made.kubectl("get", "serviceaccounts", "-o", "name"))
        yield made
    finally:
        made.kubectl("delete", "deployments", "--all", "--timeout=60s")
        made.sweep()
        made.kubectl("delete", "namespace", made.name, "--wait=false")


def has_ended(pod: Json) -> bool:
    """Whether a pod that is being deleted answers no more.

    Its state says so ten seconds later, when this kubelet's worker looks at it again.
    """
    statuses = pod["status"].get("containerStatuses", ())
    return not any(each["ready"] for each in statuses)


def until(holds: Callable[[], object], most_s: float = 60) -> None:
    """Wait until it holds."""
    end = time.monotonic() + most_s
    while not holds():
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.2)


def deployment(
    version: int, replicas: int = 2, *, strategy: Json | None = None, **pod: Any
) -> Json:  # fmt: skip
    """A Deployment `web` as somebody writes one by hand; `pod` is laid over its pods' spec."""
    container = {
        "name": "web", "image": "local/busybox:1", "imagePullPolicy": "IfNotPresent",
        "command": COMMAND, "args": ARGS, "env": [{"name": "VERSION", "value": str(version)}],
        "ports": [{"containerPort": 8080, "name": "http"}],
        "readinessProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 1},
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/busybox", "sleep", "3"]}}},
        "resources": {"requests": {"cpu": "20m", "memory": "8Mi"}},
    }  # fmt: skip
    container |= pod.pop("container", {})
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"rollingUpdate": strategy or {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "terminationGracePeriodSeconds": 20, "containers": [container],
                    "automountServiceAccountToken": False, **pod,
                },
            },
        },
    }  # fmt: skip


def service() -> Json:
    """The Service before it."""
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
    }  # fmt: skip


def wanted(version: int, replicas: int = 2, **more: Any) -> Json:
    """The same as a service of the state."""
    return {
        "image": "local/busybox:1", "entrypoint": COMMAND, "command": ARGS,
        "environment": {"VERSION": str(version)}, "ports": [8080], "replicas": replicas,
        "readiness": {"tcp": {"port": 8080}, "period": "1s"},
        "termination": {"pre_stop": "3s", "grace": "20s"},
        "rollout": {"max_surge": 1, "max_unavailable": 0},
        "resources": {"requests": {"cpu": "20m", "memory": "8Mi"}}, **more,
    }  # fmt: skip
