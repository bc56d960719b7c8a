"""What some tests need beside the locked packages. Where it is missing they are skipped; with `CI=true` they fail."""

import importlib.util
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

import pytest

from tests.support.run import ROOT

FRAMEWORK_PYTHON: Final = ROOT / ".venv-robotframework" / "bin" / "python"
CHROMIUM_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")


def need_robot_framework(environ: Mapping[str, str] = os.environ) -> Path:
    """The interpreter that has it."""
    if not FRAMEWORK_PYTHON.exists():
        _without("Robot Framework: `make robotframework` installs it", environ)
    return FRAMEWORK_PYTHON


def need_browser(environ: Mapping[str, str] = os.environ) -> Path:
    """The browser's program."""
    if importlib.util.find_spec("playwright") is None:
        _without("playwright: it comes with requirements-dev.lock", environ)
    named = environ.get("CASARE_ROBOT_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        _without("Chromium: deploy/install-browser.sh installs it", environ)
    return Path(found)


def _without(what: str, environ: Mapping[str, str]) -> NoReturn:
    if environ.get("CI") == "true":
        pytest.fail(f"no {what}", pytrace=False)
    pytest.skip(f"no {what}")
