"""Profiles of Hypothesis, gates for live services, and no skip that nobody expects."""

import os
import signal

import pytest
from hypothesis import HealthCheck, Verbosity, settings

from tests.services import require
from tests.skips import UnexpectedSkips

pytest_plugins = ["pytester"]

# A shell that starts a run in the background has it ignore Ctrl-C, and every process it starts
# with it; those that are sent one here must hear it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A failure prints what reproduces it. Machines are shared, so no example has a deadline.
_COMMON = settings(
    print_blob=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("dev", _COMMON, max_examples=50)
# The same examples each time, so that a red run is a change's own doing.
settings.register_profile("ci", _COMMON, max_examples=100, derandomize=True)
settings.register_profile("nightly", _COMMON, max_examples=2000, verbosity=Verbosity.normal)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "dev"))


def pytest_configure(config: pytest.Config) -> None:
    """With `CI` set, a skip whose reason is not expected fails the run."""
    on_worker = hasattr(config, "workerinput")
    if os.environ.get("CI") and not on_worker:
        config.pluginmanager.register(UnexpectedSkips(), "unexpected-skips")


@pytest.fixture(autouse=True)
def _live_services(request: pytest.FixtureRequest) -> None:
    """A live test gets the services that it names, or is skipped with the reason."""
    for marker in request.node.iter_markers("live"):
        for service in marker.args or ("docker",):
            require(service)
