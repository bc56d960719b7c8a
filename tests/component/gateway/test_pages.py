"""What the gateway answers itself: health, metrics, documentation."""

import re
from typing import Any

import httpx
import msgspec
import pytest
from prometheus_client import CollectorRegistry, Counter
from starlette.types import Receive, Scope, Send

from gateway.app import create_gateway
from gateway.settings import GatewaySettings
from shared.config import load
from shared.kernel.errors import Unavailable
from tests.component.gateway.running_gateway import Answer, Running, StartGateway, answer_with


def serving(pages: dict[str, Any]) -> Answer:
    """A service that answers these paths with JSON; None stands for 503."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        page = pages.get(scope["path"])
        if page is None:
            await answer_with(send, b"{}", status=503)
        else:
            await answer_with(send, msgspec.json.encode(page))

    return answer


async def test_alive_means_that_the_process_answers(running: Running) -> None:
    running.auth.down = True
    async with running.client() as client:
        answer = await client.get("/health/live")
    assert answer.json() == {"status": "ok"}
    assert "x-request-id" in answer.headers


async def test_ready_means_that_every_service_is(start_gateway: StartGateway) -> None:
    async with start_gateway() as running, running.client() as client:
        answer = await client.get("/health/ready")
        assert answer.status_code == 200
        assert set(answer.json()["checks"]) == {"auth", "workflows", "dispatcher", "scheduler", "metrics", "buckets"}


@pytest.mark.parametrize("name", ["auth", "metrics"])
async def test_one_service_that_is_not_ready_makes_the_gateway_not_ready(
    start_gateway: StartGateway, name: str
) -> None:
    async def away(scope: Scope, receive: Receive, send: Send) -> None:
        raise Unavailable("connection refused")

    async with start_gateway({name: away}) as running, running.client() as client:
        ready, summary = await client.get("/health/ready"), await client.get("/health")
    assert ready.status_code == 503
    assert "retry-after" in ready.headers
    assert ready.json()["checks"][name] == "connection refused"
    assert (summary.status_code, summary.json()["status"]) == (200, "degraded")


async def test_metrics_show_what_was_answered_without_ids(running: Running) -> None:
    async with running.client() as client:
        await client.get("/api/v1/robots/r-4711", headers=running.bearer())
        await client.get("/nowhere/4711")
        text = (await client.get("/metrics")).text
    assert 'route="/api/v1/robots/{robot_id}",status="200"' in text
    assert 'route="unmatched",status="404"' in text
    assert "4711" not in text


async def test_metrics_may_be_those_of_the_whole_process(running: Running) -> None:
    whole = CollectorRegistry()
    Counter("everything", "Of all services", registry=whole).inc()
    runtime = running.runtime.with_own_registry()
    for shown in (whole, lambda: b"everything_total 1.0\n"):
        gateway = create_gateway(
            load(GatewaySettings), {"auth": running.auth}, runtime.with_own_registry(), metrics_registry=shown
        )
        transport = httpx.ASGITransport(app=gateway)
        async with httpx.AsyncClient(transport=transport, base_url="http://orchestrator") as client:
            assert "everything_total 1.0" in (await client.get("/metrics")).text


async def test_the_openapi_document_is_put_together_and_kept(start_gateway: StartGateway) -> None:
    operation = {"tags": ["robots"], "x-permission": "read", "responses": {"200": {"description": "OK"}}}
    document = {"paths": {"/api/v1/robots": {"get": operation}, "/internal/x": {"get": operation}}}
    upstreams = {
        name: serving({"/openapi.json": {"paths": {}}}) for name in ("auth", "workflows", "scheduler", "metrics")
    }
    async with start_gateway(upstreams) as running, running.client() as client:
        running.service.answer = serving({"/openapi.json": document})
        answer = await client.get("/openapi.json")
        running.service.answer = serving({})
        again = await client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert list(answer.json()["paths"]) == ["/api/v1/robots"]
    assert answer.json()["paths"]["/api/v1/robots"]["get"]["x-rate-limit"]["limit"] == 100
    assert again.json() == answer.json()


async def test_without_a_services_description_there_is_no_document_yet(running: Running) -> None:
    running.service.answer = serving({})
    async with running.client() as client:
        answer = await client.get("/openapi.json")
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")


async def test_the_docs_page_needs_nothing_from_elsewhere(running: Running) -> None:
    async with running.client() as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        assert "//" not in page.text
        for path in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            part = await client.get(path)
            assert part.status_code == 200, path
            assert part.headers["x-content-type-options"] == "nosniff"
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "script-src 'self' 'unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "<script>" not in page.text


async def test_a_page_answers_head_without_a_body_of_its_own_length(running: Running) -> None:
    async with running.client() as client:
        answer = await client.head("/health/live")
    assert answer.status_code == 200
