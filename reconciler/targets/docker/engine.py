"""The engine's API with a deadline on every call, its clock, and the calls the SDK lacks."""

import base64
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import docker
import requests
from docker.errors import DockerException, InvalidVersion, create_api_error_from_http_exception
from docker.tls import TLSConfig

from reconciler.model.diagnostic import TargetError
from reconciler.model.units import NS_PER_S
from reconciler.targets.docker.connect import Endpoint
from reconciler.targets.docker.errors import (
    BAD_CONNECTION,
    LOCK_LOST,
    target_error,
    unreachable,
)
from reconciler.targets.docker.reading import Reader
from reconciler.targets.docker.times import parse_time_ns

CALL_TIMEOUT_S = 30
CONNECT_TIMEOUT_S = 10
LEAST_TIMEOUT_S = 0.05
CLOCK_VALID_NS = 60 * NS_PER_S
POOL_SIZE = 32

Json = dict[str, Any]


class Engine(docker.APIClient):
    """A connection pool to one engine. Threads may share it; `within` is each thread's own."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._bound = threading.local()
        self._clock: tuple[int, int] | None = None
        self._clock_lock = threading.Lock()
        self.tenure: Callable[[], int] = lambda: 1
        tls = _tls(endpoint) if endpoint.tls else False
        super().__init__(
            base_url=endpoint.host, version=endpoint.api_version, timeout=CONNECT_TIMEOUT_S,
            tls=tls, use_ssh_client=endpoint.host.startswith("ssh://"), max_pool_size=POOL_SIZE,
        )  # fmt: skip
        self.timeout = CALL_TIMEOUT_S
        self._reader = self._local_reader(endpoint)

    @contextlib.contextmanager
    def within(self, duration_ns: int) -> Iterator[None]:
        """Every call that this thread makes inside ends after `duration_ns` from now."""
        outer = getattr(self._bound, "until", None)
        until = time.monotonic() + duration_ns / NS_PER_S
        self._bound.until = until if outer is None else min(until, outer)
        try:
            yield
        finally:
            self._bound.until = outer

    @contextlib.contextmanager
    def gated(self) -> Iterator[None]:
        """No call of this thread inside writes once `tenure` is another than it is now, or 0."""
        outer = getattr(self._bound, "tenure", None)
        self._bound.tenure = self.tenure()
        try:
            yield
        finally:
            self._bound.tenure = outer

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Send a request, no longer than this thread may still take."""
        writes = request.method not in ("GET", "HEAD")
        began_in = getattr(self._bound, "tenure", None)
        if writes and began_in is not None and not began_in == self.tenure() > 0:
            raise TargetError("conflict", LOCK_LOST, "the lock was lost")
        until = getattr(self._bound, "until", None)
        if until is not None:
            left = max(until - time.monotonic(), LEAST_TIMEOUT_S)
            asked = kwargs.get("timeout")
            kwargs["timeout"] = min(left, asked) if isinstance(asked, int | float) else left
        return super().send(request, **kwargs)

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Whom the endpoint trusts goes before REQUESTS_CA_BUNDLE, which is about the web."""
        trusted = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, trusted, cert)

    def seconds_left(self) -> float:
        """How long this thread may still take."""
        until = getattr(self._bound, "until", None)
        return float(CALL_TIMEOUT_S) if until is None else float(until - time.monotonic())

    def call(self, method: str, path: str, **kwargs: Any) -> Any:
        """One call that the SDK has no method for; its answer, or APIError."""
        url = f"{self.base_url}/v{self.api_version}{path}"
        kwargs.setdefault("timeout", self.timeout)
        answer = self.request(method, url, **kwargs)
        try:
            answer.raise_for_status()
        except requests.exceptions.HTTPError as error:
            raise create_api_error_from_http_exception(error) from error
        return answer

    def read(self, path: str) -> Any:
        """The JSON that a GET is answered with, in the shortest way there is; or APIError."""
        if self._reader is None:
            return self.call("GET", path).json()
        left = max(min(self.seconds_left(), self.timeout), LEAST_TIMEOUT_S)
        return self._reader.read(f"/v{self.api_version}{path}", left)

    def inspect_container(self, container: Any) -> Json:
        """Everything about a container, by its id or name."""
        found: Json = self.read(f"/containers/{quote(container)}/json")
        return found

    def inspect_volume(self, name: str) -> Json:
        """Everything about a volume."""
        found: Json = self.read(f"/volumes/{quote(name)}")
        return found

    def create(self, body: Mapping[str, Any], name: str) -> str:
        """Create a container from the engine's own JSON; its full id."""
        answer = self.call("POST", "/containers/create", params={"name": name}, json=dict(body))
        made: str = answer.json()["Id"]
        return made

    def image(self, reference: str) -> Json:
        """A local image."""
        found: Json = self.read(f"/images/{quote(reference)}/json")
        return found

    def wait_for_end(self, container_id: str, longest_s: float) -> None:
        """Wait until a container does not run, or for this long."""
        with contextlib.suppress(requests.exceptions.ReadTimeout):
            self.call(
                "POST", f"/containers/{container_id}/wait",
                params={"condition": "not-running"}, timeout=longest_s,
            )  # fmt: skip

    def update(self, container_id: str, settings: Mapping[str, Any]) -> None:
        """Change limits and restart policy; the SDK's own method lacks NanoCpus."""
        self.call("POST", f"/containers/{container_id}/update", json=dict(settings))

    def stat(self, container_id: str, path: str) -> Json:
        """Size, mode and mtime of a file inside a container, running or not."""
        answer = self.call("HEAD", f"/containers/{container_id}/archive", params={"path": path})
        made: Json = json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))
        return made

    def now_ns(self) -> int:
        """The engine's clock. Its distance from ours is measured again each minute."""
        with self._clock_lock:
            here = time.monotonic_ns()
            if self._clock is None or here - self._clock[0] > CLOCK_VALID_NS:
                self.info()
                here = time.monotonic_ns()
            assert self._clock is not None
            return here + self._clock[1]

    def info(self) -> Json:
        """What the engine says of itself, its clock among it: that is taken down."""
        began = time.monotonic_ns()
        told: Json = super().info()
        here, there = time.monotonic_ns(), parse_time_ns(told["SystemTime"])
        assert there is not None
        self._clock = (here, there - (began + here) // 2)
        return told

    def close(self) -> None:
        """Let go of the connections."""
        super().close()
        if self._reader is not None:
            self._reader.close()

    def _local_reader(self, endpoint: Endpoint) -> Reader | None:
        scheme, _, path = endpoint.host.partition("://")
        if scheme != "unix":
            return None
        self.trust_env = False  # neither a proxy nor a .netrc is on the way to a socket
        written = vars(self)["_general_configs"].get("HttpHeaders", {})  # in the CLI's own file
        headers = {"User-Agent": str(self.headers["User-Agent"]), **written}
        return Reader(path, headers, POOL_SIZE)


def open_engine(endpoint: Endpoint) -> Engine:
    """Connect; TargetError where the engine does not answer."""
    try:
        _knock(endpoint)
        return Engine(endpoint)
    except InvalidVersion as error:
        raise TargetError(
            "terminal", BAD_CONNECTION, f"the engine at {endpoint.host} is too old: {error}",
            "use a newer engine",
        ) from None  # fmt: skip
    except (DockerException, requests.exceptions.RequestException, OSError) as error:
        made = unreachable(error, endpoint.host)
        raise made from None
    except ValueError as error:
        raise target_error(DockerException(str(error))) from None


def _knock(endpoint: Endpoint) -> None:
    # The SDK wraps what goes wrong with a socket in text; the system's own error is exact.
    scheme, _, path = endpoint.host.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
            knock.settimeout(CONNECT_TIMEOUT_S)
            knock.connect(path)


def _tls(endpoint: Endpoint) -> TLSConfig:
    pair = (endpoint.cert, endpoint.key) if endpoint.cert else None
    return TLSConfig(client_cert=pair, ca_cert=endpoint.ca or None, verify=endpoint.verify)
