"""The Kubernetes target: one stack in one namespace, behind the port. It reads; it writes nothing.

A stack is a namespace. `survey` gives a rehearsal all that it begins with, `observe` the part
that the port tells of. Every call that would write is refused, and says so.
"""

from collections.abc import Collection, Iterator, Sequence

from reconciler.model.observed import Observed, Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.step import Outcome, Step, kind_of
from reconciler.model.survey import Survey
from reconciler.targets.kubernetes.api import Api, Reads
from reconciler.targets.kubernetes.connect import Access, open_client
from reconciler.targets.kubernetes.features import CAPABILITIES
from reconciler.targets.kubernetes.read import read_namespace
from reconciler.targets.kubernetes.surveying import survey_of
from reconciler.targets.port import Capabilities, Predicted, Wanted

NOT_YET = "R705"


class KubernetesTarget:
    """A stack in a cluster, read only."""

    name = "kubernetes"
    capabilities: Capabilities = CAPABILITIES

    def __init__(
        self, stack: str, namespace: str = "", access: Access | None = None,
        api: Reads | None = None,
    ) -> None:  # fmt: skip
        self._stack = stack
        self.namespace = namespace or stack
        self._api = api or Api(open_client(access or Access()))

    def survey(self, scope: Scope, services: Collection[str]) -> Survey:
        """All that runs for these services, on which machines, and who else is there.

        Raises TargetError where the API server does not answer, or does not let us read it.
        """
        return survey_of(read_namespace(self._api, self.namespace), scope, services)

    def observe(self, scope: Scope) -> Observed:
        """A snapshot of what is ours, and of what holds the name of a service in scope."""
        names = {key.name for key in scope.keys or () if key.kind == "service"}
        return self.survey(scope, names).observed

    def perform(self, step: Step, deadline_ns: int) -> Outcome:
        """Refused: nothing is written to a cluster yet."""
        said = f"this version makes no call on a cluster that writes ({kind_of(step)})"
        return Outcome("terminal", said, NOT_YET, "rehearse it: `reconciler rehearse`")

    def preview(self, wanted: Sequence[Wanted]) -> Predicted:
        """Nothing: a server-side dry run is a call of `apply`, which is not there yet."""
        return {}

    def changes(self) -> Iterator[frozenset[ResourceKey]]:
        """Nothing: no one follows a cluster yet."""
        return iter(())

    def logs(self, instance_id: str, lines: int) -> tuple[str, ...]:
        """Nothing: logs of pods are not read yet."""
        return ()

    def logs_since(self, instance_id: str, since_ns: int) -> tuple[tuple[int, str], ...]:
        """Nothing: logs of pods are not read yet."""
        return ()

    def close(self) -> None:
        """Let go of connections."""
        if isinstance(self._api, Api):
            self._api.close()
