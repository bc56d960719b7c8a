"""What must be there before anybody can log in: indexes, the tenant `default`, and a first administrator."""

import asyncio
from typing import Final

import structlog

from services.auth.adapters.mongo_api_keys import API_KEY_INDEXES, API_KEYS
from services.auth.adapters.mongo_audit import AUDIT_ENTRIES, AUDIT_ENTRY_INDEXES
from services.auth.adapters.mongo_audit_chain import AUDIT_BLOCK_INDEXES, AUDIT_BLOCKS
from services.auth.adapters.mongo_sessions import SESSION_INDEXES, SESSIONS
from services.auth.adapters.mongo_tenants import TENANT_INDEXES, TENANTS
from services.auth.adapters.mongo_users import USER_INDEXES, USERS
from services.auth.domain.tenant import FIRST_VERSION, Tenant
from services.auth.ports import Passwords, Tenants, Users
from services.auth.settings import AuthSettings
from services.auth.use_cases.create_first_admin import FIRST_ADMIN, CreateFirstAdmin, FirstAdmin
from shared.config import Environment
from shared.kernel.clock import Clock
from shared.kernel.errors import CasareError, Unavailable
from shared.kernel.identity import DEFAULT_TENANT
from shared.storage import Store
from shared.web.idempotency import IDEMPOTENCY_INDEXES, IDEMPOTENCY_KEYS

FIRST_PAUSE_SECONDS: Final = 0.25
LONGEST_PAUSE_SECONDS: Final = 5.0

INDEXES: Final = {
    SESSIONS: SESSION_INDEXES,
    API_KEYS: API_KEY_INDEXES,
    USERS: USER_INDEXES,
    TENANTS: TENANT_INDEXES,
    AUDIT_ENTRIES: AUDIT_ENTRY_INDEXES,
    AUDIT_BLOCKS: AUDIT_BLOCK_INDEXES,
    IDEMPOTENCY_KEYS: IDEMPOTENCY_INDEXES,
}
"""Of each collection."""

DEFAULT_TENANT_NAME: Final = "Default"
SYSTEM: Final = "system"

_NO_PASSWORD: Final = "There is no user yet: set CASARE_ADMIN_PASSWORD (or CASARE_ADMIN_PASSWORD_FILE) and start again."  # noqa: S105 - a message

_log: Final = structlog.get_logger(__name__)


class NoFirstAdmin(CasareError):
    """Nobody can log in, and nothing says with which password to create somebody who can."""

    def __init__(self) -> None:
        super().__init__(_NO_PASSWORD)


async def ensure_default_tenant(tenants: Tenants, clock: Clock) -> None:
    """Create the tenant of the installation's administrators where it is missing. Raises `Unavailable`."""
    tenant = Tenant(
        tenant_id=DEFAULT_TENANT,
        version=FIRST_VERSION,
        name=DEFAULT_TENANT_NAME,
        created_ms=clock.now_ms(),
        created_by=SYSTEM,
    )
    await tenants.add(tenant)


async def ensure_first_admin(users: Users, settings: AuthSettings, passwords: Passwords, clock: Clock) -> bool:
    """Create the user `admin` where nobody exists; returns whether this call did.

    Without a password, logs what to do; production raises `NoFirstAdmin`. Raises `Unavailable`.
    """
    create = CreateFirstAdmin(users=users, passwords=passwords, clock=clock)
    outcome = await create(password=settings.admin_password.get_secret_value())
    if outcome is FirstAdmin.CREATED:
        _log.info("first_admin_created", user_id=FIRST_ADMIN)
    if outcome is FirstAdmin.NO_PASSWORD:
        if settings.environment is Environment.PRODUCTION:
            raise NoFirstAdmin
        _log.warning("first_admin_missing", what_to_do=_NO_PASSWORD)
    return outcome is FirstAdmin.CREATED


class Bootstrap:
    """Prepares the store in the background, as long as it takes: the service starts before the store does.

    Replicas prepare it together; every step is harmless when another has done it.
    """

    def __init__(
        self,
        store: Store,
        settings: AuthSettings,
        *,
        users: Users,
        tenants: Tenants,
        passwords: Passwords,
        clock: Clock,
    ) -> None:
        self._store = store
        self._users = users
        self._tenants = tenants
        self._settings = settings
        self._passwords = passwords
        self._clock = clock
        self._problem: str | None = "The service is being prepared."

    async def check(self) -> None:
        """Return once prepared; raise `Unavailable`, saying what is in the way, until then."""
        if self._problem is not None:
            raise Unavailable(self._problem)

    async def run(self) -> None:
        """Try until it is done."""
        pause_seconds = FIRST_PAUSE_SECONDS
        while not await self._try():
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)

    async def _try(self) -> bool:
        try:
            await self._prepare()
        except CasareError as error:
            _log.error("auth_not_prepared", reason=error.detail)
            self._problem = error.detail
        except Exception:  # noqa: BLE001 - whatever it was, the next try may succeed and readiness tells meanwhile
            _log.exception("auth_not_prepared")
            self._problem = "The service could not be prepared; its log says why."
        else:
            self._problem = None
        return self._problem is None

    async def _prepare(self) -> None:
        for name, indexes in INDEXES.items():
            await self._store.ensure_indexes(name, indexes)
        await ensure_default_tenant(self._tenants, self._clock)
        await ensure_first_admin(self._users, self._settings, self._passwords, self._clock)
