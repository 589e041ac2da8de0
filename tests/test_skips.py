"""A skip that nobody expects must fail a run with `CI` set."""

import pytest

from tests import skips

CONFTEST = """
from tests.skips import UnexpectedSkips

def pytest_configure(config):
    config.pluginmanager.register(UnexpectedSkips())
"""


@pytest.fixture
def _no_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECONCILER_LIVE", raising=False)


def run(pytester: pytest.Pytester, reason: str) -> pytest.RunResult:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(f"import pytest\ndef test_skipped():\n    pytest.skip({reason!r})\n")
    return pytester.runpytest_inprocess("-p", "no:cacheprovider")


@pytest.mark.usefixtures("_no_promise")
def test_a_skip_for_an_unknown_reason_fails_the_run(pytester: pytest.Pytester) -> None:
    result = run(pytester, "not today")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*skipped for no expected reason*", "*test_skipped: *not today"])


@pytest.mark.usefixtures("_no_promise")
def test_a_skip_for_a_service_that_nobody_promised_passes(pytester: pytest.Pytester) -> None:
    assert run(pytester, f"{skips.NO_SERVICE}docker: none").ret == pytest.ExitCode.OK


def test_a_skip_for_a_promised_service_fails_the_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_LIVE", "docker")
    result = run(pytester, f"{skips.NO_SERVICE}docker: none")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*skipped for no expected reason*"])


@pytest.mark.usefixtures("_no_promise")
def test_a_module_that_skips_itself_fails_the_run(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("import pytest\npytest.skip('whole', allow_module_level=True)\n")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*skipped for no expected reason*"])


def test_a_skip_for_a_service_beside_the_promised_ones_passes(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_LIVE", "docker,image")
    assert run(pytester, f"{skips.NO_SERVICE}kubernetes: none").ret == pytest.ExitCode.OK
