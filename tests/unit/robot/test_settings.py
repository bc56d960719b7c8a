from pathlib import Path

import pytest
from pydantic import ValidationError

from robot.settings import RobotSettings, safe_hostname


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "API_KEY", "API_KEY_FILE", "ID", "NAME", "CAPABILITIES", "TAGS", "WORKDIR", "ALLOW_ANY_PATH"):
        monkeypatch.delenv(f"CASARE_ROBOT_{name}", raising=False)


def test_the_defaults_need_a_key_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASARE_ROBOT_API_KEY", "crpa_1")
    settings = RobotSettings()
    assert settings.url == "http://127.0.0.1:8000"
    assert settings.id == safe_hostname()
    assert (settings.environment, settings.max_concurrent_jobs, settings.visibility_timeout_seconds) == (
        "default",
        1,
        30,
    )
    assert settings.workdir == Path.cwd()
    assert settings.extension_interval_seconds == 10
    assert settings.key() == "crpa_1"
    assert "crpa_1" not in repr(settings)


def test_everything_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text("crpa_from_file\n")
    environment = {
        "URL": "https://server:8443",
        "API_KEY_FILE": str(key_file),
        "ID": "r-7",
        "NAME": "Robot 7",
        "CAPABILITIES": "browser, desktop,",
        "TAGS": "",
        "MAX_CONCURRENT_JOBS": "3",
        "WORKDIR": str(tmp_path),
        "ALLOW_ANY_PATH": "on",
    }
    for name, value in environment.items():
        monkeypatch.setenv(f"CASARE_ROBOT_{name}", value)
    settings = RobotSettings()
    assert (settings.id, settings.name, settings.max_concurrent_jobs) == ("r-7", "Robot 7", 3)
    assert (settings.capabilities, settings.tags) == (("browser", "desktop"), ())
    assert (settings.workdir, settings.allow_any_path) == (tmp_path, True)
    assert settings.key() == "crpa_from_file"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("URL", "ftp://server"),
        ("URL", "http://user:secret@server"),
        ("WORKDIR", "/does/not/exist"),
        ("ID", "x" * 65),
        ("ID", "-robot"),
        ("ENVIRONMENT", "two words"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("CASARE_ROBOT_API_KEY", "crpa_1")
    monkeypatch.setenv(f"CASARE_ROBOT_{name}", value)
    with pytest.raises(ValidationError):
        RobotSettings()


@pytest.mark.parametrize("content", ["", "two words", "é"])
def test_a_file_without_a_key_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content, "utf-8")
    with pytest.raises(ValueError, match="does not hold a key"):
        RobotSettings(api_key_file=tmp_path / "key").key()


def test_a_hostname_is_made_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "büro pc/7.local-")
    assert safe_hostname() == "b-ro-pc-7.local"
    monkeypatch.setattr("socket.gethostname", lambda: "…")
    assert safe_hostname() == "robot"
