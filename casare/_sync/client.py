# Made from `casare/_async/client.py` by `docs/generate_sync_client.py`. Do not edit.
"""The client."""

import os
import random
import ssl
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

from casare._calls import get
from casare._retrying import Retries
from casare._settings import settings
from casare._sync.credentials import token_source
from casare._sync.dead_letters import DeadLetters
from casare._sync.events import read_events
from casare._sync.exchange import Exchange
from casare._sync.job import Job, Work
from casare._sync.jobs import Jobs
from casare._sync.metrics import Metrics
from casare._sync.people import Audit, Tenants, Users
from casare._sync.robots import Keys, Robots
from casare._sync.schedules import Schedules
from casare._sync.session import Session
from casare._sync.submitting import Submitting
from casare._sync.waiting import wait_for
from casare._sync.watching import Watcher
from casare._sync.workflows import Webhooks, Workflows
from casare.models import Event, Identity, JobRecord
from casare.progress import Progress

_DEFAULT_RETRIES = Retries()


class Client(Submitting):
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
        exchange = Exchange(chosen, random.Random())  # noqa: S311 (spreads retries, guards nothing)
        self._session = Session(exchange, token_source(chosen.credential, exchange))
        self._work = Work(self._session, Watcher(self._session))
        self.jobs = Jobs(self._work)
        self.workflows = Workflows(self._session)
        self.webhooks = Webhooks(self._session)
        self.schedules = Schedules(self._work)
        self.robots = Robots(self._session)
        self.keys = Keys(self._session)
        self.dlq = DeadLetters(self._work)
        self.users = Users(self._session)
        self.tenants = Tenants(self._session)
        self.audit = Audit(self._session)
        self.metrics = Metrics(self._session)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections. The login stays good."""
        self._session.close()

    def whoami(self) -> Identity:
        """Who the client is to the server. Raises NotAuthenticated."""
        return self._session.call(get("/auth/me", Identity))

    def wait_all(
        self,
        jobs: Sequence[Job],
        *,
        timeout: float | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> list[JobRecord]:
        """The jobs as they ended, in their order, with few calls however many they are. `on_progress` is called after
        every look that showed something new. Raises WaitTimedOut after `timeout` seconds."""
        wanted = {job.id: None if job.record is None else job.record.workflow_id for job in jobs}
        ended = wait_for(self._work.watcher, wanted, pace=self._work.pace(), timeout=timeout, on_progress=on_progress)
        for job in jobs:
            job.record = ended[job.id]
        return [ended[job.id] for job in jobs]

    def events(self, *, since: int | None = None, types: Sequence[str] | None = None) -> Iterator[Event]:
        """Events of the tenant as they happen, until you stop: of these `types`, such as `job_completed`, or of all;
        after `since`, a `seq` seen earlier. A connection that drops is made again from the last event on.

        An event `resumed` is yielded when not everything since then is retained any more; its `data` says from where on
        it is.
        """
        return read_events(self._session, since, types)
