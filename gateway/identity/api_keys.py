"""Robot API keys: auth says whether one is valid, and is believed for a few seconds."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog

from gateway.errors import CredentialInvalid, CredentialMalformed
from gateway.identity.caller import Caller
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.identity import Identity
from shared.web.credentials import ApiKeyProof, VerifiedApiKey, parse_api_key

REFUSAL_REMEMBERED_MS: Final = 1_000
USED_WHILE_AUTH_IS_DOWN_MS: Final = 30_000
"""A key that was valid lately is believed this much longer when auth cannot be asked, so that auth may restart."""
REMEMBERED_KEYS: Final = 10_000
CONCURRENT_QUESTIONS: Final = 32
"""Guessed keys must not crowd auth out."""

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What auth said about one key and secret; `caller` None: not valid."""

    caller: Caller | None
    fresh_until_ms: int
    expires_ms: int | None = None


class ApiKeys:
    """Verified API keys, remembered for `cache_ms`, refused once their revocation is heard of."""

    def __init__(
        self, verify: Callable[[ApiKeyProof], Awaitable[VerifiedApiKey | None]], clock: Clock, *, cache_ms: int
    ) -> None:
        self._ask = verify
        self._clock = clock
        self._cache_ms = cache_ms
        self._outcomes: dict[ApiKeyProof, _Outcome] = {}
        self._under_way: dict[ApiKeyProof, asyncio.Task[_Outcome]] = {}
        self._revoked: dict[str, None] = {}
        self._questions = asyncio.Semaphore(CONCURRENT_QUESTIONS)

    async def verify(self, text: str) -> Caller:
        """Who holds the key `text`. Raises the `Unauthenticated` that fits, or `Unavailable`."""
        proof = parse_api_key(text)
        if proof is None:
            raise CredentialMalformed("The API key is malformed.")
        outcome = self._outcomes.get(proof)
        now_ms = self._clock.now_ms()
        if outcome is None or outcome.fresh_until_ms <= now_ms:
            outcome = await self._refreshed(proof, outcome)
        expired = outcome.expires_ms is not None and outcome.expires_ms <= now_ms
        if outcome.caller is None or expired or proof.key_id in self._revoked:
            raise CredentialInvalid("The API key is not valid: unknown, expired or revoked.")
        return outcome.caller

    def revoke(self, key_ids: Collection[str]) -> None:
        """Refuse these keys from now on, also where a question about one is under way: none ever comes back."""
        for key_id in key_ids:
            _remember(self._revoked, key_id, None)

    def is_revoked(self, key_id: str) -> bool:
        """Whether this gateway has heard that the key was revoked."""
        return key_id in self._revoked

    async def _refreshed(self, proof: ApiKeyProof, stale: _Outcome | None) -> _Outcome:
        try:
            return await self._ask_once(proof)
        except Unavailable as error:
            if stale is None or stale.caller is None:
                raise
            if self._clock.now_ms() - stale.fresh_until_ms >= USED_WHILE_AUTH_IS_DOWN_MS:
                raise
            _log.warning("api_key_not_rechecked", key_id=proof.key_id, reason=error.detail)
            return stale

    async def _ask_once(self, proof: ApiKeyProof) -> _Outcome:
        """One question for all who ask at the same time; a caller that leaves does not end it for the others."""
        task = self._under_way.get(proof)
        if task is None:
            task = self._under_way[proof] = asyncio.create_task(self._question(proof))
            task.add_done_callback(lambda _: self._under_way.pop(proof, None))
        return await asyncio.shield(task)

    async def _question(self, proof: ApiKeyProof) -> _Outcome:
        async with self._questions:
            verified = await self._ask(proof)
        outcome = self._outcome_of(verified)
        _remember(self._outcomes, proof, outcome)
        return outcome

    def _outcome_of(self, verified: VerifiedApiKey | None) -> _Outcome:
        now_ms = self._clock.now_ms()
        if verified is None:
            return _Outcome(None, now_ms + REFUSAL_REMEMBERED_MS)
        return _Outcome(
            Caller.of(_identity_of(verified), verified.expires_ms), now_ms + self._cache_ms, verified.expires_ms
        )


def _identity_of(key: VerifiedApiKey) -> Identity:
    return Identity(
        kind="robot",
        subject=key.key_id,
        tenant_id=key.tenant_id,
        robot_id=key.robot_id,
        environment=key.environment,
    )


def _remember(memory: dict[KeyT, ValueT], key: KeyT, value: ValueT) -> None:
    memory.pop(key, None)
    if len(memory) >= REMEMBERED_KEYS:
        del memory[next(iter(memory))]
    memory[key] = value
