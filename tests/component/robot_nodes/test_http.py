import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from robot.addresses import AddressRules
from tests.component.robot_nodes.steps import Steps
from tests.support.http_server import serving


async def _echo(request: Request) -> Response:
    return JSONResponse(
        {
            "method": request.method,
            "authorization": request.headers.get("authorization"),
            "type": request.headers.get("content-type", "").partition(";")[0],
            "host": request.headers["host"],
            "body": (await request.body()).decode("latin-1"),
        }
    )


async def _form(request: Request) -> Response:
    async with request.form() as form:
        fields = {
            name: value if isinstance(value, str) else [value.filename, (await value.read()).decode()]
            for name, value in form.items()
        }
    return JSONResponse(fields)


async def _file(request: Request) -> Response:
    return Response(bytes(2_500_000), media_type="application/octet-stream")


async def _away(request: Request) -> Response:
    return RedirectResponse(request.query_params["to"])


@pytest.fixture
async def site() -> AsyncIterator[str]:
    routes = [
        Route("/echo", _echo, methods=["GET", "POST", "PUT"]),
        Route("/form", _form, methods=["POST"]),
        Route("/file", _file),
        Route("/away", _away),
    ]
    async with serving(Starlette(routes=routes)) as url:
        yield url


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ({"type": "basic", "username": "ada", "password": "é:x"}, "Basic YWRhOsOpOng="),
        ({"type": "bearer", "token": "t1"}, "Bearer t1"),
    ],
)
async def test_a_request_is_authorised(steps: Steps, site: str, auth: dict[str, str], header: str) -> None:
    outputs = await steps.run("http.request", url=f"{site}/echo", auth=auth)
    assert outputs["response_json"]["authorization"] == header


async def test_forms_and_files_are_sent(steps: Steps, site: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("content")
    form = {"method": "POST", "url": f"{site}/form", "form": {"n": 5, "x": "é"}}
    assert (await steps.run("http.request", **form))["response_json"] == {"n": "5", "x": "é"}
    with_file = await steps.run("http.request", **form, files={"upload": "a.txt"})
    assert with_file["response_json"] == {"n": "5", "x": "é", "upload": ["a.txt", "content"]}
    raw = await steps.run("http.request", method="PUT", url=f"{site}/echo", body_file="a.txt")
    assert (raw["response_json"]["body"], raw["response_json"]["type"]) == ("content", "application/octet-stream")


async def test_an_answer_is_kept_in_a_file_of_bounded_size(steps: Steps, site: str, tmp_path: Path) -> None:
    outputs = await steps.run("http.request", url=f"{site}/file", save_to="in/a.bin")
    assert (outputs["file_path"], outputs["size_bytes"], outputs["status_code"]) == ("in/a.bin", 2_500_000, 200)
    assert (tmp_path / "in/a.bin").stat().st_size == 2_500_000
    too_small = {"url": f"{site}/file", "save_to": "b.bin", "max_bytes": 1_000_000}
    assert await steps.refused("http.request", **too_small) == "RESPONSE_TOO_LARGE"
    assert os.listdir(tmp_path) == ["in"]  # noqa: PTH208 (pathlib blocks the same)


@pytest.mark.parametrize(
    ("config", "error_type"),
    [
        ({"auth": {"type": "digest", "password": "hunter2"}}, "INVALID_CONFIG"),
        ({"auth": "hunter2"}, "INVALID_CONFIG"),
        ({"body": "x", "form": {"a": "b"}}, "INVALID_CONFIG"),
        ({"body": "x", "body_file": "a"}, "INVALID_CONFIG"),
        ({"body_file": "a", "follow_redirects": True}, "INVALID_CONFIG"),
        ({"body_file": "none"}, "FILE_ERROR"),
        ({"body_file": "/etc/passwd"}, "PATH_REFUSED"),
        ({"files": {"f": "../x"}}, "PATH_REFUSED"),
        ({"save_to": "../x"}, "PATH_REFUSED"),
        ({"response": "file"}, "INVALID_CONFIG"),
        ({"response": "xml"}, "INVALID_CONFIG"),
        ({"headers": {"a b": "x"}}, "INVALID_CONFIG"),
    ],
)
async def test_settings_that_do_not_go_together_are_told(
    steps: Steps, site: str, config: dict[str, Any], error_type: str
) -> None:
    error = await steps.failure("http.request", **{"method": "POST", "url": f"{site}/echo", **config})
    assert (error.error_type, "hunter2" in str(error)) == (error_type, False)


async def test_an_address_that_is_none_is_told_without_it(steps: Steps) -> None:
    error = await steps.failure("http.request", url="http://me:hunter2:x@host:port/")
    assert (error.error_type, "hunter2" in str(error)) == ("INVALID_CONFIG", False)


def _guarded(steps: Steps, *allow: str) -> Steps:
    return steps.within(addresses=AddressRules.of(block_internal=True, allow=allow))


async def test_internal_addresses_are_refused_unless_listed(steps: Steps, site: str) -> None:
    port = urlsplit(site).port
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"):
        assert await _guarded(steps).refused("http.request", url=f"http://{host}:{port}/echo") == "ADDRESS_REFUSED"
    allowed = await _guarded(steps, "127.0.0.0/8").run("http.request", url=f"{site}/echo")
    assert allowed["response_json"]["host"] == f"127.0.0.1:{port}"
    named = await _guarded(steps, "localhost").run("http.request", url=f"http://localhost:{port}/echo")
    assert named["response_json"]["host"] == f"localhost:{port}"


async def test_a_redirect_to_an_internal_address_is_refused(steps: Steps, site: str) -> None:
    port = urlsplit(site).port
    config = {"url": f"http://localhost:{port}/away", "follow_redirects": True}
    guarded = _guarded(steps, f"localhost:{port}")
    inside = f"http://127.0.0.1:{port}/echo"
    assert await guarded.refused("http.request", **config, params={"to": inside}) == "ADDRESS_REFUSED"
    back = await guarded.run("http.request", **config, params={"to": "/echo"})
    assert (back["status_code"], back["response_json"]["host"]) == (200, f"localhost:{port}")


async def test_a_name_is_looked_up_once_and_any_internal_address_of_it_refuses_it(
    steps: Steps, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resolver is the attacker's: public at the first question, internal at the next."""
    answers = [["93.184.216.34", "127.0.0.1"], ["127.0.0.1"], ["127.0.0.1"]]
    asked: list[str] = []

    async def resolve(_loop: object, host: str, port: int, **_more: object) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in answers[len(asked) - 1]]

    monkeypatch.setattr(type(asyncio.get_running_loop()), "getaddrinfo", resolve, raising=False)
    url = f"http://rebound.example:{urlsplit(site).port}/echo"
    assert await _guarded(steps).refused("http.request", url=url) == "ADDRESS_REFUSED"
    assert asked == ["rebound.example"]


async def test_a_name_that_no_host_can_have_leads_nowhere(steps: Steps) -> None:
    for host in ("a..b", "a" * 64 + ".example"):
        error = await _guarded(steps).failure("http.request", url=f"http://{host}/")
        assert (error.error_type, error.retryable) == ("NETWORK_ERROR", True)


async def test_proxies_of_the_environment_are_not_used_where_addresses_are_checked(
    steps: Steps, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    outputs = await _guarded(steps, "127.0.0.1").run("http.request", url=f"{site}/echo")
    assert outputs["status_code"] == 200
    error = await steps.failure("http.request", url=f"{site}/echo")
    assert error.error_type == "NETWORK_ERROR"
