"""One request's answer on its way out: its headers completed, the gateway's own refusals given shape."""

from collections.abc import Callable
from typing import Final

import structlog
from starlette.responses import Response
from starlette.types import Message, Scope, Send

from gateway.bodies import Body
from gateway.errors import Refused
from gateway.headers import Header
from gateway.identity import Credential
from gateway.routing import Route
from shared.kernel.errors import CasareError
from shared.kernel.identity import ANONYMOUS
from shared.web.middleware import TOKEN_PARAMETER
from shared.web.problems import crash_response, http_problem, problem_response

_SET_HERE_ONLY: Final = frozenset(
    {b"x-request-id", b"x-ratelimit-limit", b"x-ratelimit-remaining", b"x-ratelimit-reset", b"x-casare-identity"}
)

_log: Final = structlog.get_logger(__name__)


class Exchange:
    """What is known of a request while it is being answered. `send` takes the place of the server's."""

    __slots__ = (
        "_send",
        "address",
        "body",
        "caller",
        "claimed_key_id",
        "code",
        "credential",
        "headers",
        "on_status",
        "path",
        "request_id",
        "route",
        "status",
    )

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self.path: str = scope["path"]
        self._send = send
        self.request_id = request_id
        self.route: Route | None = None
        self.status = 0
        """Of the answer; 0 until it has begun."""
        self.code = ""
        """Of the problem, where it was found here."""
        self.address = ""
        self.caller = ANONYMOUS
        """Once verified."""
        self.credential: Credential | None = None
        """As presented."""
        self.claimed_key_id = ""
        """Of an API key that is not valid."""
        self.headers: list[Header] = []
        """Added to the answer, whoever gives it."""
        self.body: Body | None = None
        self.on_status: Callable[[int], None] | None = None
        """Told the status before the client is."""

    @property
    def logged_path(self) -> str:
        """The path as logs may have it: without the token of a webhook's URL."""
        return self.route.path if self.route is not None and TOKEN_PARAMETER in self.route.path else self.path

    async def send(self, message: Message) -> None:
        """Pass on a service's answer, unless its request has been refused meanwhile."""
        if message["type"] == "http.response.start":
            if self.body is not None and self.body.refusal is not None:
                return
            message = self._completed(message)
        elif self.status == 0:
            return
        await self._send(message)

    def _completed(self, message: Message) -> Message:
        self.status = message["status"]
        if self.on_status is not None:
            self.on_status(self.status)
        headers = [header for header in message.get("headers", ()) if header[0] not in _SET_HERE_ONLY]
        headers += self.headers
        headers.append((b"x-request-id", self.request_id.encode()))
        return {"type": "http.response.start", "status": self.status, "headers": headers}

    async def refuse(self, error: Refused) -> None:
        """Answer with `error`. An answer that has begun is left unfinished: the server then drops the connection."""
        if self.body is not None and self.body.refusal is not None:
            error = self.body.refusal  # whatever a service made of a body that it was not given
        if self.status:
            _log.warning("answer_broken_off", path=self.logged_path, request_id=self.request_id, reason=str(error))
            return
        if isinstance(error, CasareError):
            self.code = error.code
            response = problem_response(error, instance=self.path, request_id=self.request_id)
        else:
            response = http_problem(
                error.status,
                error.detail,
                instance=self.path,
                request_id=self.request_id,
                headers=error.headers,
            )
        await self._answer(response, error)

    async def crash(self) -> None:
        """Answer to a defect; log where it happened."""
        if self.body is not None and self.body.refusal is not None:
            await self.refuse(self.body.refusal)
            return
        _log.exception("request_crashed", path=self.logged_path, request_id=self.request_id)
        if not self.status:
            await self._answer(crash_response(instance=self.path, request_id=self.request_id), None)

    async def _answer(self, response: Response, error: Refused | None) -> None:
        body, self.body = self.body, None
        unread = body is not None and not body.complete and body.refusal is error
        if unread:
            self.headers.append((b"connection", b"close"))
        await self.send(
            {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
        )
        await self.send({"type": "http.response.body", "body": bytes(response.body), "more_body": unread})
        if body is not None and unread:
            await body.linger()
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
