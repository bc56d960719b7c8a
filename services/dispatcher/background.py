"""The dispatcher's timed duties. Each is safe to run in every replica at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.dispatcher.settings import DispatcherSettings
from services.dispatcher.use_cases.expire_leases import ExpireLeases
from services.dispatcher.use_cases.forget_deleted_robots import ForgetDeletedRobots
from services.dispatcher.use_cases.free_lost_slots import FreeLostSlots
from services.dispatcher.use_cases.mark_offline_robots import MarkOfflineRobots
from services.dispatcher.use_cases.promote_due_jobs import PromoteDueJobs
from services.dispatcher.use_cases.refill_candidates import RefillCandidates
from services.dispatcher.use_cases.remove_old_jobs import RemoveOldJobs
from services.dispatcher.use_cases.remove_old_logs import RemoveOldLogs
from shared.web.idempotency import IdempotentResponses
from shared.web.periodic import Duty

REMOVE_EVERY_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Timers:
    """The use cases that run by the clock."""

    expire_leases: ExpireLeases
    promote_due_jobs: PromoteDueJobs
    refill_candidates: RefillCandidates
    free_lost_slots: FreeLostSlots
    mark_offline_robots: MarkOfflineRobots
    remove_old_jobs: RemoveOldJobs
    idempotent: IdempotentResponses
    forget_deleted_robots: ForgetDeletedRobots
    remove_old_logs: RemoveOldLogs


def duties(timers: Timers, settings: DispatcherSettings) -> Sequence[Duty]:
    """One duty per timer, named for what it does."""

    async def refill() -> None:
        await timers.refill_candidates()
        await timers.refill_candidates.wait_asked(settings.refill_seconds)

    return (
        Duty("refill-candidates", min(0.05, settings.refill_seconds), refill),
        Duty("expire-leases", settings.lease_check_seconds, timers.expire_leases),
        Duty("promote-due-jobs", settings.lease_check_seconds, timers.promote_due_jobs),
        Duty("free-lost-slots", settings.slot_check_seconds, timers.free_lost_slots),
        Duty("mark-offline-robots", settings.offline_check_seconds, timers.mark_offline_robots),
        Duty("remove-old-jobs", REMOVE_EVERY_SECONDS, timers.remove_old_jobs),
        Duty("purge-idempotency-keys", REMOVE_EVERY_SECONDS, timers.idempotent.purge),
        Duty("forget-deleted-robots", REMOVE_EVERY_SECONDS, timers.forget_deleted_robots),
        Duty("remove-old-logs", REMOVE_EVERY_SECONDS, timers.remove_old_logs),
    )
