"""Nodes that speak HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from robot.errors import HttpFailed, InvalidConfig
from robot.files import appearing_whole
from robot.guarded_transport import AddressRefused
from robot.nodes.context import NodeContext
from robot.nodes.files import told
from robot.nodes.http_request import prepared
from robot.nodes.table import NodeTable, Outcome
from robot.values import ValueTooLarge, size_of

nodes = NodeTable()

RESPONSES = ("auto", "json", "text", "file")
_RETRYABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_CHUNK = 1_000_000


@nodes.register("HTTPRequestNode", "HttpRequestNode", "http.request")
async def request(context: NodeContext) -> Outcome:
    """Sends one request; stopping the job interrupts it. An answer of 400 or more fails unless told otherwise.

    `url`, `method` (GET), `headers`, `params`; `auth`: {type: basic, username, password} or {type: bearer, token}. Its
    body is one of `body` (a text, or anything else as JSON), `form` (a record), `files` ({field: path}, with or without
    `form`: multipart) and `body_file` (a path, sent as it is). `timeout_seconds` (30, at most 300) is for all of it.
    `response`: auto (JSON where the answer says so), json, text, or file, which keeps the body in the file `save_to`,
    of at most `max_bytes` (50 MB, at most 1 GB). `follow_redirects` (false), `fail_on_error_status` (true).

    Outputs `status_code`, `response_body`, `response_json`, `response_headers`; for a file, `file_path`, `size_bytes`.

    Fails with TIMEOUT, NETWORK_ERROR, HTTP_STATUS (408, 425, 429 and 500 to 504 are worth a retry), RESPONSE_TOO_LARGE,
    HTTP_ERROR, or ADDRESS_REFUSED where the robot keeps workflows from internal addresses
    (`CASARE_ROBOT_HTTP_BLOCK_INTERNAL`): those of each redirect are checked, too.
    """
    seconds = context.number("timeout_seconds", 30, least=0.1, most=300)
    kind = context.text("response", "file" if context.has("save_to") else "auto")
    if kind not in RESPONSES:
        raise InvalidConfig(f"`response` is one of {', '.join(RESPONSES)}")
    try:
        return await context.run.cancel.race(asyncio.wait_for(_exchange(context, kind), seconds))
    except (TimeoutError, httpx.TimeoutException) as error:
        raise HttpFailed(f"no answer within {seconds:g} s", error_type="TIMEOUT", retryable=True) from error
    except AddressRefused as error:
        message = "the address is internal, which this robot's configuration does not allow (CASARE_ROBOT_HTTP_ALLOW)"
        raise HttpFailed(message, error_type="ADDRESS_REFUSED", retryable=False) from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        # The latter two of a redirect, or of a name that no host can have.
        raise _failure(error) from error


async def _exchange(context: NodeContext, kind: str) -> Outcome:
    redirects = context.flag("follow_redirects", default=False)
    if redirects and context.value("body_file") is not None:
        raise InvalidConfig("`body_file` is sent once: `follow_redirects` does not go with it")
    sent = await prepared(context)
    async with _answer(context, sent, redirects=redirects) as response:
        _check_status(context, response)
        if kind == "file" and response.status_code < 400:
            return await _saved(context, response)
        body = await _body(response, context.run.limits.max_response_bytes)
    return Outcome(await asyncio.to_thread(_outputs, response, body, kind))


@asynccontextmanager
async def _answer(context: NodeContext, sent: httpx.Request, *, redirects: bool) -> AsyncIterator[httpx.Response]:
    client = context.run.http.client(context.run.limits.addresses)
    response = await client.send(sent, stream=True, follow_redirects=redirects)
    try:
        yield response
    finally:
        await response.aclose()


def _check_status(context: NodeContext, response: httpx.Response) -> None:
    if response.status_code >= 400 and context.flag("fail_on_error_status", default=True):
        retryable = response.status_code in _RETRYABLE_STATUS
        raise HttpFailed(f"the answer was {response.status_code}", error_type="HTTP_STATUS", retryable=retryable)


async def _body(response: httpx.Response, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


async def _saved(context: NodeContext, response: httpx.Response) -> Outcome:
    name, limits = context.text("save_to"), context.run.limits
    most = int(context.number("max_bytes", limits.max_file_bytes, least=1, most=limits.max_transfer_bytes))
    path = context.run.files.resolve(name)
    with told(f"write {name!r}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with appearing_whole(path) as partial:
            size = await _stream(response, partial, most)
    outputs = {"file_path": context.run.files.shown(path), "size_bytes": size, "response_body": None}
    return Outcome({**_outputs_of_head(response), **outputs, "response_json": None})


async def _stream(response: httpx.Response, partial: Path, most: int) -> int:
    size = 0
    with partial.open("wb") as file:
        async for chunk in response.aiter_bytes(_CHUNK):
            size += len(chunk)
            if size > most:
                raise _too_large(most)
            await asyncio.to_thread(file.write, chunk)
    return size


def _too_large(limit: int) -> HttpFailed:
    return HttpFailed(f"the answer is larger than {limit:,} bytes", error_type="RESPONSE_TOO_LARGE", retryable=False)


def _failure(error: Exception) -> HttpFailed:
    # The address may hold credentials, so only the kind of failure is told.
    network = isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError | httpx.ProxyError)
    kind = "NETWORK_ERROR" if network else "HTTP_ERROR"
    return HttpFailed(f"the request failed: {type(error).__name__}", error_type=kind, retryable=network)


def _outputs_of_head(response: httpx.Response) -> dict[str, Any]:
    return {"status_code": response.status_code, "response_headers": dict(response.headers)}


def _outputs(response: httpx.Response, body: bytes, kind: str) -> dict[str, Any]:
    encoding = response.encoding or "utf-8"
    is_json = kind == "json" or (kind == "auto" and body and "json" in response.headers.get("content-type", ""))
    parsed = _parsed(body, encoding) if is_json else None
    return {**_outputs_of_head(response), "response_body": _text(body, encoding), "response_json": parsed}


def _parsed(body: bytes, encoding: str) -> Any:
    try:
        parsed = msgspec.json.decode(body.decode(encoding).removeprefix("\ufeff"))
        size_of(parsed, len(body) + 1)
    except (msgspec.DecodeError, LookupError, UnicodeError, RecursionError, ValueTooLarge) as error:
        message = f"the answer is not JSON that can be used: {error}"
        raise HttpFailed(message, error_type="HTTP_ERROR", retryable=False) from error
    return parsed


def _text(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding, errors="replace")
    except (LookupError, UnicodeError):
        # Servers may name encodings that are none of texts.
        return body.decode(errors="replace")
