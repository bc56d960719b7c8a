"""Counts of failed logins in the memory of the only process there is."""

from dataclasses import dataclass, field
from typing import Final

from services.auth.domain.lockout import BUSY_RETRY_MS, Admission, Attempt, LockoutPolicy, Verdict
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable

MAX_REMEMBERED: Final = 50_000
"""Accounts and addresses. When all of them are recent, logins are refused: forgetting one would open it to guessing."""

Key = tuple[str, str]


@dataclass(slots=True)
class _Record:
    touched_ms: int
    locked_until_ms: int = 0
    attempts: dict[str, int] = field(default_factory=dict)
    """Attempts with a place, undecided or failed: id → when."""
    failed: set[str] = field(default_factory=set)


class MemoryFailedLogins:
    """`FailedLogins` for one process. Rules as in the scripts of `RedisFailedLogins`."""

    def __init__(self, policy: LockoutPolicy, clock: Clock, *, max_remembered: int = MAX_REMEMBERED) -> None:
        self._policy = policy
        self._clock = clock
        self._max_remembered = max_remembered
        self._records: dict[Key, _Record] = {}

    def __len__(self) -> int:
        """How many accounts and addresses are remembered."""
        return len(self._records)

    async def reserve(self, attempt: Attempt) -> Admission:
        now_ms = self._clock.now_ms()
        self._forget_old(now_ms)
        account_key, address_key = _keys(attempt)
        address = self._recent(address_key, now_ms)
        if address.locked_until_ms > now_ms:
            return Admission(Verdict.REFUSED, address.locked_until_ms - now_ms)
        if self._is_full(address, attempt):
            return Admission(Verdict.REFUSED, BUSY_RETRY_MS)
        # Only now: a locked address must not fill the memory with made-up names.
        account = self._recent(account_key, now_ms)
        if account.locked_until_ms > now_ms:
            address.attempts[attempt.id] = now_ms
            return Admission(Verdict.ACCOUNT_LOCKED, account.locked_until_ms - now_ms)
        if self._is_full(account, attempt):
            return Admission(Verdict.REFUSED, BUSY_RETRY_MS)
        account.attempts[attempt.id] = address.attempts[attempt.id] = now_ms
        return Admission(Verdict.GRANTED)

    async def fail(self, attempt: Attempt) -> None:
        now_ms = self._clock.now_ms()
        for key in _keys(attempt):
            record = self._records.get(key)
            if record is not None and attempt.id in record.attempts:
                self._count_failure(record, attempt.id, now_ms)

    async def forgive(self, attempt: Attempt) -> None:
        for key in _keys(attempt):
            record = self._records.get(key)
            if record is not None:
                record.attempts.pop(attempt.id, None)

    def _count_failure(self, record: _Record, attempt_id: str, now_ms: int) -> None:
        record.attempts[attempt_id] = now_ms
        record.failed.add(attempt_id)
        if len(record.failed) >= self._policy.max_failures:
            record.locked_until_ms = now_ms + self._policy.lock_ms
            record.attempts.clear()
            record.failed.clear()

    def _is_full(self, record: _Record, attempt: Attempt) -> bool:
        return attempt.id not in record.attempts and len(record.attempts) >= self._policy.max_failures

    def _recent(self, key: Key, now_ms: int) -> _Record:
        """The record of `key` without what is out of the window, as the one touched last."""
        record = self._records.pop(key, None) or _Record(now_ms)
        if len(self._records) >= self._max_remembered:
            raise Unavailable("Too many logins are being watched. Try again later.")
        self._records[key] = record
        record.touched_ms = now_ms
        out_of_window = [id_ for id_, at_ms in record.attempts.items() if at_ms <= now_ms - self._policy.window_ms]
        for attempt_id in out_of_window:
            del record.attempts[attempt_id]
            record.failed.discard(attempt_id)
        return record

    def _forget_old(self, now_ms: int) -> None:
        """Drop what no longer matters; records stand in the order of their last touch."""
        kept_ms = self._policy.window_ms + self._policy.lock_ms
        while self._records:
            key, record = next(iter(self._records.items()))
            if record.touched_ms >= now_ms - kept_ms:
                return
            del self._records[key]


def _keys(attempt: Attempt) -> tuple[Key, Key]:
    return ("account", attempt.account), ("address", attempt.address)
