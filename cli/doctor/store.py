"""Checks of the document store: does it answer, keep what it is told, and have what the services' queries need."""

import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from statistics import median
from typing import Any, Final

from pymongo.errors import OperationFailure, PyMongoError

from cli.doctor.findings import Check, Finding, State, without_credentials
from cli.doctor.opening import opened_store
from cli.doctor.surroundings import Surroundings
from cli.targets import SERVICES
from shared.kernel.errors import Unavailable
from shared.kernel.ids import new_id
from shared.storage import Index, Store

AREA: Final = "store"
N_PINGS: Final = 5
SLOW_MS: Final = 50
_UNREACHABLE: Final = "Start it, or correct CASARE_MONGODB_URL; a firewall may be in between."
_REFUSED: Final = (13, 18)
"""Error codes of the store: not authorised, authentication failed."""


def checks(around: Surroundings) -> list[Check]:
    """All of this area."""

    async def look() -> Sequence[Finding]:
        if not around.mongodb_url:
            what = "its installation is stopped" if around.folder.store.is_dir() else "there is no installation yet"
            return [Finding(AREA, "reach", State.SKIPPED, f"embedded, and {what}: `casare up` starts it")]
        return await _of(around)

    return [Check(AREA, "reach", look)]


async def _of(around: Surroundings) -> Sequence[Finding]:
    async with opened_store(around) as store:
        try:
            found = [await _ping(store)]
        except (Unavailable, PyMongoError) as error:
            return [_refusal(error)]
        for name, look in (("write", _write), ("indexes", _indexes), ("topology", _topology)):
            try:
                found.append(await look(store, around))
            except (Unavailable, PyMongoError) as error:
                found.append(_refusal(error, name))
        return found


def _refusal(error: Exception, name: str = "reach") -> Finding:
    cause = error.__cause__ if isinstance(error, Unavailable) and error.__cause__ else error
    if isinstance(cause, OperationFailure) and cause.code in _REFUSED:
        advice = "Correct user and password in CASARE_MONGODB_URL (authSource too), or grant readWrite on the database."
        return Finding(AREA, name, State.FAILED, "the store refuses this user or password", advice)
    reason = str(cause).split(", Timeout", maxsplit=1)[0].split(" (configured timeouts", maxsplit=1)[0]
    return Finding(AREA, name, State.FAILED, without_credentials(f"{type(cause).__name__}: {reason}"), _UNREACHABLE)


async def _ping(store: Store) -> Finding:
    await store.ping()  # connects
    times = []
    for _ in range(N_PINGS):
        sent = time.monotonic()
        await store.ping()
        times.append((time.monotonic() - sent) * 1000)
    if median(times) > SLOW_MS:
        advice = "Every job costs several round trips: bring the store nearer, or find out what keeps it busy."
        return Finding(AREA, "reach", State.WARNING, f"answers in {median(times):.1f} ms", advice)
    return Finding(AREA, "reach", State.OK, f"answers in {median(times):.1f} ms")


async def _write(store: Store, _: Surroundings) -> Finding:
    """A document of its own collection: written with the majority, read, deleted; nothing stays."""
    name = f"doctor_{new_id()}".replace("-", "_")
    collection = store.collection(name)
    try:
        await collection.insert_one({"_id": "probe", "value": 1})
        read: Any = await collection.find_one({"_id": "probe"})
        n_deleted = (await collection.delete_one({"_id": "probe"})).deleted_count
    finally:
        await collection.drop()
    if read is None or read.get("value") != 1 or n_deleted != 1:
        return Finding(AREA, "write", State.FAILED, "what was written is not read again", "Look at the store's log.")
    return Finding(AREA, "write", State.OK, "a probe was written, read and deleted")


async def _indexes(store: Store, _: Surroundings) -> Finding:
    existing = set(await store.database.list_collection_names())
    missing = []
    for name, wanted in declared_indexes().items():
        if name not in existing:
            missing += [f"{name}.{index.name}" for index in wanted]
            continue
        # Not by name: the embedded engine gives its own.
        there = {tuple(index["key"].items()) async for index in await store.collection(name).list_indexes()}
        missing += [f"{name}.{index.name}" for index in wanted if tuple(index.keys) not in there]
    if not missing:
        return Finding(AREA, "indexes", State.OK, "all there")
    if not existing:
        return Finding(AREA, "indexes", State.SKIPPED, "an empty database: the services make them when they start")
    shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
    advice = "Services make them at their start: start those that miss some, and look for ensure-indexes in their logs."
    return Finding(AREA, "indexes", State.WARNING, f"missing: {shown}", advice)


def declared_indexes() -> Mapping[str, Sequence[Index]]:
    """The indexes that the services want, by collection."""
    declared: dict[str, Sequence[Index]] = {}
    for service in SERVICES:
        for part in ("app", "bootstrap"):
            name = f"services.{service}.{part}"
            if find_spec(name) is not None:
                module = vars(import_module(name))
                declared |= module.get("INDEXES", module.get("_INDEXES", {}))
    return declared


async def _topology(store: Store, around: Surroundings) -> Finding:
    hello = await store.client.admin.command("hello")
    if hello.get("setName"):
        return _replica_set(hello)
    if around.has_own_store and around.running is not None:
        return Finding(AREA, "topology", State.OK, "embedded, in a process of `casare up`")
    if hello.get("msg") == "isdbgrid":
        return Finding(AREA, "topology", State.OK, "a sharded cluster")
    advice = "Fine for one machine; for more, use a replica set of three: one lost disk must not lose all jobs."
    return Finding(AREA, "topology", State.WARNING, "a single server, no replica set", advice)


def _replica_set(hello: Mapping[str, Any]) -> Finding:
    n_members = len(hello.get("hosts", ())) + len(hello.get("passives", ()))
    detail = f"replica set {hello['setName']}, {n_members} members that hold data"
    if not hello.get("primary"):
        return Finding(AREA, "topology", State.FAILED, f"{detail}, no primary", "Start members until most of them run.")
    if n_members < 3:
        advice = "With fewer than three members that hold data, one that is down stops every write."
        return Finding(AREA, "topology", State.WARNING, detail, advice)
    return Finding(AREA, "topology", State.OK, f"{detail}, primary {hello['primary']}")
