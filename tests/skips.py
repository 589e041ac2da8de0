"""With `CI` set, a test that is skipped for no expected reason fails the run.

A skipped test looks like a passed one, and a service that quietly does not come up would
take its whole suite with it.
"""

import os
import re
from collections.abc import Generator

import pytest

# Prefix of the reason that `tests.services` gives; expected where it was not promised.
NO_SERVICE = "no such service here: "

# Reasons that are expected everywhere. Each says why.
EXPECTED: tuple[str, ...] = (
    r"needs Python 3\.\d+ or newer",  # the oldest supported Python runs too
)


def promised() -> frozenset[str]:
    """The services that `RECONCILER_LIVE` promises."""
    return frozenset(os.environ.get("RECONCILER_LIVE", "").split(",")) - {""}


def is_expected(reason: str, services: frozenset[str]) -> bool:
    """Whether a test may be skipped for this reason where `services` are promised."""
    reason = reason.removeprefix("Skipped: ")
    if reason.startswith(NO_SERVICE):
        return reason.removeprefix(NO_SERVICE).partition(":")[0] not in services
    return any(re.match(pattern, reason) for pattern in EXPECTED)


class UnexpectedSkips:
    """Collects what was skipped, and fails the run at its end if need be."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.services = promised()

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped or hasattr(report, "wasxfail"):
            return
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not is_expected(reason, self.services):
            self.found.append(f"{report.nodeid}: {reason}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test, or its setup, was skipped."""
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A whole module was skipped."""
        self._note(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Turn a passing run with unexpected skips into a failed one."""
        if self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name them."""
        if self.found:
            terminalreporter.section("skipped for no expected reason", red=True)
            for line in self.found:
                terminalreporter.line(line)
