"""The commands that ask once and print."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import API_KEY, JOB_ID, SCHEDULE_ID, WORKFLOW_ID, FakeApi, job
from tests.support.run import ROOT

ROBOT = {
    "robot_id": "robot-1",
    "name": "Röbot",
    "hostname": "host",
    "status": "idle",
    "environment": "default",
    "max_concurrent_jobs": 2,
    "capabilities": ["browser"],
    "tags": [],
    "current_job_ids": ["j1"],
    "last_seen": "2026-11-20T10:00:00Z",
    "created_at": "2026-11-20T10:00:00Z",
    "metrics": {"cpu_percent": 4.5},
}
SCHEDULE = {
    "schedule_id": SCHEDULE_ID,
    "schedule_name": "Nightly",
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Check invoices",
    "cron_expression": "0 9 * * *",
    "timezone": "UTC",
    "enabled": True,
    "next_run": "2026-11-24T09:00:00Z",
    "last_run": None,
    "run_count": 3,
    "failure_count": 0,
}
KEY = {"id": "abc", "robot_id": None, "key_name": "enrol", "status": "active", "created_at": "2026-11-20T10:00:00Z"}
WORKFLOW = {
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Check invoices",
    "version": 1,
    "description": None,
    "workflow_json": {"nodes": {"a": {}, "b": {}}},
    "created_at": "2026-11-20T10:00:00Z",
    "updated_at": "2026-11-20T10:00:00Z",
}
FLEET = {
    "total_robots": 3,
    "active_robots": 2,
    "idle_robots": 1,
    "busy_robots": 1,
    "offline_robots": 1,
    "active_jobs": 1,
    "queue_depth": 7,
}
LISTS = ("robots", "jobs", "keys")
"""Where an answer has its entries: lists print these alone, however many pages they came in."""
READS = [
    (["robot", "list"], "/robots", {"robots": [ROBOT], "total": 1}, ["robot-1 Röbot idle default 1/2"]),
    (["robot", "show", "robot-1"], "/robots/robot-1", ROBOT, ["capabilities browser", "tags -", "cpu_percent 4.5"]),
    (["workflow", "show", WORKFLOW_ID], f"/workflows/{WORKFLOW_ID}", WORKFLOW, ["nodes 2", "description -"]),
    (
        ["job", "list"],
        "/jobs",
        {"jobs": [job("running", progress=40)], "next_cursor": None},
        [f"{JOB_ID} Check invoices running robot-1 40 %"],
    ),
    (["schedule", "list"], "/schedules", [SCHEDULE], [f"{SCHEDULE_ID} Nightly 0 9 * * * UTC true"]),
    (["schedule", "show", SCHEDULE_ID], f"/schedules/{SCHEDULE_ID}", SCHEDULE, ["next run 2026-11-24 09:00:00Z"]),
    (["schedule", "next"], "/schedules/upcoming", [SCHEDULE], ["2026-11-24 09:00:00Z", "Nightly Check invoices"]),
    (["schedule", "enable", SCHEDULE_ID], f"/schedules/{SCHEDULE_ID}/enable", SCHEDULE, ["enabled true"]),
    (["schedule", "disable", SCHEDULE_ID], f"/schedules/{SCHEDULE_ID}/disable", SCHEDULE, ["runs 3"]),
    (["key", "list"], "/robot-api-keys", {"keys": [KEY], "total": 1}, ["abc enrol - active 2026-11-20 10:00:00Z - -"]),
    (["status"], "/metrics/fleet", FLEET, ["robots 3 (1 idle, 1 busy, 1 offline)", "jobs waiting 7"]),
]


@pytest.mark.parametrize(("words", "path", "answer", "shown"), READS)
def test_an_answer_is_a_table_for_people_and_json_for_programs(
    logged_in: Casare, api: FakeApi, words: list[str], path: str, answer: Any, shown: list[str]
) -> None:
    api.answers[path] = answer

    table, as_json = logged_in(*words), logged_in(*words, "-o", "json")

    assert (table.exit_code, as_json.exit_code) == (0, 0), table.output
    lines = [" ".join(line.split()) for line in table.stdout.splitlines()]
    for text in shown:
        assert any(text in line for line in lines), table.stdout
    listed = next((answer[name] for name in LISTS if name in answer), answer)
    assert json.loads(as_json.stdout) == listed
    assert yaml.safe_load(logged_in(*words, "-o", "yaml").stdout) == listed
    assert "\x1b" not in table.output


@pytest.mark.parametrize(
    ("words", "path", "answer"),
    [
        (["robot", "list"], "/robots", {"robots": [], "total": 0}),
        (["job", "list"], "/jobs", {"jobs": [], "next_cursor": None}),
        (["schedule", "list"], "/schedules", []),
        (["schedule", "next"], "/schedules/upcoming", []),
        (["key", "list"], "/robot-api-keys", {"keys": [], "total": 0}),
    ],
)
def test_an_empty_list_says_so_without_disturbing_stdout(
    logged_in: Casare, api: FakeApi, words: list[str], path: str, answer: Any
) -> None:
    api.answers[path] = answer

    outcome = logged_in(*words)

    assert (outcome.exit_code, outcome.stdout) == (0, "")
    assert outcome.stderr.rstrip().endswith(".")


def test_a_list_that_is_cut_off_says_so(logged_in: Casare, api: FakeApi) -> None:
    api.answers["/robots"] = {"robots": [ROBOT], "total": 8}

    assert "7 more" in logged_in("robot", "list", "--limit", "1").stderr
    api.answers["/robots"] = {"robots": [ROBOT], "total": 1}
    assert logged_in("robot", "list").stderr == ""


def test_lines_of_a_table_have_no_blanks_at_their_ends(logged_in: Casare, api: FakeApi) -> None:
    api.answers["/metrics/fleet"] = FLEET

    assert [line for line in logged_in("status").stdout.splitlines() if line.endswith(" ")] == []


def test_filters_are_sent_and_absent_ones_are_not(logged_in: Casare, api: FakeApi) -> None:
    api.answers |= {"/robots": {"robots": []}, "/jobs": {"jobs": []}, "/schedules": []}
    logged_in("robot", "list", "--status", "idle")
    logged_in("job", "list", "--workflow", WORKFLOW_ID, "--limit", "5")
    logged_in("schedule", "list", "--disabled")

    assert api.asked("GET", "/robots")[0].params == {"status": "idle", "limit": "100"}
    assert api.asked("GET", "/jobs")[0].params == {"workflow_id": WORKFLOW_ID, "limit": "5"}
    assert api.asked("GET", "/schedules")[0].params == {"enabled": "false", "limit": "101"}


def test_a_finished_job_shows_its_nodes_and_outputs(logged_in: Casare, api: FakeApi) -> None:
    node = {"node_id": "read", "node_type": "ReadCSVNode", "status": "completed", "duration_ms": 5, "runs": 1}
    api.states = [job("completed", result={"outputs": {"n": 1}, "node_execution": [node]})]

    lines = [" ".join(line.split()) for line in logged_in("job", "show", JOB_ID).stdout.splitlines()]

    assert "read ReadCSVNode completed 1 5 ms" in lines
    assert "n 1" in lines
    assert "attempt 1 of 3" in lines


def test_a_failed_job_shows_the_nodes_it_came_to_and_no_outputs_it_has_not(logged_in: Casare, api: FakeApi) -> None:
    nodes = [
        {"node_id": "read", "node_type": "ReadCSVNode", "status": "completed", "duration_ms": 5, "runs": 1},
        {
            "node_id": "save", "node_type": "ClickNode", "status": "failed", "duration_ms": 7, "runs": 1,
            "error": {"type": "TIMEOUT", "message": "no button"},
        },
    ]  # fmt: skip
    api.states = [job("failed", result={"node_execution": nodes, "self_healing": {"attempts": 1, "successes": 0}})]

    shown = logged_in("job", "show", JOB_ID).stdout
    lines = [" ".join(line.split()) for line in shown.splitlines()]

    assert "read ReadCSVNode completed 1 5 ms -" in lines
    assert "save ClickNode failed 1 7 ms no button (TIMEOUT)" in lines
    assert "self_healing" not in shown


def test_of_many_nodes_of_a_failed_job_the_last_are_shown(logged_in: Casare, api: FakeApi) -> None:
    nodes = [{"node_id": f"n{number}", "node_type": "LogNode", "status": "completed"} for number in range(100)]
    api.states = [job("failed", result={"node_execution": nodes})]

    outcome = logged_in("job", "show", JOB_ID)

    assert "n99" in outcome.stdout
    assert "n39" not in outcome.stdout
    assert "40 more nodes" in outcome.stderr


@pytest.mark.parametrize(("status", "code"), [("running", 0), ("cancelled", 0), ("completed", 1)])
def test_cancelling_succeeds_when_the_job_is_cancelled_in_the_end(
    logged_in: Casare, api: FakeApi, status: str, code: int
) -> None:
    api.states = [job(status)]

    outcome = logged_in("job", "cancel", JOB_ID)

    assert outcome.exit_code == code
    assert ("cannot cancel" in outcome.stderr) is (code == 1)


def test_a_schedule_is_created_as_asked(logged_in: Casare, api: FakeApi) -> None:
    options = ["--cron", "0 9 * * *", "--name", "Nightly", "--timezone", "Europe/Berlin", "--overlap-policy", "skip"]

    outcome = logged_in("schedule", "create", WORKFLOW_ID, *options, "--disabled")

    assert outcome.exit_code == 0
    assert SCHEDULE_ID in outcome.stdout
    assert api.asked("POST", "/schedules")[0].body == {
        "workflow_id": WORKFLOW_ID,
        "schedule_name": "Nightly",
        "cron_expression": "0 9 * * *",
        "timezone": "Europe/Berlin",
        "priority": 10,
        "execution_mode": "lan",
        "misfire_policy": "fire_once",
        "overlap_policy": "skip",
        "enabled": False,
    }


def test_a_keys_secret_is_printed_once_with_a_warning(logged_in: Casare, api: FakeApi) -> None:
    outcome = logged_in("key", "create", "--robot-id", "r1")

    assert outcome.exit_code == 0
    assert outcome.stdout.count(API_KEY) == 1
    assert "only this once" in outcome.stderr
    assert api.asked("POST", "/robot-api-keys")[0].body == {"robot_id": "r1", "name": "r1"}


def test_a_key_needs_a_name_or_a_robot(logged_in: Casare, api: FakeApi) -> None:
    assert logged_in("key", "create").exit_code == 2
    assert api.asked("POST", "/robot-api-keys") == []


def test_a_key_is_revoked(logged_in: Casare, api: FakeApi) -> None:
    api.answers["/robot-api-keys/abc/revoke"] = {"status": "revoked"}

    outcome = logged_in("key", "revoke", "abc")

    assert (outcome.exit_code, outcome.stderr) == (0, "Key abc is revoked.\n")


def test_what_a_server_sends_cannot_steer_the_terminal(logged_in: Casare, api: FakeApi) -> None:
    api.answers["/jobs"] = {"jobs": [job("running", workflow_name="\x1b[2J\x9bevil\u202e\nname")]}

    assert "\\x1b[2J\\x9bevil\\u202e name" in logged_in("job", "list").stdout
    for form, read in (("json", json.loads), ("yaml", yaml.safe_load)):
        text = logged_in("job", "list", "-o", form).stdout
        assert not {"\x1b", "\x9b", "\u202e"} & set(text)
        assert read(text)[0]["workflow_name"] == "\x1b[2J\x9bevil\u202e\nname"


def test_settings_are_printed_with_secrets_hidden(casare: Casare) -> None:
    secret = "s" * 40
    url = f"mongodb://user:{secret}@db.example.com/x"
    outcome = casare("config", "dispatcher", "-o", "json", CASARE_INTERNAL_KEY=secret, CASARE_MONGODB_URL=url)

    assert outcome.exit_code == 0, outcome.output
    settings = json.loads(outcome.stdout)["dispatcher"]
    assert secret not in outcome.output
    assert settings["CASARE_INTERNAL_KEY"] == {"value": "•••", "source": "environment"}
    assert settings["CASARE_MONGODB_URL"]["value"] == "•••"


def test_a_wrong_setting_is_named(casare: Casare) -> None:
    outcome = casare("config", "dispatcher", CASARE_MONGODB_POOL_SIZE="many")

    assert outcome.exit_code == 2
    assert "CASARE_MONGODB_POOL_SIZE" in outcome.stderr


def test_a_robot_without_a_key_does_not_start(casare: Casare, tmp_path: Path) -> None:
    process = subprocess.run(
        casare.command("robot", "run", "--url", "http://127.0.0.1:9", "--robot-id", "r1"),
        env=casare.environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert process.returncode == 2
    assert "CASARE_ROBOT_API_KEY" in process.stderr
