"""Why the gateway closes a socket, as the client is told."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from shared.kernel.clock import iso_utc
from shared.kernel.errors import CasareError, Forbidden, Invalid, NotFound, RateLimited, Unauthenticated, Unavailable
from shared.web.close_codes import CloseCode

AUTH_FAILED: Final = "AUTH_FAILED"
INVALID_MESSAGE: Final = "INVALID_MESSAGE"
RATE_LIMITED: Final = "RATE_LIMITED"
INTERNAL_ERROR: Final = "INTERNAL_ERROR"
"""The codes of the contract's `error` frame; there are no others."""

_FRAME_CODES: Final = {
    CloseCode.AUTHENTICATION_FAILED: AUTH_FAILED,
    CloseCode.FORBIDDEN: AUTH_FAILED,
    CloseCode.NO_SUCH_SOCKET: INVALID_MESSAGE,
    CloseCode.POLICY_VIOLATION: INVALID_MESSAGE,
    CloseCode.MESSAGE_TOO_BIG: INVALID_MESSAGE,
    CloseCode.RATE_LIMITED: RATE_LIMITED,
}
_HTTP_STATUSES: Final = {
    401: CloseCode.AUTHENTICATION_FAILED,
    403: CloseCode.FORBIDDEN,
    404: CloseCode.NO_SUCH_SOCKET,
    429: CloseCode.RATE_LIMITED,
}
_ERRORS: Final[tuple[tuple[type[CasareError], CloseCode], ...]] = (
    (Unauthenticated, CloseCode.AUTHENTICATION_FAILED),
    (Forbidden, CloseCode.FORBIDDEN),
    (NotFound, CloseCode.NO_SUCH_SOCKET),
    (Invalid, CloseCode.POLICY_VIOLATION),
    (RateLimited, CloseCode.RATE_LIMITED),
    (Unavailable, CloseCode.TRY_AGAIN_LATER),
)


@dataclass(frozen=True, slots=True)
class Ending:
    """A close frame and the `error` frame before it."""

    code: CloseCode
    message: str

    def frame(self) -> str:
        """The text of the `error` frame."""
        return _text({"type": "error", **self._fields})

    def envelope(self, message_id: str, now_ms: int) -> str:
        """The same for a robot that writes envelopes (beyond.md, "Robot socket")."""
        return _text({"type": "error", "id": message_id, "timestamp": iso_utc(now_ms), "payload": self._fields})

    @property
    def _fields(self) -> dict[str, str]:
        return {"code": _FRAME_CODES.get(self.code, INTERNAL_ERROR), "message": self.message}


def _text(frame: dict[str, Any]) -> str:
    return msgspec.json.encode(frame).decode()


CRASHED: Final = Ending(CloseCode.CRASHED, "The server failed.")
UNREACHABLE: Final = Ending(CloseCode.TRY_AGAIN_LATER, "A service is not reachable; try again later.")
RESTARTING: Final = Ending(CloseCode.RESTARTING, "This server stops; connect again.")
NO_SUCH_SOCKET: Final = Ending(CloseCode.NO_SUCH_SOCKET, "There is no such socket.")
FOREIGN_ORIGIN: Final = Ending(CloseCode.FORBIDDEN, "Pages of this origin may not connect (CASARE_ALLOWED_ORIGINS).")
NOT_PERMITTED: Final = Ending(CloseCode.FORBIDDEN, "This credential may not open this socket.")


class SocketRefused(Exception):
    """The socket is not to be opened, or not to be kept."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.message)
        self.ending = ending


def ending_of(error: CasareError) -> Ending:
    """How a socket ends because of `error`."""
    for kind, code in _ERRORS:
        if isinstance(error, kind):
            return Ending(code, error.detail)
    return CRASHED


def ending_of_status(status: int) -> Ending:
    """How a socket ends when the service answered its handshake with the HTTP `status`."""
    code = _HTTP_STATUSES.get(status)
    if code is None:
        return UNREACHABLE
    return NOT_PERMITTED if code is CloseCode.FORBIDDEN else Ending(code, f"The service refused ({status}).")
