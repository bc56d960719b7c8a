"""The adapters of one service, and what its use cases share."""

from services.auth.adapters.argon2_passwords import Argon2Passwords
from services.auth.adapters.jwt_tokens import JwtTokens
from services.auth.adapters.memory_failed_logins import MemoryFailedLogins
from services.auth.adapters.mongo_api_keys import MongoApiKeys
from services.auth.adapters.mongo_audit import MongoAuditEntries
from services.auth.adapters.mongo_audit_chain import MongoAuditChain
from services.auth.adapters.mongo_sessions import MongoSessions
from services.auth.adapters.mongo_tenants import MongoTenants
from services.auth.adapters.mongo_users import MongoUsers
from services.auth.adapters.redis_failed_logins import RedisFailedLogins, lockout_client
from services.auth.adapters.signing_keys import SigningKeys
from services.auth.adapters.waiting_line import BoundedLine
from services.auth.bootstrap import Bootstrap
from services.auth.settings import AuthSettings
from services.auth.use_cases.authenticate import Authenticate
from services.auth.use_cases.end_sessions import EndSessions
from services.auth.use_cases.get_user import GetUser
from services.auth.use_cases.keep_an_admin import KeepAnAdmin
from services.auth.use_cases.record_key_use import RecordKeyUse
from services.auth.use_cases.remove_user import RemoveUser
from services.auth.use_cases.revoke_api_key import RevokeApiKey
from services.auth.use_cases.revoke_session import RevokeSession
from services.auth.use_cases.store_user_change import StoreUserChange
from shared.web.idempotency import IdempotentResponses
from shared.web.runtime import Runtime


class Parts:
    """The adapters of one service, and what its use cases share."""

    def __init__(self, settings: AuthSettings, runtime: Runtime) -> None:
        self.settings = settings
        self.runtime = runtime
        self.keys = SigningKeys(settings.signing_seed, settings.previous_seed)
        self.tokens = JwtTokens(self.keys, issuer=settings.token_issuer, clock=runtime.clock, new_id=runtime.new_id)
        self.passwords = Argon2Passwords(
            memory_kib=settings.password_memory_kib,
            iterations=settings.password_iterations,
            parallelism=settings.password_parallelism,
            at_once=settings.password_hashes_at_once,
        )
        self.failed_logins = _failed_logins(settings, runtime)
        self.users = MongoUsers(runtime.store, runtime.relay)
        self.tenants = MongoTenants(runtime.store, runtime.relay)
        self.sessions = MongoSessions(runtime.store, runtime.relay)
        self.api_keys = MongoApiKeys(runtime.store, runtime.relay)
        self.revoke_api_key = RevokeApiKey(api_keys=self.api_keys, clock=runtime.clock, new_id=runtime.new_id)
        self.audit_entries = MongoAuditEntries(runtime.store)
        self.audit_chain = MongoAuditChain(runtime.store)
        self.record_use = RecordKeyUse(api_keys=self.api_keys)
        self.idempotent = IdempotentResponses(runtime.store, runtime.clock, runtime.new_id)
        self.bootstrap = Bootstrap(
            runtime.store,
            settings,
            users=self.users,
            tenants=self.tenants,
            passwords=self.passwords,
            clock=runtime.clock,
        )
        self.line = BoundedLine(at_once=settings.password_hashes_at_once, max_waiting=settings.logins_waiting)
        self.authenticate = Authenticate(
            users=self.users,
            tenants=self.tenants,
            failed_logins=self.failed_logins,
            passwords=self.passwords,
            line=self.line,
            new_id=runtime.new_id,
        )
        self.revoke_session = RevokeSession(sessions=self.sessions, clock=runtime.clock, new_id=runtime.new_id)
        self.end_sessions = EndSessions(sessions=self.sessions, revoke_session=self.revoke_session)
        self.store_user_change = StoreUserChange(
            users=self.users,
            keep_an_admin=KeepAnAdmin(users=self.users, tenants=self.tenants, clock=runtime.clock),
            end_sessions=self.end_sessions,
            clock=runtime.clock,
            new_id=runtime.new_id,
        )
        self.get_user = GetUser(users=self.users)
        self.remove_user = RemoveUser(get_user=self.get_user, store=self.store_user_change, clock=runtime.clock)


def _failed_logins(settings: AuthSettings, runtime: Runtime) -> RedisFailedLogins | MemoryFailedLogins:
    """Redis where an URL is given, else this process's memory."""
    url = settings.redis_url.get_secret_value()
    if url:
        return RedisFailedLogins(lockout_client(url), settings.lockout, prefix=settings.redis_prefix)
    return MemoryFailedLogins(settings.lockout, runtime.clock)
