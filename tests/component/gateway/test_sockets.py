"""WebSockets through the gateway, the same in both shapes: who gets in, and what passes."""

import asyncio

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from tests.component.gateway.running_gateway import StartGateway
from tests.component.gateway.sockets import (
    ROBOT_SOCKET,
    STREAM,
    SocketService,
    StartFront,
    ending_of,
    error_of,
    relayed,
)

UPSTREAM_ROBOT = "/api/v1/ws/robot/r1"
UPSTREAM_METRICS = "/api/v1/ws/metrics/stream"
PATHS = {
    "/ws/robot/r1": UPSTREAM_ROBOT,
    "/api/v1/ws/robot/r1": UPSTREAM_ROBOT,
    "/ws/robot/r%C3%A9": "/api/v1/ws/robot/ré",
    "/ws/live-jobs": STREAM,
    "/api/v1/ws/live-jobs": STREAM,
    "/ws/monitoring/live-jobs": STREAM,
    "/api/v1/ws/monitoring/live-jobs": STREAM,
    "/ws/monitoring/robot-status": "/api/v1/ws/robot-status",
    "/ws/queue-metrics": "/api/v1/ws/queue-metrics",
    "/ws/metrics/stream": UPSTREAM_METRICS,
    "/api/v1/ws/monitoring/metrics/stream": UPSTREAM_METRICS,
}


async def test_frames_of_both_kinds_pass_both_ways(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service) as served, served.robot() as client:
        await client.send("text ✓")
        await client.send(b"\x00\xff")
        await client.send("")
        assert [await client.recv() for _ in range(3)] == ["text ✓", b"\x00\xff", ""]


async def test_each_public_path_leads_to_the_services_own(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service) as served:
        for public in PATHS:
            async with served.robot(public) as client:
                await client.send("x")
                await client.recv()
    assert [scope["path"] for scope in service.handshakes] == list(PATHS.values())


async def test_the_service_is_told_who_asks_and_never_the_credential(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service) as served:
        key = served.running.api_key(robot_id="r1", tenant_id="north")["X-Api-Key"]
        token = served.running.auth.issuer.token()
        for query in (
            f"since=5&api_key={key}&x=%20y",
            f"api_key={token}&since=5&x=%20y",
            f"since=5&x=%20y&token={key}",
        ):
            async with served.connect(f"{STREAM}?{query}", {"X-Casare-Identity": "forged"}) as client:
                await client.send("x")
                await client.recv()
        async with served.connect(ROBOT_SOCKET, {"Authorization": f"Bearer {key}"}) as client:
            await client.send("x")
            await client.recv()
        identities = [
            served.running.runtime.tokens.verify(httpx.Headers(scope["headers"])["x-casare-identity"])
            for scope in service.handshakes
        ]
    assert [identity.kind for identity in identities] == ["robot", "user", "robot", "robot"]
    assert (identities[0].robot_id, identities[0].tenant_id) == ("r1", "north")
    assert [scope["query_string"] for scope in service.handshakes] == [b"since=5&x=%20y"] * 3 + [b""]
    for scope in service.handshakes:
        assert key not in str(scope)
        assert token not in str(scope)
        assert len(httpx.Headers(scope["headers"]).get_list("x-casare-identity")) == 1


@pytest.mark.parametrize(
    "query",
    ["", "?token=", "?api_key=nonsense", f"?api_key=crpa_unknown_{'0' * 64}", "?token=a.b.c", "?token=a&api_key=b"],
)
async def test_without_a_valid_credential_the_client_is_told_after_the_handshake(
    start_gateway: StartGateway, front: StartFront, service: SocketService, query: str
) -> None:
    async with front(start_gateway, service) as served, served.connect(ROBOT_SOCKET + query) as client:
        assert await error_of(client) == ("AUTH_FAILED", 4001)
    assert service.handshakes == []


async def test_a_path_without_a_socket_is_told_so(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service) as served:
        for path in ("/ws/nothing", "/ws/robot", "/ws/robot/a%2Fb", "/ws/robot/..", "/api/v1/jobs"):
            async with served.robot(path) as client:
                assert (await error_of(client))[1] == 4004
    assert service.handshakes == []


async def test_pages_of_other_origins_are_refused_unless_they_are_allowed(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service, allowed_origins="https://fleet.example") as served:
        for origin in ("https://fleet.example", served.url):
            async with served.robot(origin=origin) as client:
                await client.send("x")
                assert await client.recv() == "x"
        for foreign in ("https://evil.example", "null", f"{served.url}.evil.example"):
            async with served.robot(origin=foreign) as client:
                assert await error_of(client) == ("AUTH_FAILED", 4003)


