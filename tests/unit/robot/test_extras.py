"""Where the tests' extras are missing, CI fails and others skip, with what to do."""

import shutil
from pathlib import Path

import pytest

from tests.support import extras


def test_a_missing_browser_skips_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(pytest.skip.Exception, match="install-browser"):
        extras.need_browser({})
    with pytest.raises(pytest.fail.Exception, match="install-browser"):
        extras.need_browser({"CI": "true"})
    assert extras.need_browser({"CASARE_ROBOT_CHROMIUM": "/opt/chromium"}) == Path("/opt/chromium")


def test_a_missing_robot_framework_skips_or_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(extras, "FRAMEWORK_PYTHON", tmp_path / "python")
    with pytest.raises(pytest.skip.Exception, match="make robotframework"):
        extras.need_robot_framework({})
    with pytest.raises(pytest.fail.Exception, match="make robotframework"):
        extras.need_robot_framework({"CI": "true"})
