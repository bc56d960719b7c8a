"""One connection of the robot's socket: flat JSON frames, and what its end means (contract beyond, Robot socket)."""

import asyncio
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from casare._address import API, is_this_machine
from robot.client import LARGE_ANSWER_BYTES
from robot.protocol import AccessRefused, Replaced, ServerError, TryAgain
from robot.values import encode_json

_AUTHENTICATION_FAILED: Final = 4001
_NOT_PERMITTED: Final = 4003
_REPLACED: Final = 4009


class SocketConnection:
    """Sends and receives frames. Every method raises one of the ServerErrors when the connection is no more."""

    def __init__(self, connection: ClientConnection, robot_id: str) -> None:
        self._connection = connection
        self._robot_id = robot_id

    @classmethod
    async def open(cls, base_url: str, robot_id: str, api_key: str, *, timeout_seconds: float) -> Self:
        """Returns an open connection. Raises TryAgain where there is none to be had now."""
        url = socket_url(base_url, robot_id)
        try:
            connection = await connect(
                url,
                additional_headers={"X-Api-Key": api_key},
                user_agent_header="casare-robot",
                open_timeout=timeout_seconds,
                close_timeout=2,
                # A job brings up to 50 MB of workflow, twice (contract clarifications 10).
                max_size=None,
                proxy=None if is_this_machine(url) else True,
            )
        except InvalidStatus as error:
            # Also 401 and 403, with which servers refuse paths: a key is refused by a code (contract beyond).
            raise TryAgain(f"the socket answers {error.response.status_code}") from error
        except (OSError, TimeoutError, WebSocketException) as error:
            raise TryAgain(f"cannot open the socket ({type(error).__name__})") from error
        return cls(connection, robot_id)

    async def send(self, kind: str, **fields: Any) -> None:
        """Sends a frame."""
        try:
            await self._connection.send(encode_json({"type": kind, **fields}).decode())
        except ConnectionClosed as error:
            raise self._meaning(error) from error

    async def receive(self) -> dict[str, Any]:
        """Returns the next frame that is a JSON object."""
        while True:
            try:
                text = await self._connection.recv()
            except ConnectionClosed as error:
                raise self._meaning(error) from error
            try:
                large = len(text) > LARGE_ANSWER_BYTES
                frame = await asyncio.to_thread(msgspec.json.decode, text) if large else msgspec.json.decode(text)
            except (msgspec.DecodeError, RecursionError):
                continue
            if isinstance(frame, dict):
                return _fields_of(frame)

    async def close(self) -> None:
        """Closes the connection."""
        await self._connection.close()

    def _meaning(self, closed: ConnectionClosed) -> ServerError:
        code = None if closed.rcvd is None else closed.rcvd.code
        reason = closed.rcvd.reason if closed.rcvd is not None else "the connection was lost"
        message = f"the socket was closed ({code or 1006}: {reason})"
        if code in {_AUTHENTICATION_FAILED, _NOT_PERMITTED}:
            return AccessRefused(message)
        if code == _REPLACED:
            return Replaced(
                f"another connection has taken the place of robot {self._robot_id}: does another process run under "
                "this id? Give each robot its own (CASARE_ROBOT_ID)"
            )
        return TryAgain(message)


def socket_url(base_url: str, robot_id: str) -> str:
    """Returns where a robot's socket is."""
    parts = urlsplit(base_url.rstrip("/").removesuffix(API))
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, f"{parts.path}{API}/ws/robot/{quote(robot_id, safe='')}", "", ""))


def _fields_of(frame: dict[str, Any]) -> dict[str, Any]:
    """Both framings alike: a peer that is spoken to flat answers flat, but may have been made for the other."""
    payload = frame.get("payload")
    return {**payload, "type": frame.get("type")} if isinstance(payload, dict) else frame
