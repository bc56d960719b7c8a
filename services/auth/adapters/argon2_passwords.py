"""argon2id, off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

ResultT = TypeVar("ResultT")


class Argon2Passwords:
    """`Passwords` with the costs of the settings, `at_once` hashes at a time: each takes its memory and a core.

    What stands for a missing user's hash is made once, at the same cost.
    """

    def __init__(self, *, memory_kib: int, iterations: int, parallelism: int, at_once: int) -> None:
        self._hasher = PasswordHasher(time_cost=iterations, memory_cost=memory_kib, parallelism=parallelism)
        self._threads = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="argon2")
        self._nobody = self._hasher.hash("nobody")

    async def hash(self, password: str) -> str:
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        is_right = await self._in_thread(lambda: self._matches(password_hash or self._nobody, password))
        return is_right and bool(password_hash)

    def close(self) -> None:
        """End the threads; hashes under way finish first."""
        self._threads.shutdown(cancel_futures=True)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerifyMismatchError:
            return False

    async def _in_thread(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
