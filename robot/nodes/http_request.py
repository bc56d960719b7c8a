"""The request that the settings of an HTTP node describe."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from robot.errors import FileFailed, InvalidConfig
from robot.nodes.context import NodeContext
from robot.nodes.files import told
from robot.values import kind_of, plain, text_of

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BODIES = ("body", "form", "files", "body_file")
_CHUNK = 1_000_000
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


async def prepared(context: NodeContext) -> httpx.Request:
    """Returns the request. Raises InvalidConfig, which never quotes a value: addresses and headers hold secrets."""
    method = context.text("method", "GET").upper()
    if method not in METHODS:
        raise InvalidConfig(f"`method` is one of {', '.join(METHODS)}")
    body, body_headers = await _body(context)
    # A compressed answer could unfold to a thousand times what the size limit has seen.
    headers = {"User-Agent": "casare-robot", "Accept": "*/*", "Accept-Encoding": "identity"}
    headers |= {**body_headers, **_authorization(context), **_headers(context)}
    try:
        url = httpx.URL(context.text("url")).copy_merge_params(texts(context, "params"))
        _check_url(url)
        return httpx.Request(method, url, headers=headers, **body)
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError) as error:
        raise InvalidConfig(f"not a request that can be sent: {type(error).__name__}") from error


def _check_url(url: httpx.URL) -> None:
    if url.scheme not in {"http", "https"} or not url.host:
        raise InvalidConfig("`url` has to begin with http:// or https:// and a host")


def texts(context: NodeContext, name: str) -> dict[str, str]:
    """Returns a record of texts. Raises InvalidConfig."""
    values = context.value(name) or {}
    if not isinstance(values, dict):
        raise InvalidConfig(f"`{name}` has to be a record, not {kind_of(values)}")
    return {key: text_of(value) for key, value in values.items()}


def _headers(context: NodeContext) -> dict[str, str]:
    headers = texts(context, "headers")
    if any(_HEADER_NAME.fullmatch(name) is None for name in headers):
        raise InvalidConfig("`headers` has a name that is none")
    return headers


def _authorization(context: NodeContext) -> dict[str, str]:
    settings = context.value("auth")
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise InvalidConfig(f"`auth` has to be a record, not {kind_of(settings)}")
    kind = settings.get("type")
    if kind == "basic":
        pair = f"{text_of(settings.get('username'))}:{text_of(settings.get('password'))}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    if kind == "bearer" and settings.get("token"):
        return {"Authorization": f"Bearer {text_of(settings['token'])}"}
    raise InvalidConfig("`auth` is {type: basic, username, password} or {type: bearer, token}")


async def _body(context: NodeContext) -> tuple[dict[str, Any], dict[str, str]]:
    given = [name for name in BODIES if context.value(name) is not None]
    if "body_file" in given:
        if len(given) > 1:
            raise InvalidConfig("`body_file` is all of a request's body")
        return await _file_body(context)
    if "body" in given:
        if len(given) > 1:
            raise InvalidConfig("`body` does not go with `form` and `files`")
        return _content(context.value("body")), {}
    files = await asyncio.to_thread(_parts, context) if "files" in given else None
    return {"data": texts(context, "form") or None, "files": files}, {}


def _content(body: Any) -> dict[str, Any]:
    if isinstance(body, str):
        return {"content": body}
    return {"json": plain(body)}


def _parts(context: NodeContext) -> dict[str, tuple[str, bytes]]:
    left, parts = context.run.limits.max_file_bytes, {}
    for field, name in texts(context, "files").items():
        content = context.run.files.read(name, max_bytes=left)
        left -= len(content)
        parts[field] = (Path(name).name, content)
    return parts


async def _file_body(context: NodeContext) -> tuple[dict[str, Any], dict[str, str]]:
    name = context.text("body_file")
    path = context.run.files.resolve(name)

    def size() -> int:
        if not path.is_file():
            raise FileFailed(f"there is no file {name!r}")
        with told(f"read {name!r}"):
            return path.stat().st_size

    n_bytes = await asyncio.to_thread(size)
    if n_bytes > context.run.limits.max_transfer_bytes:
        raise FileFailed(f"{name!r} is larger than {context.run.limits.max_transfer_bytes:,} bytes")
    headers = {"Content-Length": str(n_bytes), "Content-Type": "application/octet-stream"}
    return {"content": _chunks(path, n_bytes)}, headers


async def _chunks(path: Path, n_bytes: int) -> AsyncIterator[bytes]:
    # Not more than was announced, should the file grow meanwhile.
    with path.open("rb") as file:
        while n_bytes and (chunk := await asyncio.to_thread(file.read, min(_CHUNK, n_bytes))):
            n_bytes -= len(chunk)
            yield chunk
