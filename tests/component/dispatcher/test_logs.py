"""Job logs: who may write, paging, search, repeats, the cap, retention."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.dispatcher.adapters.log_store import JOB_LOGS, MongoJobLogs
from services.dispatcher.domain.logs import FULL_MESSAGE
from services.dispatcher.use_cases.remove_old_logs import RemoveOldLogs
from shared.kernel.permissions import Role
from shared.storage import Collection, Receipt
from shared.web.idempotency import IDEMPOTENCY_KEYS
from tests.support.clock import ManualClock
from tests.support.dispatcher import Caller, Dispatcher, running_dispatcher
from tests.support.eventually import eventually

CAP = 100_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def dispatcher(store_url: str, database_name: str, clock: ManualClock) -> AsyncIterator[Dispatcher]:
    async with running_dispatcher(store_url, database_name, clock=clock, job_log_max_bytes=CAP) as dispatcher:
        yield dispatcher


async def held_job(dispatcher: Dispatcher, robot_id: str = "r1") -> tuple[Caller, str]:
    """A robot and the job it holds."""
    robot = await dispatcher.registered(robot_id)
    job = await dispatcher.submit()

    async def claim() -> bool:
        return (await robot.post("/jobs/claim", {"visibility_timeout_seconds": 600})).json() is not None

    await eventually(claim)
    return robot, job.job_id


def lines(*messages: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"level": "info", "message": message, **fields} for message in messages]


async def log_of(dispatcher: Dispatcher, job_id: str, **query: Any) -> dict[str, Any]:
    answer = await dispatcher.user(Role.VIEWER).get(f"/jobs/{job_id}/logs", **query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def walk(dispatcher: Dispatcher, job_id: str, **query: Any) -> list[str]:
    """The messages of all pages."""
    messages: list[str] = []
    page = await log_of(dispatcher, job_id, **query)
    while True:
        messages += [line["message"] for line in page["logs"]]
        if page["next_cursor"] is None:
            return messages
        page = await log_of(dispatcher, job_id, **query, cursor=page["next_cursor"])


async def test_what_a_robot_writes_is_read_back_in_order(dispatcher: Dispatcher) -> None:
    robot, job_id = await held_job(dispatcher)
    entries = [
        {"level": "INFO", "message": "one", "timestamp": "2026-01-01T13:00:00+02:00", "node_id": "n1", "thread": 7},
        {"level": "warn", "message": "t\u001b[1mwo", "timestamp": "2026-01-01T11:00:01"},
        {"message": ""},
    ]
    added = await robot.post(f"/jobs/{job_id}/logs", {"logs": entries, "lease_token": "not asked for"})
    assert added.json() == {"job_id": job_id, "accepted": 3, "dropped": 0, "truncated": False}
    assert (await robot.post(f"/jobs/{job_id}/logs", {"entries": lines("four")})).json()["accepted"] == 1
    assert await log_of(dispatcher, job_id) == {
        "job_id": job_id,
        "logs": [
            _line(1, "info", "one", "2026-01-01T11:00:00Z", node_id="n1"),
            _line(2, "warning", "t\ufffd[1mwo", "2026-01-01T11:00:01Z"),
            _line(3, "info", "", "2026-01-01T12:00:00Z"),
            _line(4, "info", "four", "2026-01-01T12:00:00Z"),
        ],
        "next_cursor": None,
        "resume_cursor": "bG9nOjU",
        "total": 4,
        "dropped": 0,
        "truncated": False,
    }


def _line(seq: int, level: str, message: str, timestamp: str, node_id: str | None = None) -> dict[str, Any]:
    said = {"seq": seq, "level": level, "message": message, "timestamp": timestamp, "node_id": node_id}
    return {**said, "robot_id": "r1", "attempt": 1}


async def test_only_the_robot_that_holds_or_held_the_job_may_write_and_users_who_operate(
    dispatcher: Dispatcher,
) -> None:
    robot, job_id = await held_job(dispatcher)
    other, enrolled = await dispatcher.registered("r2"), dispatcher.robot(None)
    path, body = f"/jobs/{job_id}/logs", {"logs": lines("x")}
    assert (await robot.post(f"/jobs/{job_id}/complete")).status_code == 200
    assert (await robot.post(path, body)).status_code == 200
    assert (await enrolled.post(path, {**body, "robot_id": "r1"})).status_code == 200
    assert (await dispatcher.user(Role.OPERATOR).post(path, body)).status_code == 200
    refusals = [
        (await other.post(path, body), 409, "JOB_NOT_HELD"),
        (await other.post(path, {**body, "robot_id": "r1"}), 403, "FOREIGN_ROBOT"),
        (await enrolled.post(path, body), 403, "FORBIDDEN"),
        (await enrolled.post(path, {**body, "robot_id": "r2"}), 409, "JOB_NOT_HELD"),
        (await dispatcher.user(Role.VIEWER).post(path, body), 403, "FORBIDDEN"),
        (await dispatcher.user(tenant="another").post(path, body), 404, "JOB_NOT_FOUND"),
        (await dispatcher.robot("r1", "another").post(path, body), 404, "JOB_NOT_FOUND"),
        (await robot.post("/jobs/unknown/logs", body), 404, "JOB_NOT_FOUND"),
        (await dispatcher.nobody().post(path, body), 401, "UNAUTHENTICATED"),
        (await robot.get(path), 403, "FORBIDDEN"),
        (await dispatcher.user(tenant="another").get(path), 404, "JOB_NOT_FOUND"),
        (await dispatcher.user().get("/jobs/unknown/logs"), 404, "JOB_NOT_FOUND"),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer, *_ in refusals] == [
        (status, code) for _, status, code in refusals
    ]
    writers = [line["robot_id"] for line in (await log_of(dispatcher, job_id))["logs"]]
    assert writers == ["r1", "r1", None]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"logs": []},
        {"logs": lines("x") * 501},
        {"logs": "x"},
        {"logs": [{"level": "info"}]},
        {"logs": lines("x" * 8001)},
        {"logs": lines("x", level="loud")},
        {"logs": lines("x", level=3)},
        {"logs": lines("x", timestamp="yesterday")},
        {"logs": lines("x", timestamp="1969-12-31T23:59:59Z")},
        {"logs": lines("x", timestamp="9999-12-31T23:59:59Z")},
        {"logs": lines("x", node_id="n" * 256)},
        {"logs": lines("x"), "batch_id": ""},
        {"logs": lines("x"), "batch_id": "b" * 65},
        {"logs": lines("x"), "attempt": 0},
    ],
    ids=lambda body: str(body)[:60],
)
async def test_lines_out_of_bounds_are_refused_and_nothing_is_stored(
    dispatcher: Dispatcher, body: dict[str, object]
) -> None:
    job_id = (await dispatcher.submit()).job_id
    answer = await dispatcher.user().post(f"/jobs/{job_id}/logs", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_INPUT"), answer.text
    assert (await log_of(dispatcher, job_id))["logs"] == []


async def test_lines_say_of_which_attempt_they_are(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot, job_id = await held_job(dispatcher)
    path = f"/jobs/{job_id}/logs"
    await robot.post(path, {"logs": lines("a")})
    await robot.post(f"/jobs/{job_id}/release")
    assert (await robot.post(path, {"logs": lines("b")})).status_code == 200

    async def claim() -> bool:
        return (await robot.post("/jobs/claim", {})).json() is not None

    await eventually(claim)
    for attempt in ({}, {"attempt": 1}, {"attempt": 7}):
        await robot.post(path, {"logs": lines("c"), **attempt})
    assert [line["attempt"] for line in (await log_of(dispatcher, job_id))["logs"]] == [1, 1, 2, 1, 2]


async def test_a_log_without_lines_is_empty_and_can_be_followed(dispatcher: Dispatcher) -> None:
    job_id, user = (await dispatcher.submit()).job_id, dispatcher.user()
    page = await log_of(dispatcher, job_id)
    assert (page["logs"], page["next_cursor"], page["total"], page["truncated"]) == ([], None, 0, False)
    assert (await log_of(dispatcher, job_id, order="desc"))["resume_cursor"] is None
    await user.post(f"/jobs/{job_id}/logs", {"logs": lines("a", "b")})
    page = await log_of(dispatcher, job_id, cursor=page["resume_cursor"])
    assert [line["message"] for line in page["logs"]] == ["a", "b"]
    await user.post(f"/jobs/{job_id}/logs", {"logs": lines("c")})
    page = await log_of(dispatcher, job_id, cursor=page["resume_cursor"])
    assert [line["message"] for line in page["logs"]] == ["c"]


async def test_pages_are_stable_while_lines_are_added(dispatcher: Dispatcher) -> None:
    job_id, user = (await dispatcher.submit()).job_id, dispatcher.user()
    for first in range(0, 12, 3):
        await user.post(f"/jobs/{job_id}/logs", {"logs": lines(*(str(n) for n in range(first, first + 3)))})
    pages, query = [], {"limit": 5, "order": "desc"}
    page = await log_of(dispatcher, job_id, **query)
    while True:
        pages.append([line["message"] for line in page["logs"]])
        await user.post(f"/jobs/{job_id}/logs", {"logs": lines("later")})
        if page["next_cursor"] is None:
            break
        page = await log_of(dispatcher, job_id, **query, cursor=page["next_cursor"])
    assert pages == [["11", "10", "9", "8", "7"], ["6", "5", "4", "3", "2"], ["1", "0"]]
    assert await walk(dispatcher, job_id, limit=5) == [*(str(n) for n in range(12)), *["later"] * 3]


async def test_a_log_is_searched_by_severity_text_and_node(dispatcher: Dispatcher) -> None:
    job_id, user = (await dispatcher.submit()).job_id, dispatcher.user()
    entries = [
        {"level": "debug", "message": "Opening INVOICE 1", "node_id": "a"},
        {"level": "error", "message": "Invoice 2 is broken", "node_id": "b"},
        {"level": "critical", "message": "Straße gesperrt", "node_id": "b"},
    ]
    await user.post(f"/jobs/{job_id}/logs", {"logs": entries})
    assert await walk(dispatcher, job_id, search="invoice") == ["Opening INVOICE 1", "Invoice 2 is broken"]
    assert await walk(dispatcher, job_id, search="STRASSE") == ["Straße gesperrt"]
    assert await walk(dispatcher, job_id, level="ERROR") == ["Invoice 2 is broken", "Straße gesperrt"]
    assert await walk(dispatcher, job_id, level="error", search="2", node_id="b") == ["Invoice 2 is broken"]
    assert await walk(dispatcher, job_id, node_id="b", order="desc", limit=1) == [
        "Straße gesperrt",
        "Invoice 2 is broken",
    ]
    assert await walk(dispatcher, job_id, search=".*") == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1001},
        {"cursor": "x"},
        {"cursor": "bG9nOjA"},
        {"cursor": "ü"},
        {"cursor": ""},
        {"level": "loud"},
        {"search": "x" * 201},
        {"order": "up"},
        {"node_id": "n" * 256},
    ],
    ids=str,
)
async def test_a_query_out_of_bounds_is_refused(dispatcher: Dispatcher, query: dict[str, Any]) -> None:
    job_id = (await dispatcher.submit()).job_id
    answer = await dispatcher.user().get(f"/jobs/{job_id}/logs", **query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, next(iter(query)))


async def test_a_search_goes_on_from_page_to_page_through_a_long_log(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.dispatcher.use_cases.read_job_logs.BATCHES_PER_READ", 3)
    monkeypatch.setattr("services.dispatcher.use_cases.read_job_logs.READS_PER_CALL", 2)
    job_id, user = (await dispatcher.submit()).job_id, dispatcher.user()
    for number in range(20):
        await user.post(f"/jobs/{job_id}/logs", {"logs": lines("needle" if number in (0, 9, 19) else "hay", "hay")})
    for order in ("asc", "desc"):
        first = await log_of(dispatcher, job_id, search="needle", order=order)
        assert len(first["logs"]) == 1
        assert first["next_cursor"] is not None
        assert await walk(dispatcher, job_id, search="needle", order=order) == ["needle"] * 3
        assert len(await walk(dispatcher, job_id, order=order, limit=7)) == 40


async def test_a_repeated_batch_is_stored_once(dispatcher: Dispatcher) -> None:
    robot, job_id = await held_job(dispatcher)
    body = {"logs": lines("a", "b"), "batch_id": "r1-1"}
    answers = await asyncio.gather(*(robot.post(f"/jobs/{job_id}/logs", body) for _ in range(8)))
    assert {(answer.status_code, answer.json()["accepted"]) for answer in answers} == {(200, 2)}
    await robot.post(f"/jobs/{job_id}/logs", {"logs": lines("c"), "batch_id": "r1-2"})
    assert (await robot.post(f"/jobs/{job_id}/logs", body)).json()["accepted"] == 2
    assert await walk(dispatcher, job_id) == ["a", "b", "c"]
    another = (await dispatcher.submit()).job_id
    assert (await dispatcher.user().post(f"/jobs/{another}/logs", body)).json()["accepted"] == 2


async def test_a_repeat_under_an_idempotency_key_adds_nothing(dispatcher: Dispatcher) -> None:
    robot, job_id = await held_job(dispatcher)
    key = {"Idempotency-Key": "first call"}
    for body in ({"logs": lines("a", "b")}, {"logs": lines("c"), "batch_id": "r1-1"}):
        first = await robot.post(f"/jobs/{job_id}/logs", body, **key)
        again = await robot.post(f"/jobs/{job_id}/logs", body, **key)
        assert (first.status_code, again.json()) == (200, first.json())
        assert again.headers["Idempotent-Replayed"] == "true"
        key = {"Idempotency-Key": "second call"}
    other = await robot.post(f"/jobs/{job_id}/logs", {"logs": lines("d")}, **key)
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert await walk(dispatcher, job_id) == ["a", "b", "c"]


async def test_a_key_adds_the_lines_once_though_the_answer_was_not_kept(dispatcher: Dispatcher) -> None:
    robot, job_id = await held_job(dispatcher)
    body = {"logs": lines("a")}
    await robot.post(f"/jobs/{job_id}/logs", body, **{"Idempotency-Key": "k"})
    keys = Collection(dispatcher.runtime.store, IDEMPOTENCY_KEYS)
    # As after a crash between the work and the record of its outcome.
    [kept] = await keys.find({})
    assert await keys.update(
        {"_id": kept["_id"]}, {"$set": {"answer": None, "started_ms": 0}}, Receipt("started_ms", 0)
    )
    again = await robot.post(f"/jobs/{job_id}/logs", body, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["accepted"]) == (200, 1)
    assert await walk(dispatcher, job_id) == ["a"]


async def test_lines_written_at_once_through_two_dispatchers_are_all_kept_once_each(
    store_url: str, database_name: str
) -> None:
    async with (
        running_dispatcher(store_url, database_name) as one,
        running_dispatcher(store_url, database_name) as two,
    ):
        job_id = (await one.submit()).job_id
        writers = [(one, two)[number % 2].user() for number in range(12)]
        bodies = [{"logs": lines(f"{number}a", f"{number}b"), "batch_id": str(number)} for number in range(6)] * 2
        posts = (writer.post(f"/jobs/{job_id}/logs", body) for writer, body in zip(writers, bodies, strict=True))
        assert [answer.status_code for answer in await asyncio.gather(*posts)] == [200] * 12
        page = await log_of(one, job_id)
        assert [line["seq"] for line in page["logs"]] == list(range(1, 13))
        messages = [line["message"] for line in page["logs"]]
        assert sorted(messages[::2]) == [f"{number}a" for number in range(6)]
        assert all(first[0] == second[0] for first, second in zip(messages[::2], messages[1::2], strict=True))


async def test_beyond_the_cap_lines_are_counted_and_dropped_however_many_write(dispatcher: Dispatcher) -> None:
    job_id, user = (await dispatcher.submit()).job_id, dispatcher.user()
    body = {"logs": lines(*["x" * 8000] * 5)}
    answers = await asyncio.gather(*(user.post(f"/jobs/{job_id}/logs", body) for _ in range(4)))
    accepted = sum(answer.json()["accepted"] for answer in answers)
    assert accepted == CAP // 8_100
    assert sum(answer.json()["dropped"] for answer in answers) == 20 - accepted
    more = (await user.post(f"/jobs/{job_id}/logs", {"logs": lines("short")})).json()
    assert (more["accepted"], more["dropped"], more["truncated"]) == (0, 1, True)
    page = await log_of(dispatcher, job_id)
    assert (page["truncated"], page["dropped"], page["total"]) == (True, 21 - accepted, accepted + 1)
    assert page["logs"][-1]["message"] == FULL_MESSAGE


async def test_writing_to_a_log_leaves_the_job_as_it_is_and_causes_no_event(dispatcher: Dispatcher) -> None:
    robot, job_id = await held_job(dispatcher)
    before, n_events = await dispatcher.job(job_id), len(dispatcher.events)
    await robot.post(f"/jobs/{job_id}/logs", {"logs": lines("x")})
    assert await dispatcher.job(job_id) == before
    assert len(dispatcher.events) == n_events


async def test_logs_are_removed_when_their_time_is_over(
    dispatcher: Dispatcher, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.dispatcher.use_cases.remove_old_logs.SLICE", 2)
    job_id, user = (await dispatcher.submit()).job_id, dispatcher.user()
    for number in range(5):
        await user.post(f"/jobs/{job_id}/logs", {"logs": lines(f"old {number}")})
    clock.advance(seconds=3600)
    await user.post(f"/jobs/{job_id}/logs", {"logs": lines("new")})
    remove = RemoveOldLogs(MongoJobLogs(dispatcher.runtime.store), clock, 3_599_000)
    assert (await remove(), await remove()) == (5, 0)
    assert await walk(dispatcher, job_id) == await walk(dispatcher, job_id, order="desc") == ["new"]
    await user.post(f"/jobs/{job_id}/logs", {"logs": lines("newest")})
    assert [line["seq"] for line in (await log_of(dispatcher, job_id))["logs"]] == [6, 7]
    assert await dispatcher.runtime.store.count(JOB_LOGS, {}) == 2
