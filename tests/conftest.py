"""Options of the whole suite: golden texts may be rewritten by hand only, and nothing is skipped in CI."""

import os

import pytest
from hypothesis import settings

# In CI the same examples every time: what a random search finds is found, and mended, where somebody works.
settings.register_profile("ci", derandomize=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden texts (refused in CI)")


def pytest_configure(config: pytest.Config) -> None:
    if _in_ci():
        settings.load_profile("ci")
    if _in_ci() and config.getoption("--update-golden"):
        raise pytest.UsageError("--update-golden is refused in CI: read the difference and record it by hand")


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not _in_ci():
        return
    if skipped := reporter.stats.get("skipped", []):
        reporter.write_line(f"{len(skipped)} skipped: nothing may be skipped in CI", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}
