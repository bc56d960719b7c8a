"""Why a WebSocket was closed: the codes that the gateway and the services share, each with what the peer should do.

4001 and above are this project's own (RFC 6455 7.4.2); those below are the registry's, with its meaning.
"""

from enum import IntEnum
from typing import Final


class CloseCode(IntEnum):
    """A close frame's code. The failure's text goes before it in an `error` frame, as a reason holds 123 bytes."""

    NORMAL = 1000
    """Nothing went wrong: the peer said goodbye."""
    GOING_AWAY = 1001
    """The client is gone; what a service is told when its client vanished without a word."""
    POLICY_VIOLATION = 1008
    """What was sent or asked for can never be served: connecting again with the same is of no use."""
    MESSAGE_TOO_BIG = 1009
    """One message was over the socket's cap. Sending it again would fail again."""
    CRASHED = 1011
    """A defect on the server's side, or a peer that no longer answers pings. Connect again, after a pause."""
    RESTARTING = 1012
    """The process stops: connect again at once, to another one."""
    TRY_AGAIN_LATER = 1013
    """What stands behind the socket cannot be reached now. Connect again, after a pause that grows."""
    AUTHENTICATION_FAILED = 4001
    """No credential, or one that is not or no longer valid. Connect again with another one only."""
    FORBIDDEN = 4003
    """The credential is good but not for this: another robot's id, a robot's key on a stream of people's, a foreign
    page's Origin. Connecting again is of no use."""
    NO_SUCH_SOCKET = 4004
    """Nothing is at this path."""
    TOO_SLOW = 4008
    """The client did not read fast enough to keep up. Connect again, with `since`."""
    REPLACED = 4009
    """The same robot connected anew; this connection is the old one. Do not connect again."""
    SILENT = 4010
    """Nothing came for too long although the socket's protocol asks for it."""
    RATE_LIMITED = 4029
    """Too many attempts, connections or messages. Connect again, after a minute."""


NOT_SENT: Final = frozenset({1005, 1006, 1015})
"""Codes that describe how a connection ended but may not stand in a close frame (RFC 6455 7.4.1)."""
LONGEST_REASON: Final = 123
"""In bytes: what a close frame holds besides its code (RFC 6455 5.5)."""


def reason_of(text: str) -> str:
    """`text`, cut so that a close frame holds it."""
    return text.encode()[:LONGEST_REASON].decode("utf-8", "ignore")


def can_be_sent(code: int) -> bool:
    """Whether a close frame may carry `code`."""
    return (1000 <= code <= 1014 and code not in (*NOT_SENT, 1004)) or 3000 <= code <= 4999
