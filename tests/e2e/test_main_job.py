"""The main job, end to end: a person submits a workflow, a robot runs it, the person reads what became of it."""

import json
import shutil
from collections import Counter
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support import workflows
from tests.support.api import CLOCKS_DIFFER, Api, Json, UserApi, at, log_in
from tests.support.deployment import ADMIN_PASSWORD
from tests.support.eventually import eventually
from tests.support.system import PATIENCE_SECONDS, System

pytestmark = pytest.mark.timeout(90)

WEEKDAYS_AT_NINE: Final = "0 9 * * 1-5"


async def test_a_submitted_workflow_is_run_by_a_robot_and_its_result_read(system: System, tmp_path: Path) -> None:
    user = await _logged_in(system)
    _copy_example(tmp_path)
    completed_before = await _n_completed(user)
    robot_id, _ = await system.robot_process("walk-through", tmp_path)
    submitted = await system.submit("Check invoices", workflows.invoices())

    job = await system.job_in(submitted["job_id"], "completed", timeout_seconds=30)

    assert (job["robot_id"], job["attempt"], job["progress"]) == (robot_id, 1, 100)
    assert job["error_message"] is None
    moments = [at(job[f"{step}_at"]) for step in ("created", "claimed", "started", "completed")]
    assert all(earlier <= later + CLOCKS_DIFFER for earlier, later in pairwise(moments)), moments
    assert (job["result"]["outputs"]["accepted"], job["result"]["outputs"]["rejected"]) == (43, 7)
    assert (tmp_path / "examples" / "invoices" / "out" / "report.json").exists()
    await eventually(partial(_trail_is_whole, user, job["job_id"]), timeout_seconds=PATIENCE_SECONDS)
    await eventually(partial(_is_counted, user, completed_before), timeout_seconds=PATIENCE_SECONDS)
    await _is_in_history(user, job)
    await _workflow_can_be_read(user, submitted["workflow_id"])
    await user.close()


async def test_the_fleets_figures_follow_a_robot_and_its_job(system: System) -> None:
    before = await system.admin.fleet()
    robot = await system.robot("figures")
    submitted = await system.submit("Figures", workflows.nothing())
    await eventually(partial(_fleet_has, system.admin, queue_depth=1, active_jobs=0), timeout_seconds=PATIENCE_SECONDS)

    job = await robot.claim()
    assert job is not None
    assert job["job_id"] == submitted["job_id"]
    await eventually(
        partial(_fleet_has, system.admin, queue_depth=0, active_jobs=1, busy_robots=1), timeout_seconds=PATIENCE_SECONDS
    )
    shown = await system.admin.call("GET", f"/robots/{robot.robot_id}")
    assert (shown["status"], shown["current_job_ids"]) == ("busy", [job["job_id"]])
    assert await robot.progress(job, 60) == {"job_id": job["job_id"], "progress": 60, "current_node": None}
    assert (await system.admin.job(job["job_id"]))["status"] == "running"

    await robot.complete(job, {"sum": 3})
    await eventually(
        partial(_fleet_has, system.admin, active_jobs=0, total_robots=before["total_robots"] + 1),
        timeout_seconds=PATIENCE_SECONDS,
    )
    assert (await system.admin.job(job["job_id"]))["result"] == {"sum": 3}
    figures = await eventually(partial(_figures_of, system.admin, robot.robot_id), timeout_seconds=PATIENCE_SECONDS)
    assert (figures["status"], figures["jobs_completed_today"], figures["jobs_failed_today"]) == ("idle", 1, 0)


async def test_a_schedule_can_be_made_foreseen_disabled_and_enabled(system: System) -> None:
    workflow = await system.submit("Nightly", workflows.nothing(), trigger_type="webhook")
    body = {"workflow_id": workflow["workflow_id"], "schedule_name": "Mornings", "cron_expression": WEEKDAYS_AT_NINE}
    schedule = await system.admin.call("POST", "/schedules", body)
    path = f"/schedules/{schedule['schedule_id']}"

    next_run = at(schedule["next_run"])
    assert (next_run.hour, next_run.minute) == (9, 0)
    assert next_run.weekday() < 5
    assert await system.admin.call("GET", path) == schedule
    assert schedule in await system.admin.call("GET", "/schedules", params={"workflow_id": workflow["workflow_id"]})
    assert [run["next_run"] for run in await _upcoming(system, workflow)] == [schedule["next_run"]]

    disabled = await system.admin.call("PUT", f"{path}/disable")
    assert (disabled["enabled"], disabled["next_run"]) == (False, None)
    assert await _upcoming(system, workflow) == []
    enabled = await system.admin.call("PUT", f"{path}/enable")
    assert (enabled["enabled"], enabled["next_run"]) == (True, schedule["next_run"])
    await system.admin.call("PUT", f"{path}/disable")


