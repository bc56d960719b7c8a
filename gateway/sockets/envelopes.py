"""Which of the two framings of the robots' protocol a client writes (beyond.md, "Robot socket")."""

import msgspec
from starlette.types import Message


class _Envelope(msgspec.Struct):
    payload: msgspec.Raw


def is_envelope(message: Message) -> bool:
    """Whether what a client said has its fields in a `payload`."""
    try:
        msgspec.json.decode(message.get("text") or "", type=_Envelope)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return False
    return True
