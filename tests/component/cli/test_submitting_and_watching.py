"""`casare workflow submit`, `casare job watch` and what they print."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import JOB_ID, SCHEDULE_ID, WORKFLOW_ID, FakeApi, job, problem

DONE = job(
    "completed",
    progress=100,
    duration_ms=1234,
    result={
        "outputs": {
            "accepted": 43,
            "report": "out/report.json",
            "totals": {"Alpenblick": {"CHF": {"invoices": 6, "net": "14561.88"}}},
            "rejected": [{"line": 7, "reason": "VAT is 1.00"}],
            "mixed": [1, {"deep": [True]}],
            "none": [],
        },
        "node_execution": [
            {"node_id": "read", "node_type": "ReadCSVNode", "status": "completed", "duration_ms": 5, "runs": 1}
        ],
    },
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A workflow's file."""
    path = tmp_path / "invoices.json"
    definition = {"nodes": {}, "variables": {"input": "a.csv", "limit": 5}, "metadata": {"description": "Über alles"}}
    path.write_text(json.dumps(definition))
    return path


def test_a_submission_prints_its_ids_and_how_to_go_on(logged_in: Casare, api: FakeApi, file: Path) -> None:
    outcome = logged_in("workflow", "submit", str(file))

    assert outcome.exit_code == 0
    assert WORKFLOW_ID in outcome.stdout
    assert f"casare job watch {JOB_ID}" in outcome.stdout
    (sent,) = api.asked("POST", "/workflows")
    assert sent.body["workflow_name"] == "invoices"
    assert sent.body["metadata"] == {"description": "Über alles"}
    assert sent.body["priority"] == 10
    assert sent.body["trigger_type"] == "manual"
    assert len(sent.headers["idempotency-key"]) == 36


def test_a_submission_as_json_is_the_servers_answer(logged_in: Casare, file: Path) -> None:
    outcome = logged_in("workflow", "submit", str(file), "-o", "json")

    assert json.loads(outcome.stdout)["job_id"] == JOB_ID


def test_options_reach_the_server(logged_in: Casare, api: FakeApi, file: Path) -> None:
    options = ["--name", "Mine", "--priority", "0", "--execution-mode", "internet"]
    variables = ["--var", "limit=7", "--var", "input=b.csv", "--var", "new=a=b"]

    assert logged_in("workflow", "submit", str(file), *options, *variables).exit_code == 0

    body = api.asked("POST", "/workflows")[0].body
    assert (body["workflow_name"], body["priority"], body["execution_mode"]) == ("Mine", 0, "internet")
    assert body["workflow_json"]["variables"] == {"input": "b.csv", "limit": 7, "new": "a=b"}


