"""`casare job`, `casare dlq` and `casare robot` against the product."""

import json
from typing import Any

import httpx
import pytest
import yaml

from tests.component.cli_on_product.conftest import NOBODYS, Casare
from tests.support.deployment import ADMIN_PASSWORD


@pytest.fixture
def client(casare: Casare) -> Any:
    """The API, for what robots do."""
    with httpx.Client(base_url=f"{casare.url}/api/v1", trust_env=False, verify=False) as client:
        tokens = client.post("/auth/login", json={"username": "admin", "password": ADMIN_PASSWORD}).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        yield client


@pytest.fixture
def failed(casare: Casare, workflow_id: str, client: httpx.Client, name: str) -> str:
    """A job that failed for good at the hands of a robot."""
    robot_id = name.replace(" ", "-")
    key = casare.answer("key", "create", "--robot-id", robot_id)["api_key"]
    headers = {"Authorization": f"Bearer {key}"}
    robot = {"robot_id": robot_id, "name": robot_id, "hostname": "h", "environment": robot_id}
    client.post("/robots/register", json=robot, headers=headers).raise_for_status()
    run = casare.answer("workflow", "run", workflow_id, "--environment", robot_id, "--attempts", "1")
    claimed = client.post("/jobs/claim", json={"wait_seconds": 10}, headers=headers).json()
    assert claimed["job_id"] == run["job_id"]
    body = {"error_message": "No element matches #total", "error_type": "SELECTOR_NOT_FOUND", "node_id": "read"}
    client.post(f"/jobs/{run['job_id']}/fail", json=body, headers=headers).raise_for_status()
    return str(run["job_id"])


def test_jobs_are_listed_by_state_workflow_and_environment(casare: Casare, waiting: str, name: str) -> None:
    (job,) = casare.answer("job", "list", "--workflow", name, "--status", "pending", "--environment", NOBODYS)
    assert job["job_id"] == waiting
    assert casare.answer("job", "list", "--workflow", name, "--status", "failed") == []
    assert yaml.safe_load(casare.done("job", "list", "--workflow", name, "-o", "yaml").stdout)[0]["job_id"] == waiting
    assert "Invalid value" in casare.refused("job", "list", "--status", "lost", code=2)


def test_a_job_that_waits_is_explained(casare: Casare, waiting: str) -> None:
    assert casare.answer("job", "explain", waiting)["reasons"][0]["code"] == "NO_ROBOT_IN_ENVIRONMENT"
    assert NOBODYS in casare.done("job", "explain", waiting).stdout
    casare.refused("job", "explain", "nosuch", code=4)


def test_several_jobs_are_watched_and_each_ending_is_told(casare: Casare, workflow_id: str) -> None:
    ids = [casare.answer("workflow", "run", workflow_id)["job_id"] for _ in range(2)]

    outcome = casare.done("job", "watch", *ids)

    assert all(f"{job_id} completed 100 %" in outcome.stderr for job_id in ids)
    assert [job["status"] for job in casare.answer("job", "watch", *ids)] == ["completed", "completed"]


def test_of_several_jobs_those_that_can_be_cancelled_are(casare: Casare, waiting: str) -> None:
    outcome = casare("job", "cancel", "nosuch", waiting, "-o", "json")

    assert outcome.exit_code == 4
    assert "nosuch" in outcome.stderr
    assert [answer["job_id"] for answer in json.loads(outcome.stdout)] == [waiting]
    (again,) = casare.answer("job", "cancel", waiting)
    assert again["previous_status"] == "cancelled"


def test_a_job_that_ended_is_retried_as_a_new_one(casare: Casare, waiting: str) -> None:
    assert "pending" in casare.refused("job", "retry", waiting, code=2).replace("[]", "")
    casare.done("job", "cancel", waiting)

    (answer,) = casare.answer("job", "retry", waiting)

    assert casare.answer("job", "show", answer["new_job_id"])["retry_of"] == waiting
    casare.done("job", "cancel", answer["new_job_id"])


