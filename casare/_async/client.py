"""The client."""

import os
import random
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Self

from casare._async.credentials import async_token_source
from casare._async.dead_letters import AsyncDeadLetters
from casare._async.events import read_events
from casare._async.exchange import AsyncExchange
from casare._async.job import AsyncJob, AsyncWork
from casare._async.jobs import AsyncJobs
from casare._async.metrics import AsyncMetrics
from casare._async.people import AsyncAudit, AsyncTenants, AsyncUsers
from casare._async.robots import AsyncKeys, AsyncRobots
from casare._async.schedules import AsyncSchedules
from casare._async.session import AsyncSession
from casare._async.submitting import AsyncSubmitting
from casare._async.waiting import wait_for
from casare._async.watching import AsyncWatcher
from casare._async.workflows import AsyncWebhooks, AsyncWorkflows
from casare._calls import get
from casare._retrying import Retries
from casare._settings import settings
from casare.models import Event, Identity, JobRecord
from casare.progress import Progress

_DEFAULT_RETRIES = Retries()


class AsyncClient(AsyncSubmitting):
    """A Casare server, as one user sees it.

    The server is `url`, else the profile's, else `CASARE_URL`, else that of the last `casare login`, else the one on
    this machine. The credential is `token` (an access token), `api_key`, `username` and `password`, or the login of the
    `profile` that `casare login` stored; else `CASARE_TOKEN`, else `CASARE_USERNAME` and `CASARE_PASSWORD` (secrets
    also as `…_FILE`), else the stored login of `CASARE_PROFILE` or for that server. Tokens are renewed before they end,
    once for all calls.

    `timeout` is the longest silence of the server in seconds, `retries` how persistent calls are, `verify` a file or
    folder of certificates to trust, an `ssl.SSLContext`, or False to trust anybody (do not).

    Close it, or use it as a context. Raises ConfigurationProblem when there is no credential.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        username: str | None = None,
        password: str | None = None,
        tenant_id: str | None = None,
        token: str | None = None,
        api_key: str | None = None,
        profile: str | None = None,
        retries: Retries = _DEFAULT_RETRIES,
        timeout: float = 65.0,
        verify: bool | str | os.PathLike[str] | ssl.SSLContext = True,
    ) -> None:
        chosen = settings(
            url,
            username=username,
            password=password,
            tenant_id=tenant_id,
            token=token,
            api_key=api_key,
            profile=profile,
            retries=retries,
            timeout=timeout,
            verify=verify,
        )
        self.url = chosen.url
        exchange = AsyncExchange(chosen, random.Random())  # noqa: S311 (spreads retries, guards nothing)
        self._session = AsyncSession(exchange, async_token_source(chosen.credential, exchange))
        self._work = AsyncWork(self._session, AsyncWatcher(self._session))
        self.jobs = AsyncJobs(self._work)
        self.workflows = AsyncWorkflows(self._session)
        self.webhooks = AsyncWebhooks(self._session)
        self.schedules = AsyncSchedules(self._work)
        self.robots = AsyncRobots(self._session)
        self.keys = AsyncKeys(self._session)
        self.dlq = AsyncDeadLetters(self._work)
        self.users = AsyncUsers(self._session)
        self.tenants = AsyncTenants(self._session)
        self.audit = AsyncAudit(self._session)
        self.metrics = AsyncMetrics(self._session)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections. The login stays good."""
        await self._session.close()

    async def whoami(self) -> Identity:
        """Who the client is to the server. Raises NotAuthenticated."""
        return await self._session.call(get("/auth/me", Identity))

    async def wait_all(
        self,
        jobs: Sequence[AsyncJob],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 (the jobs are not cancelled, only the waiting ends)
        on_progress: Callable[[Progress], None] | None = None,
    ) -> list[JobRecord]:
        """The jobs as they ended, in their order, with few calls however many they are. `on_progress` is called after
        every look that showed something new. Raises WaitTimedOut after `timeout` seconds."""
        wanted = {job.id: None if job.record is None else job.record.workflow_id for job in jobs}
        ended = await wait_for(
            self._work.watcher, wanted, pace=self._work.pace(), timeout=timeout, on_progress=on_progress
        )
        for job in jobs:
            job.record = ended[job.id]
        return [ended[job.id] for job in jobs]

    def events(self, *, since: int | None = None, types: Sequence[str] | None = None) -> AsyncIterator[Event]:
        """Events of the tenant as they happen, until you stop: of these `types`, such as `job_completed`, or of all;
        after `since`, a `seq` seen earlier. A connection that drops is made again from the last event on.

        An event `resumed` is yielded when not everything since then is retained any more; its `data` says from where on
        it is.
        """
        return read_events(self._session, since, types)
