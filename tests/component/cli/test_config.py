"""`casare config`: values and where they come from."""

import json
from pathlib import Path

from tests.component.cli.conftest import Casare


def test_each_value_is_told_with_its_source(casare: Casare, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k" * 40)
    outcome = casare(
        *("config", "gateway", "-o", "json"),
        CASARE_INTERNAL_KEY_FILE=str(key),
        CASARE_AUTH_URL="http://user:pw@auth:8001",
        CASARE_HOST="",
    )

    settings = json.loads(outcome.stdout)["gateway"]
    assert settings["CASARE_INTERNAL_KEY"] == {"value": "•••", "source": f"file {key}"}
    assert settings["CASARE_AUTH_URL"] == {"value": "http://•••@auth:8001", "source": "environment"}
    assert settings["CASARE_HOST"] == {"value": "127.0.0.1", "source": "default"}


def test_all_processes_are_told_in_one_table(casare: Casare) -> None:
    outcome = casare("config", CASARE_LOG_LEVEL="DEBUG")
    lines = {line.split()[0]: line for line in outcome.stdout.splitlines() if line.startswith("CASARE_LOG_LEVEL")}
    assert lines["CASARE_LOG_LEVEL"].split() == ["CASARE_LOG_LEVEL", "DEBUG", "environment", "all"]
    assert "CASARE_DATA_DIR" in outcome.stdout


def test_a_value_that_processes_read_differently_has_a_line_for_each(casare: Casare) -> None:
    lines = [line.split() for line in casare("config").stdout.splitlines() if line.startswith("CASARE_PORT ")]
    assert ["CASARE_PORT", "8003", "default", "dispatcher"] in lines
    assert ["CASARE_PORT", "8000", "default", "up,", "gateway"] in lines
