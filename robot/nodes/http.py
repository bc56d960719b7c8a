"""Nodes that speak HTTP."""

import asyncio
from typing import Any

import httpx
import msgspec

from robot.errors import HttpFailed, InvalidConfig
from robot.nodes.context import NodeContext
from robot.nodes.table import NodeTable, Outcome
from robot.values import kind_of, plain, text_of

nodes = NodeTable()

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_RETRYABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


@nodes.register("HTTPRequestNode", "HttpRequestNode")
async def request(context: NodeContext) -> Outcome:
    """Sends one request; stopping the job interrupts it. An answer of 400 or more fails unless told otherwise."""
    seconds = context.number("timeout_seconds", 30, least=0.1, most=300)
    try:
        sending = _send(context, _prepare(context), redirects=context.flag("follow_redirects", default=False))
        response, body = await context.run.cancel.race(asyncio.wait_for(sending, seconds))
    except (TimeoutError, httpx.TimeoutException) as error:
        raise HttpFailed(f"no answer within {seconds:g} s", error_type="TIMEOUT", retryable=True) from error
    except httpx.HTTPError as error:
        raise _failure(error) from error
    if response.status_code >= 400 and context.flag("fail_on_error_status", default=True):
        retryable = response.status_code in _RETRYABLE_STATUS
        raise HttpFailed(f"the answer was {response.status_code}", error_type="HTTP_STATUS", retryable=retryable)
    return Outcome(_outputs(response, body))


def _prepare(context: NodeContext) -> httpx.Request:
    method = context.text("method", "GET").upper()
    if method not in METHODS:
        raise InvalidConfig(f"`method` is one of {', '.join(METHODS)}")
    # A compressed answer could unfold to a thousand times what the size limit has seen.
    headers = {"User-Agent": "casare-robot", "Accept": "*/*", "Accept-Encoding": "identity"}
    try:
        url = httpx.URL(context.text("url")).copy_merge_params(_texts(context, "params"))
        _check_url(url)
        content = _content(context.value("body"))
        return httpx.Request(method, url, headers=headers | _texts(context, "headers"), **content)
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError) as error:
        raise InvalidConfig(f"not a request that can be sent: {error}") from error


def _check_url(url: httpx.URL) -> None:
    if url.scheme not in {"http", "https"} or not url.host:
        raise InvalidConfig("`url` has to begin with http:// or https:// and a host")


def _texts(context: NodeContext, name: str) -> dict[str, str]:
    values = context.value(name) or {}
    if not isinstance(values, dict):
        raise InvalidConfig(f"`{name}` has to be a record, not {kind_of(values)}")
    return {key: text_of(value) for key, value in values.items()}


def _content(body: Any) -> dict[str, Any]:
    if body is None or isinstance(body, str):
        return {"content": body}
    return {"json": plain(body)}


async def _send(context: NodeContext, prepared: httpx.Request, *, redirects: bool) -> tuple[httpx.Response, bytes]:
    limit = context.run.limits.max_response_bytes
    response = await context.run.http.client().send(prepared, stream=True, follow_redirects=redirects)
    try:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > limit:
                message = f"the answer is larger than {limit:,} bytes"
                raise HttpFailed(message, error_type="RESPONSE_TOO_LARGE", retryable=False)
        return response, bytes(body)
    finally:
        await response.aclose()


def _failure(error: httpx.HTTPError) -> HttpFailed:
    # The address may hold credentials, so only the kind of failure is told.
    network = isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError | httpx.ProxyError)
    kind = "NETWORK_ERROR" if network else "HTTP_ERROR"
    return HttpFailed(f"the request failed: {type(error).__name__}", error_type=kind, retryable=network)


def _outputs(response: httpx.Response, body: bytes) -> dict[str, Any]:
    parsed = None
    if "json" in response.headers.get("content-type", ""):
        try:
            parsed = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise HttpFailed(f"the answer is not JSON: {error}", error_type="HTTP_ERROR", retryable=False) from error
    return {
        "status_code": response.status_code,
        "response_body": body.decode(response.encoding or "utf-8", errors="replace"),
        "response_json": parsed,
        "response_headers": dict(response.headers),
    }
