"""What is told of a defect: what kind, and where. Not its own text, which may hold anything."""

import traceback
from pathlib import Path
from typing import Final

import structlog

from robot.interruptible import Carried

_OURS: Final = Path(__file__).parent


def crash_of(error: BaseException) -> str:
    """Returns the kind of the error, and the line of the node's own code that it came from."""
    cause = error.error if isinstance(error, Carried) else error
    frames = traceback.extract_tb(cause.__traceback__)
    own = [frame for frame in frames if not Path(frame.filename).is_relative_to(_OURS)]
    place = (own or frames[-1:])[:1]
    where = "".join(f" in {each.name} ({Path(each.filename).name}, line {each.lineno})" for each in place)
    return f"failed with {type(cause).__name__}{where}"


def hide_variables() -> None:
    """Keeps the values of variables out of logged tracebacks, unless the program has set up its logs itself."""
    if not structlog.is_configured():
        structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback
