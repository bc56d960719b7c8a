"""Access tokens: found, kept fresh, and renewed by one at a time."""

import time
from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from casare._async.exchange import AsyncExchange
from casare._async.session import AsyncTokenSource
from casare._async.timing import Lock, sleep, to_its_end
from casare._calls import fields, once
from casare._file_lock import take
from casare._login_file import LOCK_POLL_SECONDS, LOCK_SECONDS, LoginFile, StoredLogin
from casare._settings import Credential, Password, Token
from casare.errors import ApiError, ConfigurationProblem, ConnectionFailed, InvalidInput, NotAuthenticated
from casare.models.base import Model


class Tokens(Model, frozen=True, kw_only=True):
    """What a login or a renewal brings."""

    access_token: str
    refresh_token: str
    expires_in: int

    def __repr__(self) -> str:
        return "Tokens(<hidden>)"


class AsyncFixedToken(AsyncTokenSource):
    """One token or key, for as long as it lasts."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        return self._token

    async def token_after(self, refused: str) -> str | None:  # noqa: ARG002 (there is no other)
        return None


class AsyncRenewedTokens(AsyncTokenSource):
    """Tokens of a login. Calls that find them due at the same time wait for one renewal.

    Once begun, a renewal is brought to its end, whoever is cancelled meanwhile: its refresh token is spent, and using
    it a second time would end the login.
    """

    def __init__(self, exchange: AsyncExchange) -> None:
        self._exchange = exchange
        self._turn = Lock()

    async def token(self) -> str:
        login = self._current()
        if login is not None and not login.is_due(_now_ms()):
            return login.access_token
        return await to_its_end(self._token())

    async def token_after(self, refused: str) -> str | None:
        return await to_its_end(self._token_after(refused))

    async def finish(self) -> None:
        async with self._turn:
            return

    async def _token(self) -> str:
        async with self._turn:
            login = self._current()
            if login is not None and not login.is_due(_now_ms()):
                return login.access_token
            try:
                return (await self._renew(login)).access_token
            except (ApiError, ConnectionFailed):
                # It may still be good for the minute that it has left.
                if login is None or login.access_expires_ms <= _now_ms():
                    raise
                return login.access_token

    async def _token_after(self, refused: str) -> str:
        async with self._turn:
            login = self._current()
            if login is not None and login.access_token != refused:
                return login.access_token
            return (await self._renew(login)).access_token

    @abstractmethod
    def _current(self) -> StoredLogin | None: ...

    @abstractmethod
    async def _renew(self, login: StoredLogin | None) -> StoredLogin: ...

    async def _refreshed(self, login: StoredLogin) -> StoredLogin:
        """The login with new tokens; its refresh token is spent from now on. Raises ApiError."""
        call = once("/auth/refresh", Tokens, {"refresh_token": login.refresh_token})
        return _renewed(login, await self._exchange.call(call))


class AsyncPasswordTokens(AsyncRenewedTokens):
    """Logs in with the first call, and again when a refresh token is not taken any more."""

    def __init__(self, exchange: AsyncExchange, password: Password) -> None:
        super().__init__(exchange)
        self._password = password
        self._login: StoredLogin | None = None

    def _current(self) -> StoredLogin | None:
        return self._login

    async def _renew(self, login: StoredLogin | None) -> StoredLogin:
        if login is not None:
            try:
                self._login = await self._refreshed(login)
            except (NotAuthenticated, InvalidInput):
                self._login = None
            else:
                return self._login
        given = self._password
        body = fields(username=given.username, password=given.password, tenant_id=given.tenant_id)
        tokens = await self._exchange.call(once("/auth/login", Tokens, body))
        self._login = _renewed(StoredLogin(self._exchange.url, given.username, "", "", 0), tokens)
        return self._login


class AsyncStoredTokens(AsyncRenewedTokens):
    """The login that `casare login` stored, shared with the command and with other clients."""

    def __init__(self, exchange: AsyncExchange, file: LoginFile, name: str) -> None:
        super().__init__(exchange)
        self._file = file
        self._name = name

    def _current(self) -> StoredLogin | None:
        login = self._file.get(self._name)
        if login is None or login.url != self._exchange.url:
            raise ConfigurationProblem(f"Not logged in at {self._exchange.url}. Run: casare login")
        return login

    async def _renew(self, login: StoredLogin | None) -> StoredLogin:
        async with self._locked():
            current = self._current()
            assert current is not None
            if login is not None and current.access_token != login.access_token:
                return current  # renewed by another process while this one waited for the lock
            renewed = await self._refreshed(current)
            self._file.put(renewed)
            return renewed

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        deadline = time.monotonic() + LOCK_SECONDS
        with self._file.open_lock() as lock:
            while not take(lock):
                if time.monotonic() > deadline:
                    raise ConnectionFailed("Another process has been renewing the login for a minute. Try again later.")
                await sleep(LOCK_POLL_SECONDS)
            yield


def async_token_source(credential: Credential, exchange: AsyncExchange) -> AsyncTokenSource:
    """The source for what the client was given."""
    if isinstance(credential, Token):
        return AsyncFixedToken(credential.value)
    if isinstance(credential, Password):
        return AsyncPasswordTokens(exchange, credential)
    return AsyncStoredTokens(exchange, credential.file, credential.name)


def _renewed(login: StoredLogin, tokens: Tokens) -> StoredLogin:
    return login.renewed(tokens.access_token, tokens.refresh_token, _now_ms() + tokens.expires_in * 1000)


def _now_ms() -> int:
    return int(time.time() * 1000)
