"""The auth service's timed duties."""

from typing import Final

from services.auth.use_cases.forget_deleted_users import ForgetDeletedUsers
from services.auth.use_cases.forget_expired_sessions import ForgetExpiredSessions
from services.auth.use_cases.record_key_use import RecordKeyUse
from services.auth.use_cases.remove_old_audit import RemoveOldAudit
from services.auth.use_cases.seal_audit import SealAudit
from shared.web.idempotency import IdempotentResponses
from shared.web.periodic import Duty

FORGET_EVERY_SECONDS: Final = 3600.0
SEAL_EVERY_SECONDS: Final = 1.0
REMOVE_OLD_EVERY_SECONDS: Final = 60.0


def duties(
    forget: ForgetExpiredSessions,
    forget_users: ForgetDeletedUsers,
    record_use: RecordKeyUse,
    idempotent: IdempotentResponses,
    *,
    flush_seconds: float,
) -> list[Duty]:
    """Deletion of what is over, and the writing of keys' last use."""
    return [
        Duty("forget_expired_sessions", FORGET_EVERY_SECONDS, forget),
        Duty("forget_deleted_users", FORGET_EVERY_SECONDS, forget_users),
        Duty("purge_idempotency_keys", FORGET_EVERY_SECONDS, idempotent.purge),
        Duty("flush_key_use", flush_seconds, record_use.flush),
    ]


def audit_duties(seal: SealAudit, remove_old: RemoveOldAudit) -> list[Duty]:
    """The audit's: new entries into blocks, old blocks away."""
    return [
        Duty("seal_audit", SEAL_EVERY_SECONDS, seal),
        Duty("remove_old_audit", REMOVE_OLD_EVERY_SECONDS, remove_old),
    ]
