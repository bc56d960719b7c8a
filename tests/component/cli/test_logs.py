"""`casare job logs --follow` when the server is away, and when nobody reads."""

import signal
import subprocess
from typing import Any

from starlette.responses import JSONResponse

from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import JOB_ID, FakeApi, job, problem
from tests.support.eventually import wait_until

LOGS = f"/jobs/{JOB_ID}/logs"


def page(first: int, count: int, *, more: bool = False) -> JSONResponse:
    lines = [
        {"seq": first + n, "timestamp": "2026-11-20T10:00:00Z", "level": "info", "message": f"line {first + n}"}
        for n in range(count)
    ]
    cursor = f"after-{first + count}"
    return JSONResponse({"logs": lines, "next_cursor": cursor if more else None, "resume_cursor": cursor})


def empty() -> dict[str, Any]:
    return {"logs": [], "next_cursor": None, "resume_cursor": "end"}


def test_a_log_goes_on_after_an_outage_without_losing_or_repeating_lines(logged_in: Casare, api: FakeApi) -> None:
    api.states = [job("running"), job("running"), job("completed")]
    away = [problem(503, "No store.", headers={"Retry-After": "0"})] * 4
    api.failing[LOGS] = [page(1, 2, more=True), page(3, 1), *away, page(4, 1)]
    api.answers[LOGS] = empty()

    outcome = logged_in("job", "logs", JOB_ID, "--follow")

    assert outcome.exit_code == 0, outcome.output
    assert [line.rsplit(" ", 1)[-1] for line in outcome.stdout.splitlines()] == ["1", "2", "3", "4"]
    assert outcome.stderr.count("Trying again") == outcome.stderr.count("answers again") == 1
    assert outcome.stderr.endswith(f"Job {JOB_ID} is completed.\n")


def test_the_tail_of_a_log_survives_an_outage_while_it_is_read(logged_in: Casare, api: FakeApi) -> None:
    away = [problem(503, "No store.", headers={"Retry-After": "0"})] * 4
    api.failing[LOGS] = [page(1, 3, more=True), *away, page(4, 1)]
    api.answers[LOGS] = empty()

    outcome = logged_in("job", "logs", JOB_ID, "--follow", "--tail", "2")

    assert [line.rsplit(" ", 1)[-1] for line in outcome.stdout.splitlines()] == ["3", "4"]


def test_following_that_is_interrupted_ends_with_130_and_says_nothing(logged_in: Casare, api: FakeApi) -> None:
    api.states = [job("running")]
    api.answers[LOGS] = empty()
    process = logged_in.start("job", "logs", JOB_ID, "-f", name="logs")
    wait_until(lambda: len(api.asked("GET", LOGS)) > 1, timeout_seconds=20)

    process.send_signal(signal.SIGINT)

    assert process.wait(10) == 130
    assert "Traceback" not in process.output()


def test_a_reader_that_leaves_ends_the_command_quietly(logged_in: Casare, api: FakeApi) -> None:
    api.answers[LOGS] = {"logs": [], "next_cursor": None}
    api.failing[LOGS] = [page(1, 5_000)]
    with subprocess.Popen(
        logged_in.command("job", "logs", JOB_ID),
        env=logged_in.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().endswith(b"line 1\n")
        process.stdout.close()
        assert process.wait(20) == 141
        assert process.stderr.read() == b""
