"""The service itself: permissions, health, its own metrics, a store that is away."""

import pytest

from shared.kernel.identity import Identity
from shared.web.routes import PERMISSION_KEY
from tests.component.metrics.running_metrics import ENROLMENT_KEY, VIEWER, Metrics, open_metrics
from tests.support.clock import ManualClock
from tests.support.ports import free_port

PERMISSIONS = {
    "/api/v1/metrics/fleet": "read",
    "/api/v1/metrics/robots": "read",
    "/api/v1/metrics/robots/{robot_id}": "robot-or-read",
    "/api/v1/metrics/jobs": "read",
    "/api/v1/metrics/jobs/{job_id}": "read",
    "/api/v1/metrics/analytics": "read",
    "/api/v1/metrics/activity": "read",
    "/api/v1/metrics/prometheus": "public",
    "/api/v1/metrics/rebuild": "administer",
}
READ_ROUTES = [path for path, permission in PERMISSIONS.items() if permission == "read"]


async def test_every_route_declares_its_permission(metrics: Metrics) -> None:
    paths = (await metrics.http.get("/openapi.json")).json()["paths"]
    assert paths.pop("/api/v1/events")["get"][PERMISSION_KEY] == "robot-or-read"
    assert {path: operations["get"][PERMISSION_KEY] for path, operations in paths.items()} == PERMISSIONS
    assert paths["/api/v1/metrics/rebuild"]["post"][PERMISSION_KEY] == "administer"


@pytest.mark.parametrize("path", [path for path, permission in PERMISSIONS.items() if permission != "public"])
async def test_without_a_credential_there_is_no_answer(metrics: Metrics, path: str) -> None:
    answer = await metrics.get(path.removeprefix("/api/v1/metrics"), None)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", READ_ROUTES)
async def test_a_robots_key_reads_no_figures_of_others(metrics: Metrics, path: str) -> None:
    answer = await metrics.get(path.removeprefix("/api/v1/metrics"), ENROLMENT_KEY)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_a_user_without_a_role_reads_nothing(metrics: Metrics) -> None:
    nobody = Identity(kind="user", subject="u", tenant_id="default")
    assert (await metrics.get("/fleet", nobody)).status_code == 403


async def test_a_healthy_service_says_so_and_counts_for_itself(metrics: Metrics) -> None:
    ready = await metrics.http.get("/health/ready")
    assert (ready.status_code, ready.json()["checks"]) == (200, {"store": "ok", "bus": "ok"})
    await metrics.publish(metrics.job_end())
    text = (await metrics.http.get("/metrics")).text
    assert 'casare_metrics_events_total{outcome="applied",subscription="metrics.facts"} 1.0' in text


async def test_a_service_whose_store_is_away_starts_and_says_when_to_come_back(clock: ManualClock) -> None:
    async with open_metrics(f"mongodb://127.0.0.1:{free_port()}", "none", clock) as metrics:
        assert (await metrics.http.get("/health/live")).status_code == 200
        answer = await metrics.get("/fleet", VIEWER)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert int(answer.headers["retry-after"]) > 0
