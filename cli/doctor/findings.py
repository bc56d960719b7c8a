"""What a check finds, and how long it may look."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

CHECK_SECONDS: Final = 5.0
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/\s@]*@")


class State(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and will not always."""
    FAILED = "failed"
    """It does not work."""
    SKIPPED = "skipped"
    """It could not be looked at, or is not used here."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `advice` is what to do, or empty."""

    area: str
    name: str
    state: State
    detail: str
    advice: str = ""

    def record(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self) | {"state": self.state.value}


Look = Callable[[], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at."""

    area: str
    name: str
    look: Look


async def findings_of(checks: Sequence[Check], *, seconds: float = CHECK_SECONDS) -> list[Finding]:
    """What all checks found, in their order. They run side by side; each has `seconds`, and may fail without harm."""
    found = await asyncio.gather(*(_bounded(check, seconds) for check in checks))
    return [finding for findings in found for finding in findings]


async def _bounded(check: Check, seconds: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(seconds):
            return await check.look()
    except TimeoutError:
        return [
            Finding(
                check.area,
                check.name,
                State.FAILED,
                f"no answer within {seconds:g} s",
                "Is it overloaded, or does a firewall drop what is sent to it?",
            )
        ]
    except Exception as error:  # noqa: BLE001 - one check's defect must not hide what the others found
        detail = without_credentials(f"{type(error).__name__}: {error}")
        advice = "Is the address that this is about well formed? If so, this check itself has a defect."
        return [Finding(check.area, check.name, State.FAILED, detail, advice)]


def without_credentials(text: str) -> str:
    """`text` with user names and passwords of URLs blotted out."""
    return _CREDENTIALS.sub("•••@", " ".join(text.split()))