async def test_the_gateway_shows_health_documentation_and_metrics(system: System) -> None:
    async with Api(system.base_url) as anyone:
        health = json.loads(await anyone.page("/health"))
        assert health["status"] == "ok", health
        paths = json.loads(await anyone.page("/openapi.json"))["paths"]
        assert {"/api/v1/workflows", "/api/v1/jobs/claim", "/api/v1/schedules/upcoming"} <= set(paths)
        assert "<html" in await anyone.page("/docs")
        assert list(text_string_to_metric_families(await anyone.page("/metrics")))


async def _logged_in(system: System) -> UserApi:
    """A person who has just logged in, and whose session goes on with its refresh token."""
    tokens = await log_in(system.base_url, "admin", ADMIN_PASSWORD)
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 3600)
    async with Api(system.base_url) as anyone:
        fresh = await anyone.call("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
    user = UserApi(system.base_url, fresh["access_token"])
    me = await user.call("GET", "/auth/me")
    assert (me["user_id"], me["tenant_id"], me["roles"][0]) == ("admin", "default", "admin")
    return user


def _copy_example(folder: Path) -> None:
    target = folder / "examples" / "invoices"
    target.mkdir(parents=True)
    shutil.copy(workflows.INVOICES / "invoices.csv", target)


async def _trail_is_whole(user: UserApi, job_id: str) -> None:
    assert await user.trail(job_id) == Counter(("job_submitted", "job_claimed", "job_started", "job_completed"))
    workflow_id = (await user.job(job_id))["workflow_id"]
    created = await user.activity(event_type="workflow_created")
    assert [event["data"]["workflow_id"] for event in created].count(workflow_id) == 1


async def _n_completed(user: UserApi) -> float:
    """What Prometheus is shown of completed jobs."""
    families = text_string_to_metric_families(await user.page("/api/v1/metrics/prometheus"))
    values = [
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "casare_rpa_jobs_total" and sample.labels["status"] == "completed"
    ]
    assert len(values) == 1, values
    return values[0]


async def _is_counted(user: UserApi, before: float) -> None:
    assert await _n_completed(user) == before + 1


async def _is_in_history(user: UserApi, job: Json) -> None:
    listed = await user.history(workflow_id=job["workflow_id"])
    assert [each["job_id"] for each in listed] == [job["job_id"]]
    assert (listed[0]["status"], listed[0]["duration_ms"]) == ("completed", job["duration_ms"])
    details = await user.call("GET", f"/metrics/jobs/{job['job_id']}")
    executed = {node["node_type"] for node in details["node_execution"]}
    assert {"StartNode", "ReadCSVNode", "ForEachNode", "WriteJSONNode"} <= executed


async def _workflow_can_be_read(user: UserApi, workflow_id: str) -> None:
    workflow = await user.call("GET", f"/workflows/{workflow_id}")
    assert (workflow["workflow_name"], workflow["version"]) == ("Check invoices", 1)
    assert workflow["workflow_json"] == workflows.invoices()


async def _fleet_has(user: UserApi, **figures: int) -> None:
    fleet = await user.fleet()
    assert {name: fleet[name] for name in figures} == figures
    assert fleet["active_robots"] == fleet["idle_robots"] + fleet["busy_robots"]


async def _figures_of(user: UserApi, robot_id: str) -> Json | None:
    figures: Json = await user.call("GET", f"/metrics/robots/{robot_id}")
    return figures if figures["jobs_completed_today"] else None


async def _upcoming(system: System, workflow: Json) -> list[Json]:
    runs: list[Json] = await system.admin.call(
        "GET", "/schedules/upcoming", params={"workflow_id": workflow["workflow_id"]}
    )
    return runs
