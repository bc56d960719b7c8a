"""Processes of the product that are killed in the middle of something."""

import asyncio
from collections import Counter
from functools import partial
from typing import Final

import httpx
import pytest

from tests.support import workflows
from tests.support.api import CLOCKS_DIFFER, Json, at
from tests.support.eventually import eventually
from tests.support.system import System
from tests.support.tcp_proxy import TcpProxy, Way

pytestmark = pytest.mark.timeout(120)

SHORTEST_LEASE_SECONDS: Final = 5
ONE_ATTEMPT: Final = ("job_submitted", "job_claimed", "job_completed")
A_LOST_ATTEMPT: Final = ("job_claimed", "job_lease_expired")


async def test_a_dispatcher_killed_between_claim_and_answer_loses_no_job_and_doubles_none(breakable: System) -> None:
    async with TcpProxy(breakable.deployment.port) as network:
        cut_off = await breakable.robot("cut-off", base_url=f"http://127.0.0.1:{network.port}")
        submitted = await breakable.submit("Claimed for nobody", workflows.nothing())
        network.cut(Way.TO_CLIENT)
        claiming = asyncio.create_task(cut_off.claim(lease_seconds=SHORTEST_LEASE_SECONDS))
        lost = await breakable.job_in(submitted["job_id"], "claimed")
        await asyncio.to_thread(breakable.deployment.kill, "dispatcher")
        network.reset()
        with pytest.raises(httpx.TransportError):
            await claiming
        await network.heal()
        await asyncio.to_thread(breakable.deployment.start)

        other = await breakable.robot("other")
        job = await other.claim(wait_seconds=20)
        assert job is not None
        assert (job["job_id"], job["attempt"]) == (lost["job_id"], 2)
        assert at(job["claimed_at"]) > at(lost["lease_expires_at"]) - CLOCKS_DIFFER
        for body in ({"attempt": 1}, {}):
            late = await cut_off.request("POST", f"/jobs/{job['job_id']}/complete", json=body)
            assert (late.status_code, late.json()["code"]) == (409, "JOB_NOT_HELD")
        await other.complete(job, {"by": "other"})

        finished = await breakable.admin.job(job["job_id"])
        assert (finished["status"], finished["attempt"], finished["robot_id"]) == ("completed", 2, other.robot_id)
        assert finished["result"] == {"by": "other"}
        await eventually(partial(_trail_is, breakable, finished, *ONE_ATTEMPT, *A_LOST_ATTEMPT), timeout_seconds=20)
        await _slot_is_free(breakable, cut_off.robot_id)


async def _trail_is(system: System, job: Json, *expected: str) -> None:
    assert await system.admin.trail(job["job_id"]) == Counter(expected)


async def _slot_is_free(system: System, robot_id: str) -> None:
    robot = await system.admin.call("GET", f"/robots/{robot_id}")
    assert (robot["status"], robot["current_job_ids"]) == ("idle", [])