@pytest.fixture
def logged(waiting: str, client: httpx.Client) -> str:
    """A waiting job with a log."""
    lines = [("info", "Opened the portal"), ("debug", "cookie set"), ("error", "Portal closed\x1b[2J"), ("info", "end")]
    body = {"logs": [{"level": level, "message": message, "node_id": "n1"} for level, message in lines]}
    client.post(f"/jobs/{waiting}/logs", json=body).raise_for_status()
    return waiting


def test_a_log_is_read_filtered_and_cut(casare: Casare, logged: str) -> None:
    def messages(*options: str) -> list[str]:
        return [line["message"] for line in casare.answer("job", "logs", logged, *options)]

    assert len(messages()) == 4
    assert messages("--level", "error") == messages("--search", "CLOSED") == [messages()[2]]
    assert messages("--tail", "1") == ["end"]
    assert messages("--since", "2000-01-01T00:00:00Z") == messages()
    assert messages("--since", "2100-01-01T00:00:00Z") == []
    lines = casare.done("job", "logs", logged).stdout.splitlines()
    assert lines[0].endswith("Z INFO     [n1] Opened the portal")
    assert "\x1b" not in "".join(lines)
    assert "neither a time nor an age" in casare.refused("job", "logs", logged, "--since", "yesterday", code=2)
    casare.refused("job", "logs", "nosuch", code=4)


def test_a_log_is_followed_to_the_jobs_end(casare: Casare, logged: str) -> None:
    casare.done("job", "cancel", logged)

    outcome = casare.done("job", "logs", logged, "-f", "--tail", "2", "-o", "json")

    assert [json.loads(line)["level"] for line in outcome.stdout.splitlines()] == ["error", "info"]
    assert outcome.stderr == f"Job {logged} is cancelled.\n"
    listed = yaml.safe_load(casare.done("job", "logs", logged, "-f", "-o", "yaml").stdout)
    assert [line["seq"] for line in listed] == [1, 2, 3, 4]


def test_a_failed_job_is_a_dead_letter_until_it_is_retried(casare: Casare, failed: str) -> None:
    (entry,) = (one for one in casare.answer("dlq", "list", "--all") if one["job_id"] == failed)
    assert entry["reason"] == "attempts_exhausted"
    assert "SELECTOR_NOT_FOUND" in casare.done("dlq", "stats").stdout
    assert "No element matches #total" in casare.done("dlq", "show", failed).stdout
    assert "No element matches #total" in casare.done("dlq", "list").stdout
    assert casare("job", "watch", failed).exit_code == 1
    assert "--all" in casare.refused("dlq", "retry", code=2)
    assert "--yes" in casare.refused("dlq", "retry", "--all", code=2)

    (retried,) = casare.answer("dlq", "retry", failed)

    casare.refused("dlq", "delete", failed, "--yes", code=4)
    casare.done("job", "cancel", retried["new_job_id"])


def test_dead_letters_are_dropped_one_by_one_or_by_age(casare: Casare, failed: str) -> None:
    assert "whole days" in casare.refused("dlq", "purge", "--older-than", "3h", "--yes", code=2)
    assert casare.answer("dlq", "purge", "--older-than", "3000d", "--yes") == {"purged": 0}
    assert casare.answer("dlq", "delete", failed, "--yes") == [{"id": failed, "deleted": True}]
    assert failed not in [one["job_id"] for one in casare.answer("dlq", "list", "--all")]


def test_all_dead_letters_are_retried_at_once(casare: Casare, failed: str) -> None:
    retried = casare.answer("dlq", "retry", "--all", "--yes")

    assert failed in [one["original_job_id"] for one in retried]
    assert casare.answer("dlq", "list") == []
    casare.done("job", "cancel", *[one["new_job_id"] for one in retried])


def test_robots_are_listed_shown_and_removed(casare: Casare, failed: str, name: str) -> None:
    robot_id = name.replace(" ", "-")
    assert [one["robot_id"] for one in casare.answer("robot", "list", "--environment", robot_id)] == [robot_id]
    assert casare.answer("robot", "show", robot_id)["hostname"] == "h"
    casare.refused("robot", "remove", robot_id, code=2)
    assert casare.answer("robot", "remove", robot_id, "--yes") == [{"robot_id": robot_id, "deleted": True}]
    casare.refused("robot", "show", robot_id, code=4)
