"""Sending progress without slowing the job or flooding the server."""

import asyncio
from collections.abc import Callable

import structlog

from robot.cancellation import StopReason
from robot.client import OrchestratorClient
from robot.protocol import ClaimedJob, NotHeld, ServerError, TryAgain

_LOG = structlog.get_logger()

State = tuple[int, str | None, str | None]


class ProgressReporter:
    """Keeps the latest state only; `run` sends it when it changed, at most once per interval."""

    def __init__(
        self,
        job: ClaimedJob,
        client: OrchestratorClient,
        *,
        stop: Callable[[StopReason], None],
        interval_seconds: float,
    ) -> None:
        self._job = job
        self._client = client
        self._stop = stop
        self._interval = interval_seconds
        self._unsent: State | None = None
        self._message: str | None = None
        self._changed = asyncio.Event()

    async def update(self, percent: int, node_id: str | None, message: str | None) -> None:
        """Takes the job's state; a message stays until the next one is said."""
        self._message = message or self._message
        self._unsent = (percent, node_id, self._message)
        self._changed.set()

    async def run(self) -> None:
        """Sends states until it is ended."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(await self.flush() or self._interval)

    async def flush(self) -> float | None:
        """Sends what was not sent yet; returns the seconds the server wants to be left alone.

        Progress that cannot be delivered is not worth a retry: the next state replaces it.
        """
        self._changed.clear()
        state, self._unsent = self._unsent, None
        if state is None:
            return None
        try:
            await self._client.progress(self._job, *state)
        except asyncio.CancelledError:
            self._restore(state)
            raise
        except NotHeld as error:
            _LOG.warning("progress_refused", error=str(error))
            self._stop(StopReason.LEASE_LOST)
        except TryAgain as error:
            _LOG.info("progress_not_sent", error=str(error))
            return error.retry_after
        except ServerError as error:
            _LOG.warning("progress_not_sent", error=str(error))
        return None

    def _restore(self, state: State) -> None:
        # Cut off on the way, so perhaps never seen; a newer state makes it needless.
        self._unsent = self._unsent or state
