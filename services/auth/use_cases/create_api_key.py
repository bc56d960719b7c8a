"""Making a robot's API key."""

from dataclasses import dataclass

from services.auth.domain.api_key import FIRST_VERSION, ApiKey, key_id_of
from services.auth.ports import ApiKeys, KeySecrets
from shared.events import CloudEvent, wrap
from shared.events.auth import ApiKeyCreated
from shared.kernel.clock import Clock
from shared.kernel.errors import Invalid, Unavailable
from shared.kernel.identity import Identity
from shared.kernel.ids import NewId
from shared.web.credentials import hash_secret


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """What an administrator decides about a key."""

    name: str
    description: str | None = None
    robot_id: str | None = None
    environment: str | None = None
    expires_ms: int | None = None


class CreateApiKey:
    """Stores a key with the hash of its secret; `RevealApiKey` shows the secret to whoever created it.

    The secret follows from `origin`: fresh chance, or the Idempotency-Key by which the caller can repeat the creation
    (clarifications 15). So a repeat finishes what died anywhere, and nothing but a hash is ever stored.
    """

    def __init__(self, *, api_keys: ApiKeys, key_secrets: KeySecrets, clock: Clock, new_id: NewId) -> None:
        self._api_keys = api_keys
        self._key_secrets = key_secrets
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, *, caller: Identity, wanted: NewApiKey, creation_id: str, origin: str) -> ApiKey:
        """The new key, or the one this creation made before. Raises `Invalid` for an expiry that has passed."""
        key = self._key(caller, wanted, key_id_of(creation_id), origin)
        if await self._api_keys.add(key, self._event(key)):
            return key
        existing = await self._api_keys.get(caller.tenant_id, key.key_id)
        if existing is None or existing.secret_hash != key.secret_hash:
            raise Unavailable("The key's id is taken. Try again.")
        return existing

    def _key(self, caller: Identity, wanted: NewApiKey, key_id: str, origin: str) -> ApiKey:
        now_ms = self._clock.now_ms()
        if wanted.expires_ms is not None and wanted.expires_ms <= now_ms:
            raise Invalid.field("expires_at", "must be in the future")
        return ApiKey(
            key_id=key_id,
            tenant_id=caller.tenant_id,
            version=FIRST_VERSION,
            name=wanted.name,
            secret_hash=hash_secret(self._key_secrets.derive(caller.tenant_id, key_id, origin)),
            created_ms=now_ms,
            created_by=caller.subject,
            last_used_ms=0,
            description=wanted.description,
            robot_id=wanted.robot_id,
            environment=wanted.environment,
            expires_ms=wanted.expires_ms,
        )

    def _event(self, key: ApiKey) -> CloudEvent:
        return wrap(
            ApiKeyCreated(key_id=key.key_id, key_name=key.name, robot_id=key.robot_id),
            event_id=self._new_id(),
            subject=key.key_id,
            tenant_id=key.tenant_id,
            version=key.version,
            at_ms=key.created_ms,
        )
