"""A login, and the renewal of its tokens."""

from collections.abc import Mapping
from typing import Any, Final

from casare._calls import Call, act, once
from casare._sync.session import TokenSource
from cli.client.problems import failure_of
from cli.client.transport import Transport
from cli.failures import AccessDenied, ServerUnavailable, not_logged_in
from cli.profiles import Profile, ProfileStore
from shared.kernel.clock import Clock

_SPENT_OR_REVOKED: Final = (400, 401)


class Session(TokenSource):
    """The login at one server.

    A refresh token can be used once: its second use revokes the whole login (clarifications 6). So a renewal happens
    under the profiles' lock, starts from what is stored then, and stores the new tokens before the lock is given back.
    A process that dies between the server's answer and that write has spent the token; a new login is then needed.
    """

    def __init__(self, store: ProfileStore, transport: Transport, clock: Clock, *, name: str = "") -> None:
        """`name`: of the profile; empty: it is called by the server's address."""
        self._store = store
        self.transport = transport
        self._clock = clock
        self._url = transport.url
        self.name = name or transport.url

    def token(self) -> str:
        """A token that is good for another minute, renewed where needed. Raises AccessDenied without a login."""
        profile = self._profile()
        if not profile.is_due(self._clock.now_ms()):
            return profile.access_token
        try:
            return self._renew(profile.access_token)
        except ServerUnavailable:
            if profile.access_expires_ms <= self._clock.now_ms():
                raise
            return profile.access_token

    def token_after(self, refused: str) -> str:
        """Another token than the one that the server has just `refused`. Raises AccessDenied when there is none."""
        return self._renew(refused)

    def give_way(self, username: str) -> None:
        """Stands for the address instead of for a profile that is called otherwise and is another user's."""
        kept = self._store.get(self.name)
        if kept is not None and kept.username != username:
            self.name = self._url

    def begin(self, username: str, password: str, *, tenant_id: str | None = None) -> None:
        """Log in, to `tenant_id` if there are several, and keep the tokens in place of those of an earlier login."""
        tenant = {} if tenant_id is None else {"tenant_id": tenant_id}
        body = {"username": username, "password": password, **tenant}
        nobody = Profile(self._url, username, "", "", 0, name=self._own_name())
        try:
            profile = self._exchange(once("/auth/login", dict, body), nobody)
        except AccessDenied as refusal:
            raise AccessDenied(str(refusal), advice="Check the user name and the password.") from refusal
        with self._store.locked():
            self._store.put(profile, make_current=True)

    def end(self) -> bool:
        """Log out; returns whether there was a login. The tokens are forgotten even when the server cannot be told.

        Raises ServerUnavailable then.
        """
        profile = self._store.get(self.name)
        if profile is None:
            return False
        try:
            response = self.transport.send(act("/auth/logout", dict), self.token())
            if not response.is_success and response.status_code != 401:
                raise failure_of(response, self._url)
        except AccessDenied:
            return True  # it had ended already
        finally:
            with self._store.locked():
                self._store.end(self.name)
        return True

    def _profile(self) -> Profile:
        profile = self._store.get(self.name)
        # Its tokens are for the server that gave them, whatever address a command names beside the profile.
        if profile is None or profile.url != self._url:
            raise not_logged_in(self._url, profile=self._own_name())
        return profile

    def _own_name(self) -> str:
        return "" if self.name == self._url else self.name

    def _renew(self, unwanted: str) -> str:
        with self._store.locked():
            profile = self._profile()
            if profile.access_token != unwanted:  # renewed by another process while this one waited for the lock
                return profile.access_token
            call = once("/auth/refresh", dict, {"refresh_token": profile.refresh_token})
            renewed = self._exchange(call, profile, ended=True)
            self._store.put(renewed)
            return renewed.access_token

    def _exchange(self, call: Call[Any], profile: Profile, *, ended: bool = False) -> Profile:
        """The login with the tokens that the call brings. With `ended`, a refusal ends it, and forgets it."""
        response = self.transport.send(call)
        if ended and response.status_code in _SPENT_OR_REVOKED:
            self._store.end(self.name)
            option = f" --profile {self._own_name()}" if self._own_name() else ""
            raise AccessDenied(f"The login at {self._url} has ended.", advice=f"Run: casare login{option}")
        if not response.is_success:
            raise failure_of(response, self._url)
        try:
            return self._renewed(profile, response.json())
        except (ValueError, TypeError, KeyError) as error:
            raise failure_of(response, self._url) from error

    def _renewed(self, profile: Profile, answer: Mapping[str, Any]) -> Profile:
        access, refresh, seconds = answer["access_token"], answer["refresh_token"], answer["expires_in"]
        if not isinstance(access, str) or not isinstance(refresh, str) or not isinstance(seconds, int):
            raise TypeError("tokens are text, and expire after whole seconds")
        return profile.renewed(access, refresh, self._clock.now_ms() + seconds * 1000)
