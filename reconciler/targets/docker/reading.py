"""Reading from an engine on this machine, without what a session does for each request.

The SDK's way goes through `requests`, which looks for proxies and passwords anew each time
and, on a socket, opens a connection for every address: on a small machine more than half of
the time of a look at a hundred containers. Errors are those of the SDK's way.
"""

import io
import json
import socket
from collections.abc import Mapping
from typing import Any, NoReturn

import requests
from docker.errors import create_api_error_from_http_exception
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError, ReadTimeoutError


class _Connection(HTTPConnection):
    """A connection to a socket of this machine."""

    path = ""

    def connect(self) -> None:
        """Connect; OSError where nobody listens. The SDK's own leaves its socket open then."""
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.settimeout(self.timeout)
            made.connect(self.path)
        except OSError:
            made.close()
            raise
        self.sock = made


class _Pool(HTTPConnectionPool):
    """Connections to one socket."""

    def __init__(self, path: str, most: int) -> None:
        super().__init__("localhost", maxsize=most)
        self._path = path

    def _new_conn(self) -> _Connection:
        made = _Connection("localhost")
        made.path = self._path
        return made


class Reader:
    """Kept connections to one socket, for GET alone. Threads may share it."""

    def __init__(self, path: str, headers: Mapping[str, str], most: int) -> None:
        self._pool = _Pool(path, most)
        self._headers = dict(headers)

    def read(self, path: str, timeout_s: float) -> Any:
        """The JSON at `path`; APIError, or what `requests` raises, where there is none."""
        try:
            answer = self._pool.urlopen(
                "GET", path, headers=self._headers, retries=False, timeout=timeout_s
            )
        except ReadTimeoutError as error:
            raise requests.ReadTimeout(error) from error
        except (HTTPError, OSError) as error:
            raise requests.ConnectionError(error) from error
        if answer.status >= 300:
            _refuse(path, answer)
        return json.loads(answer.data)

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.close()


def _refuse(path: str, answer: Any) -> NoReturn:
    """Raise the SDK's error for an answer, made as the SDK makes it."""
    response = requests.Response()
    response.status_code, response.reason, response.url = answer.status, answer.reason, path
    response.headers.update(answer.headers)
    response.raw = io.BytesIO(answer.data)
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        raise create_api_error_from_http_exception(error) from error
    raise AssertionError(answer.status)
