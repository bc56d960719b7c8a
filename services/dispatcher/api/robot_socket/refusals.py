"""Which `error` a robot is sent for what its message ran into."""

from typing import Any

from services.dispatcher.api.robot_socket import answers
from services.dispatcher.api.robot_socket.frames import Frame
from shared.kernel.errors import CasareError, Conflict, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable


def refusal_of(error: CasareError, frame: Frame) -> dict[str, Any]:
    """The fields of `error`: the contract's code, and the API's own code for the same as `reason`."""
    held_back = error.retry_after_seconds if isinstance(error, Unavailable) else None
    return answers.error(
        code_of(error),
        error.detail,
        reason=error.code,
        report=frame.type,
        job_id=frame.job_id,
        field=error.errors[0].field if isinstance(error, Invalid) and error.errors else None,
        retry_after_seconds=held_back,
    )


def code_of(error: CasareError) -> str:
    """One of the contract's four codes (beyond.md)."""
    if isinstance(error, Forbidden | Unauthenticated):
        return "AUTH_FAILED"
    if error.code == "CONCURRENT_CHANGE" or not isinstance(error, Invalid | NotFound | Conflict):
        return "INTERNAL_ERROR"
    return "INVALID_MESSAGE"