async def test_connection_attempts_are_limited_by_credential(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service, rate_limits="robot-socket=2") as served:
        headers = served.running.api_key()
        for _ in range(2):
            async with served.connect(ROBOT_SOCKET, headers):
                pass
        async with served.connect(ROBOT_SOCKET, headers) as client:
            assert await error_of(client) == ("RATE_LIMITED", 4029)
        async with served.robot() as other:
            await other.send("x")
            assert await other.recv() == "x"


async def test_a_credential_has_so_many_connections_and_no_more(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service, max_streams_per_credential=2) as served:
        headers = served.running.bearer()
        async with served.connect(STREAM, headers), served.connect(STREAM, headers) as second:
            async with served.connect(STREAM, served.running.bearer()) as third:
                assert await error_of(third) == ("RATE_LIMITED", 4029)
            async with served.connect(STREAM, served.running.bearer(sub="bob")) as bobs:
                await bobs.send("x")
                assert await bobs.recv() == "x"
            await second.close()
            await service.ends.get()
            async with served.connect(STREAM, headers) as again:
                await again.send("x")
                assert await again.recv() == "x"


async def test_a_gateway_has_so_many_connections_and_no_more(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service, max_sockets=1) as served, served.robot(), served.robot() as second:
        assert await error_of(second) == ("RATE_LIMITED", 4029)


async def test_a_clients_close_code_and_reason_reach_the_service(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service) as served, served.robot() as client:
        await client.close(4321, "had enough")
        told = await service.ends.get()
    assert (told["code"], told.get("reason")) == (4321, "had enough")


async def test_a_services_close_code_and_reason_reach_the_client_after_all_it_said(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async def say_goodbye(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": '{"type": "error"}'})
        await send({"type": "websocket.close", "code": 4009, "reason": "replaced"})

    service.talk = say_goodbye
    async with front(start_gateway, service) as served, served.robot() as client:
        assert await ending_of(client) == ([{"type": "error"}], 4009, "replaced")


async def test_a_service_that_refuses_the_handshake_forbids(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async def refuse(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.close", "code": 4003})

    service.talk = refuse
    async with front(start_gateway, service) as served, served.robot() as client:
        assert await error_of(client) == ("AUTH_FAILED", 4003)


async def test_the_service_chooses_the_subprotocol(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][-1]})
        await receive()

    service.talk = choose
    async with front(start_gateway, service) as served, served.robot(subprotocols=["a.v1", "a.v2"]) as client:
        assert client.subprotocol == "a.v2"


async def test_an_assignment_as_large_as_its_workflow_passes(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    large = "✓" * 20_000_000

    async def send_large(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": large})
        await receive()

    service.talk = send_large
    async with front(start_gateway, service) as served, served.robot() as client, asyncio.timeout(30):
        assert await client.recv() == large


@pytest.mark.parametrize(
    ("path", "fits", "too_large"),
    [
        (ROBOT_SOCKET, "x" * 1_000_000, "x" * 1_000_001),
        (ROBOT_SOCKET, "✓" * 333_333, "x" * 3_000_000),
        (STREAM, "x" * 64_000, "x" * 64_001),
        (STREAM, "✓" * 21_333, "✓" * 21_334),
    ],
)
async def test_a_message_over_the_cap_ends_the_connection(
    start_gateway: StartGateway, front: StartFront, service: SocketService, path: str, fits: str, too_large: str
) -> None:
    async with front(start_gateway, service) as served, served.robot(path) as client:
        await client.send(fits)
        assert await client.recv() == fits
        await client.send(too_large)
        assert (await ending_of(client))[1] == 1009
        assert (await service.ends.get())["code"] == 1009


async def test_a_gateway_that_stops_sends_newcomers_to_another_one(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service) as served, served.robot() as there_already:
        served.running.gateway.drain()
        async with served.robot() as client:
            assert await error_of(client) == ("INTERNAL_ERROR", 1012)
        await there_already.send("x")
        assert await there_already.recv() == "x"


async def test_several_gateways_stand_before_one_service(start_gateway: StartGateway, service: SocketService) -> None:
    async with (
        relayed(start_gateway, service) as one,
        relayed(start_gateway, service) as other,
        one.robot() as first,
        other.robot() as second,
    ):
        await first.send("1")
        await second.send("2")
        assert [await first.recv(), await second.recv()] == ["1", "2"]
