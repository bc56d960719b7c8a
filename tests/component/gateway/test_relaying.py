"""What reaches a service, and what comes back to the client."""

import asyncio
from urllib.parse import quote

import pytest
from starlette.types import Message, Receive, Scope, Send

from shared.kernel.identity import ANONYMOUS
from shared.kernel.permissions import Role
from tests.component.gateway.running_gateway import Running, answer_with

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_a_service_is_told_who_is_asking_and_gets_no_secret(running: Running) -> None:
    async with running.client() as client:
        answer = await client.get("/api/v1/robots", headers=running.bearer(sub="ada", tid="acme", roles=["operator"]))
    assert answer.status_code == 200
    identity = running.identity()
    assert (identity.kind, identity.subject, identity.tenant_id) == ("user", "ada", "acme")
    assert identity.roles == (Role.OPERATOR,)
    assert "authorization" not in running.service.last.headers


async def test_a_robot_is_told_apart_by_its_key_in_either_header(running: Running) -> None:
    key = running.auth.new_key(robot_id="r1")
    async with running.client() as client:
        for headers in ({"X-Api-Key": key}, {"Authorization": f"Bearer {key}"}):
            await client.post("/api/v1/jobs/claim", json={}, headers=headers)
            assert (running.identity().kind, running.identity().robot_id) == ("robot", "r1")
            assert "x-api-key" not in running.service.last.headers


async def test_identity_headers_from_outside_never_reach_a_service(running: Running) -> None:
    forged = {"X-Casare-Identity": "forged", "X-Casare-Client": "6.6.6.6", "X-Forwarded-For": "6.6.6.6"}
    async with running.client(address="192.0.2.7") as client:
        await client.get("/api/v1/robots", headers={**running.bearer(), **forged})
    headers = running.service.last.headers
    assert headers.get_list("x-casare-client") == ["192.0.2.7"]
    assert headers.get_list("x-forwarded-for") == ["192.0.2.7"]
    assert len(headers.get_list("x-casare-identity")) == 1
    assert running.identity().subject == "ada"


async def test_a_public_route_ignores_credentials(running: Running) -> None:
    async with running.client() as client:
        answer = await client.get("/api/v1/metrics/prometheus", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 200
    assert running.identity() == ANONYMOUS


async def test_a_request_keeps_its_id_and_its_trace(running: Running) -> None:
    async with running.client() as client:
        sent = {**running.bearer(), "X-Request-ID": "from-the-client", "traceparent": TRACE}
        answer = await client.get("/api/v1/robots", headers=sent)
    assert answer.headers.get_list("x-request-id") == ["from-the-client"]
    assert running.service.last.headers["x-request-id"] == "from-the-client"
    assert running.service.last.headers["traceparent"] == TRACE


async def test_every_answer_has_one_request_id_whatever_the_service_sends(running: Running) -> None:
    async def answer_with_id(scope: Scope, receive: Receive, send: Send) -> None:
        await answer_with(send, b"{}", x_request_id="the-services-own", x_ratelimit_limit="1")

    running.service.answer = answer_with_id
    async with running.client() as client:
        answer = await client.get("/api/v1/robots", headers=running.bearer())
    assert len(answer.headers.get_list("x-request-id")) == 1
    assert answer.headers["x-request-id"] != "the-services-own"
    assert answer.headers.get_list("x-ratelimit-limit") == ["100"]


async def test_path_query_and_body_arrive_as_they_were_sent(running: Running) -> None:
    path = f"/api/v1/robots/{quote('a b%c', safe='')}"
    async with running.client() as client:
        await client.put(f"{path}?x=1%202&y=%2B", content=b'{"name": "R"}', headers=running.bearer())
    received = running.service.last
    assert received.scope["path"] == "/api/v1/robots/a b%c"
    assert received.scope["query_string"] == b"x=1%202&y=%2B"
    assert received.body == b'{"name": "R"}'


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/nowhere", "/internal/jwks", "/api/v1/robots/%2e%2e", "/docs/x"])
async def test_an_unknown_path_is_a_problem_of_its_own(running: Running, path: str) -> None:
    async with running.client() as client:
        answer = await client.get(path, headers=running.bearer())
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "ROUTE_NOT_FOUND"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert running.service.received == []


async def test_a_wrong_method_names_the_right_ones(running: Running) -> None:
    async with running.client() as client:
        answer = await client.post("/api/v1/robots/r1", headers=running.bearer())
        page = await client.post("/health")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, PUT")
    assert (page.status_code, page.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json()["code"] == "METHOD_NOT_ALLOWED"


async def test_a_crash_shows_nothing_but_where_to_look_it_up(running: Running) -> None:
    async def crash(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("secret detail")

    running.service.answer = crash
    async with running.client() as client:
        answer = await client.get("/api/v1/robots", headers=running.bearer())
    assert answer.status_code == 500
    assert answer.json()["code"] == "INTERNAL_ERROR"
    assert answer.headers["x-request-id"] in answer.json()["detail"]
    assert "secret" not in answer.text


async def test_an_answer_is_passed_on_while_it_is_being_made(running: Running) -> None:
    first_arrived = asyncio.Event()
    sent: list[Message] = []

    async def answer_in_two_parts(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await first_arrived.wait()
        await send({"type": "http.response.body", "body": b"second", "more_body": False})

    async def note(message: Message) -> None:
        sent.append(message)
        if message.get("body") == b"first":
            first_arrived.set()

    running.service.answer = answer_in_two_parts
    async with asyncio.timeout(5):
        await running.gateway(_scope(running), _no_body, note)
    assert [message["body"] for message in sent[1:]] == [b"first", b"second"]


async def test_a_body_reaches_the_service_while_it_is_being_sent(running: Running) -> None:
    first_arrived = asyncio.Event()

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["body"] == b"first"
        first_arrived.set()
        assert (await receive())["body"] == b"second"
        await answer_with(send, b"{}")

    async def body() -> Message:
        if not first_arrived.is_set():
            return {"type": "http.request", "body": b"first", "more_body": True}
        return {"type": "http.request", "body": b"second", "more_body": False}

    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    running.service.answer = note
    await running.gateway(_scope(running, method="PUT", path="/api/v1/robots/r1"), body, keep)
    assert sent[0]["status"] == 200


def _scope(running: Running, method: str = "GET", path: str = "/api/v1/robots") -> Scope:
    headers = [(name.lower().encode(), value.encode()) for name, value in running.bearer().items()]
    return {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"orchestrator"), *headers],
        "client": ("192.0.2.1", 4711),
    }


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
