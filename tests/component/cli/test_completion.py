"""What the shell offers after the tabulator key."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import JOB_ID, SCHEDULE_ID, WORKFLOW_ID, FakeApi, job

WORKFLOWS = [
    {"workflow_id": WORKFLOW_ID, "workflow_name": "Nightly"},
    {"workflow_id": "w2", "workflow_name": "Twice"},
    {"workflow_id": "w3", "workflow_name": "Twice"},
]


def offered(casare: Casare, typed: str, **env: str) -> list[str]:
    """What zsh would offer for a line, and nothing else is said."""
    variables = {**casare.environment(), "_CASARE_COMPLETE": "complete_bash", "COMP_WORDS": typed, **env}
    variables["COMP_CWORD"] = str(len(typed.split(" ")) - 1)
    code = "from cli.main import app; app(prog_name='casare')"
    process = subprocess.run(
        [casare.command()[0], "-c", code], env=variables, capture_output=True, text=True, timeout=20, check=False
    )
    assert process.stderr == ""
    return process.stdout.split()


@pytest.fixture
def stocked(logged_in: Casare, api: FakeApi) -> Casare:
    """The command where there is something of everything."""
    api.answers |= {
        "/workflows": {"workflows": WORKFLOWS},
        "/jobs": {"jobs": [job("running")]},
        "/robots": {"robots": [{"robot_id": "line-1"}, {"robot_id": "office"}]},
        "/schedules": [{"schedule_id": SCHEDULE_ID, "schedule_name": "x"}],
    }
    return logged_in


@pytest.mark.parametrize(
    ("typed", "offers"),
    [
        ("casare workflow show ", ["Nightly"]),
        ("casare workflow show 018f", [WORKFLOW_ID]),
        ("casare job watch 0", [JOB_ID]),
        ("casare robot drain l", ["line-1"]),
        ("casare schedule show ", [SCHEDULE_ID]),
        ("casare wor", ["workflow"]),
        ("casare job list --status r", ["running"]),
    ],
)
def test_names_and_ids_are_offered(stocked: Casare, typed: str, offers: list[str]) -> None:
    assert offered(stocked, typed) == offers


def test_profiles_are_offered_without_asking_anybody(stocked: Casare, api: FakeApi) -> None:
    before = len(api.requests)

    assert offered(stocked, "casare --profile http") == [api.url]
    assert len(api.requests) == before


@pytest.mark.parametrize("trouble", ["no login", "damaged file", "old token", "nobody there", "refused", "no JSON"])
def test_trouble_offers_nothing_and_says_nothing(stocked: Casare, api: FakeApi, trouble: str) -> None:
    env: dict[str, str] = {}
    if trouble == "no login":
        stocked.profiles.unlink()
    elif trouble == "damaged file":
        stocked.profiles.write_text("{")
    elif trouble == "old token":
        expire(stocked.profiles, api.url)
    elif trouble == "nobody there":
        env["CASARE_URL"] = "http://127.0.0.1:9"
    elif trouble == "refused":
        api.end_all_sessions()
    else:
        api.answers["/robots"] = ["no", "objects"]

    assert offered(stocked, "casare robot show ", **env) == []
    assert api.asked("POST", "/auth/refresh") == []


def expire(profiles: Path, url: str) -> None:
    """As if an hour had passed."""
    content = json.loads(profiles.read_text())
    content["profiles"][url]["access_expires_ms"] = time.time_ns() // 1_000_000 - 1
    profiles.write_text(json.dumps(content))
