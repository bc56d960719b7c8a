"""Why a WebSocket of ours was closed: the codes that clients act on."""

from typing import Final

SERVICE_RESTART: Final = 1012
"""The process stops; connect again, after a random pause."""
TRY_AGAIN_LATER: Final = 1013
"""A dependency is down; connect again, after a growing random pause."""
POLICY_VIOLATION: Final = 1008
"""The peer keeps sending what is no message of the protocol."""
INTERNAL_ERROR: Final = 1011
"""A defect."""

AUTHENTICATION_FAILED: Final = 4001
"""No credential, or one that is not valid, or not any more."""
NOT_PERMITTED: Final = 4003
"""A valid credential that may not do this."""
NO_SUCH_SOCKET: Final = 4004
"""There is no socket at this path."""
SLOW_CLIENT: Final = 4008
"""The client did not read what it was sent."""
REPLACED: Final = 4009
"""Another connection took this one's place."""
SILENT: Final = 4010
"""Nothing was heard of the client for too long."""
RATE_LIMITED: Final = 4029
"""The client kept sending more than it may."""
