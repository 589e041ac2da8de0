"""The command line in this very process, and the engine seen past it."""

import contextlib
import copy as copies
import itertools
import json
from pathlib import Path
from typing import Any, NamedTuple

import docker
import pytest

from reconciler.cli.main import run
from tests.live.drift.ground import Json, cleaned

BUSYBOX = "local/busybox:1"
WEB: Json = {
    "image": BUSYBOX, "entrypoint": ["/bin/busybox", "sh", "-c"], "command": ["sleep 3000"],
    "docker": {"init": True}, "termination": {"grace": "16s"},
    "readiness": {"exec": ["/bin/busybox", "true"], "period": "1s", "timeout": "1s"},
    "rollout": {"deadline": "4s", "on_failure": "pause"},
}  # fmt: skip
WAIVED: Json = {"R211": {"allow": "a test"}, "R245": {"allow": "a test"}}
_numbers = itertools.count()


class Said(NamedTuple):
    """How a command ended, and everything that it printed."""

    code: int
    text: str

    def check_refused(self, code: str, *words: str) -> None:
        """It failed with this diagnostic, which says all of this, and with no traceback."""
        assert self.code == 1, self.text
        assert "Traceback" not in self.text, self.text
        for word in (code, *words):
            assert word in self.text, f"no {word!r} in:\n{self.text}"


class Engine:
    """An engine seen past the product."""

    def __init__(self, name: str, host: str | None = None) -> None:
        self.stack = f"{name}n{next(_numbers)}"
        self.raw: Any = docker.APIClient(base_url=host, version="auto", timeout=60)

    def containers(self) -> list[Json]:
        """The stack's containers."""
        filters = {"label": f"reconciler.stack={self.stack}"}
        return [self.raw.inspect_container(c["Id"])
                for c in self.raw.containers(all=True, filters=filters)]  # fmt: skip

    def things(self) -> int:
        """How many containers, networks and volumes are the stack's."""
        filters = {"label": f"reconciler.stack={self.stack}"}
        kept = self.raw.volumes(filters=filters)["Volumes"] or []
        volumes = [v for v in kept if v["Labels"].get("reconciler.record") != "lock"]
        return len(volumes) + len(self.containers()) + len(self.raw.networks(filters=filters))

    def foreign(self, name: str, **body: Any) -> str:
        """Start a container that is nobody's of ours; removed with the stack."""
        body = {"Image": BUSYBOX, "Entrypoint": ["/bin/busybox", "sleep", "3000"],
                "Labels": {"foreign": self.stack}, **body}  # fmt: skip
        url = self.raw._url("/containers/create")
        made = self.raw._result(self.raw._post_json(url, params={"name": name}, data=body), True)
        self.raw.start(made["Id"])
        found: str = made["Id"]
        return found

    def remove(self, container: str) -> None:
        """Remove a container by force."""
        self.raw.remove_container(container, force=True, v=True)

    def clean(self) -> None:
        """Remove everything of the stack, and what stood in its way."""
        with contextlib.suppress(docker.errors.APIError):
            list(cleaned(self.raw, f"foreign={self.stack}"))
        problems = list(cleaned(self.raw, f"reconciler.stack={self.stack}"))
        for image in self.raw.images():
            for tag in image["RepoTags"] or ():
                if f"/{self.stack}/" in tag:
                    self.raw.remove_image(tag)
        self.raw.close()
        assert not problems


class Command:
    """The command line on one state file."""

    def __init__(self, stack: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._stack = stack
        self._capsys = capsys

    def write(self, web: Json | None = None, **sections: Any) -> None:
        """This is wanted: a service `web`, laid over one that works."""
        service = copies.deepcopy(WEB) | (web or {})
        state = {"name": self._stack, "services": {"web": service}, "checks": WAIVED, **sections}
        (self.folder / "state.json").write_text(json.dumps(state))

    def __call__(self, name: str, *arguments: str) -> Said:
        state = str(self.folder / "state.json")
        self._capsys.readouterr()
        code = run((name, state, "--target", "docker", *arguments))
        out, err = self._capsys.readouterr()
        return Said(code, out + err)

    def apply(self, *arguments: str) -> Said:
        """Apply without a question."""
        return self("apply", "--yes", *arguments)

    def check_finishes(self) -> None:
        """The next apply finishes what an earlier one could not."""
        said = self.apply()
        assert said.code == 0, said.text
        assert self("plan", "--detailed-exitcode").code == 0