def test_a_cron_expression_makes_it_a_schedule(logged_in: Casare, api: FakeApi, file: Path) -> None:
    api.failing["/workflows"] = [
        JSONResponse({"workflow_id": WORKFLOW_ID, "job_id": None, "schedule_id": SCHEDULE_ID, "message": "Scheduled"})
    ]

    outcome = logged_in("workflow", "submit", str(file), "--cron", "@hourly")

    assert outcome.exit_code == 0
    assert SCHEDULE_ID in outcome.stdout
    body = api.asked("POST", "/workflows")[0].body
    assert (body["trigger_type"], body["schedule_cron"]) == ("scheduled", "@hourly")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--trigger", "scheduled"], "needs --cron"),
        (["--trigger", "manual", "--cron", "@hourly"], "does not go with"),
        (["--cron", "@hourly", "--watch"], "--watch does not go with"),
        (["--priority", "21"], "less than or equal to 20"),
        (["--trigger", "webhook"], "webhook"),
        (["--var", "novalue"], "not NAME=VALUE"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_sent(
    logged_in: Casare, api: FakeApi, file: Path, options: list[str], reason: str
) -> None:
    outcome = logged_in("workflow", "submit", str(file), *options)

    assert outcome.exit_code == 2
    assert reason in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert api.asked("POST", "/workflows") == []


def test_a_watched_job_that_completes_ends_well(logged_in: Casare, api: FakeApi, file: Path) -> None:
    api.states = [job("pending"), job("running", progress=40, current_node="check_vat", message="line 3"), DONE]

    outcome = logged_in("workflow", "submit", str(file), "--watch")

    assert outcome.exit_code == 0
    assert "pending 0 %" in outcome.stderr
    assert "running 40 % check_vat · line 3" in outcome.stderr
    assert "Check invoices completed after 1.2 s on robot robot-1." in outcome.stdout
    assert "\x1b" not in outcome.output


def test_outputs_are_shown_as_values_tables_or_json(logged_in: Casare, api: FakeApi) -> None:
    api.states = [DONE]

    lines = [" ".join(line.split()) for line in logged_in("job", "watch", JOB_ID).stdout.splitlines()]

    assert "accepted 43" in lines
    assert "report out/report.json" in lines
    assert lines[lines.index("totals") + 1 : lines.index("totals") + 3] == [
        "invoices net",
        "Alpenblick CHF 6 14561.88",
    ]
    assert lines[lines.index("rejected") + 1 : lines.index("rejected") + 3] == ["line reason", "7 VAT is 1.00"]
    assert lines[lines.index("mixed") + 1] == "["
    assert "none (empty)" in lines


@pytest.mark.parametrize("status", ["failed", "timeout", "cancelled"])
def test_a_watched_job_that_does_not_complete_ends_with_1(
    logged_in: Casare, api: FakeApi, file: Path, status: str
) -> None:
    ended = job(status, error_message="no such file", error_type="FILE_ERROR", failed_node="read", duration_ms=80)
    api.states = [job("running"), ended]

    outcome = logged_in("workflow", "submit", str(file), "--watch")

    assert outcome.exit_code == 1
    assert f"Check invoices {status} after 80 ms" in outcome.stdout
    assert "node read: no such file (FILE_ERROR)" in outcome.stdout
    assert f"casare job show {JOB_ID}" in outcome.stderr


@pytest.mark.parametrize(("last", "code"), [(DONE, 0), (job("failed"), 1)])
def test_a_watch_as_json_prints_the_finished_job_alone(
    logged_in: Casare, api: FakeApi, last: dict[str, Any], code: int
) -> None:
    api.states = [job("running"), last]

    outcome = logged_in("job", "watch", JOB_ID, "-o", "json")

    assert outcome.exit_code == code
    assert json.loads(outcome.stdout) == last


def test_a_watch_survives_a_server_that_restarts(logged_in: Casare, api: FakeApi) -> None:
    busy = problem(503, "Restarting.", headers={"Retry-After": "0"})
    api.failing[f"/jobs/{JOB_ID}"] = [busy] * 4

    outcome = logged_in("job", "watch", JOB_ID)

    assert outcome.exit_code == 0
    assert "Trying again" in outcome.stderr


def test_a_retried_job_shows_its_attempt(logged_in: Casare, api: FakeApi) -> None:
    api.states = [job("running", attempt=2), DONE]

    assert "running (attempt 2) 0 %" in logged_in("job", "watch", JOB_ID).stderr


def test_ctrl_c_ends_the_watch_and_not_the_job(logged_in: Casare, api: FakeApi) -> None:
    api.states = [job("running")]
    watching = logged_in.start("job", "watch", JOB_ID, name="watching")
    watching.wait_for_line("running", timeout_seconds=10)

    watching.send_signal(signal.SIGINT)

    assert watching.wait(10) == 130
    assert f"casare job watch {JOB_ID}" in watching.output()
    assert api.asked("POST", f"/jobs/{JOB_ID}/cancel") == []


def test_a_submission_whose_answer_was_lost_is_made_once(logged_in: Casare, api: FakeApi, file: Path) -> None:
    assert logged_in("workflow", "submit", str(file)).exit_code == 0
    api.failing["/workflows"] = [problem(502, "The answer was lost."), None]

    assert logged_in("workflow", "submit", str(file)).exit_code == 0

    keys = [one.headers["idempotency-key"] for one in api.asked("POST", "/workflows")]
    assert (len(keys), len(set(keys)), keys[1] == keys[2]) == (3, 2, True)
    assert api.n_created == 2


def test_a_submission_still_being_worked_on_is_waited_for(logged_in: Casare, api: FakeApi, file: Path) -> None:
    api.failing["/workflows"] = [problem(409, "Still being worked on.", code="IDEMPOTENCY_IN_PROGRESS"), None]

    assert logged_in("workflow", "submit", str(file)).exit_code == 0
    assert api.n_created == 1


def test_a_version_that_somebody_else_made_meanwhile_is_not_replaced(
    logged_in: Casare, api: FakeApi, file: Path
) -> None:
    known = {"workflow_id": WORKFLOW_ID, "workflow_name": "invoices", "version": 4}
    api.answers["/workflows"] = {"workflows": [known], "total": 1}
    api.failing[f"/workflows/{WORKFLOW_ID}"] = [problem(409, "It is at 5.", code="WORKFLOW_VERSION_CONFLICT")]

    outcome = logged_in("workflow", "push", str(file))

    assert outcome.exit_code == 1
    assert f"casare workflow diff {WORKFLOW_ID}" in outcome.stderr
    (sent,) = api.asked("PUT", f"/workflows/{WORKFLOW_ID}")
    assert (sent.body["expected_version"], sent.body["metadata"]) == (4, {"description": "Über alles"})


def test_a_pushed_workflow_whose_webhook_could_not_be_removed_says_how(
    logged_in: Casare, api: FakeApi, file: Path
) -> None:
    stored = {"workflow_id": WORKFLOW_ID, "webhook_id": "h1", "job_id": None}
    api.failing["/workflows"] = [JSONResponse({"workflows": [], "total": 0}), JSONResponse(stored)]
    api.failing[f"/workflows/{WORKFLOW_ID}/webhooks/h1"] = [problem(503, "No store.")] * 4

    outcome = logged_in("workflow", "push", str(file))

    assert outcome.exit_code == 0
    assert f"casare webhook delete {WORKFLOW_ID} h1" in outcome.stderr
