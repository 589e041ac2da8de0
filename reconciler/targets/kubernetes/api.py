"""Calls on an API server: raw JSON in, a deadline on each, and errors as diagnostics."""

import json
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from reconciler.model.diagnostic import TargetError
from reconciler.model.units import NS_PER_S
from reconciler.targets.kubernetes.errors import refused, unreachable

if TYPE_CHECKING:
    from kubernetes.client.api_client import ApiClient

Json = dict[str, Any]

CONNECT_S = 5
READ_S = 30
PAGE = 500  # objects an answer; as kubectl asks (``--chunk-size``)
JSON_TYPE = "application/json"
# Names and labels alone: what the objects hold never leaves the server.
METADATA_TYPE = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class Reads(Protocol):
    """An API server that can be read."""

    now_ns: int
    address: str

    def get(self, path: str, what: str) -> Json:
        """One object; TargetError where the server does not give it."""

    def listed(self, path: str, what: str, accept: str = JSON_TYPE) -> list[Json]:
        """All of a collection; TargetError where the server does not give them."""


class Api:
    """A connection to an API server. `now_ns` is its clock, as of its last answer."""

    def __init__(self, client: "ApiClient") -> None:
        self._client = client
        self.now_ns = 0
        self.address: str = client.configuration.host

    def get(self, path: str, what: str) -> Json:
        """One object. `what` names the call: ``get namespaces``."""
        return self._call(path, {}, what, JSON_TYPE)

    def listed(self, path: str, what: str, accept: str = JSON_TYPE) -> list[Json]:
        """All of a collection, page by page.

        A page that comes too late (410: its snapshot is compacted) lets the list begin anew,
        once, and whole.
        """
        try:
            return list(self._pages(path, {"limit": str(PAGE)}, what, accept))
        except TargetError as error:
            if "answered 410" not in error.message:
                raise
            return list(self._pages(path, {}, what, accept))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.rest_client.close()

    def _pages(
        self, path: str, query: Mapping[str, str], what: str, accept: str
    ) -> Iterator[Json]:  # fmt: skip
        asked = dict(query)
        while True:
            found = self._call(path, asked, what, accept)
            yield from found.get("items") or ()
            more = (found.get("metadata") or {}).get("continue")
            if not more:
                return
            asked["continue"] = more

    def _call(self, path: str, query: Mapping[str, str], what: str, accept: str) -> Json:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        url = self.address + path + (f"?{urlencode(query)}" if query else "")
        headers = {**self._client.default_headers, "Accept": accept}
        try:
            self._client.update_params_for_auth(headers, [], ["BearerToken"], path, "GET", None)
            answer = self._client.call_api(
                "GET", url, header_params=headers, _request_timeout=(CONNECT_S, READ_S)
            )
            body: bytes = answer.response.data
        except (HTTPError, ApiException, OSError) as error:
            raise unreachable(error, self.address) from None
        if not 200 <= answer.status < 300:
            raise refused(answer.status, body, self.address, what)
        self._note_time(answer.headers.get("Date"))
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise refused(answer.status, b"", self.address, what)
        return found

    def _note_time(self, text: str | None) -> None:
        try:
            self.now_ns = int(parsedate_to_datetime(text or "").timestamp()) * NS_PER_S
        except (TypeError, ValueError):
            return
