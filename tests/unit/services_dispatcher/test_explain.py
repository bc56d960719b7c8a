"""Why a job waits: examples, and agreement with matching."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatcher.domain.explain import Fleet, ReasonCode, explain
from services.dispatcher.domain.robot import Robot
from shared.jobs import Requirements
from shared.jobs.fleet import Condition
from tests.support.jobs import NOW_MS, a_held_job, a_job

OFFLINE_AFTER_MS = 90_000


def robot(robot_id: str = "r1", **fields: Any) -> Robot:
    plain: dict[str, Any] = {
        "document_id": f"default|{robot_id}", "tenant_id": "default", "robot_id": robot_id, "version": 1,
        "name": robot_id, "hostname": "h", "last_seen_ms": NOW_MS, "last_heartbeat_ms": NOW_MS, "created_ms": NOW_MS,
    }  # fmt: skip
    return Robot(**{**plain, **fields})


def codes(job_fields: dict[str, Any], *robots: Robot, queue_ahead: int = 0) -> list[str]:
    explanation = explain(a_job(**job_fields), Fleet(robots, NOW_MS, OFFLINE_AFTER_MS), queue_ahead)
    return [reason.code.value for reason in explanation.reasons]


NEEDY: Final = {"requirements": Requirements(capabilities=("sap",), tags=("fast",))}
NAMED: Final = {"requirements": Requirements(robot_id="r1")}
BUSY: Final[dict[str, Any]] = {"n_active": 1}
SILENT: Final[dict[str, Any]] = {"last_seen_ms": NOW_MS - OFFLINE_AFTER_MS - 1}


@pytest.mark.parametrize(
    ("job", "robots", "expected"),
    [
        ({}, [], ["NO_ROBOT_IN_ENVIRONMENT"]),
        ({}, [robot(environment="staging")], ["NO_ROBOT_IN_ENVIRONMENT"]),
        ({}, [robot(environment="lan")], ["READY"]),
        ({}, [robot()], ["READY"]),
        ({"waiting_until_ms": NOW_MS + 1}, [robot()], ["DELAYED_UNTIL"]),
        ({"waiting_until_ms": NOW_MS + 1}, [], ["DELAYED_UNTIL", "NO_ROBOT_IN_ENVIRONMENT"]),
        (NAMED, [robot("r2")], ["ROBOT_NOT_REGISTERED"]),
        (NAMED, [robot(environment="staging")], ["ROBOT_IN_OTHER_ENVIRONMENT"]),
        (NAMED, [robot(**BUSY), robot("r2")], ["ALL_BUSY"]),
        (NEEDY, [robot(tags=("fast",))], ["MISSING_CAPABILITY"]),
        (NEEDY, [robot(capabilities=("sap",))], ["MISSING_TAG"]),
        (NEEDY, [robot(tags=("fast",)), robot("r2", capabilities=("sap",))], ["MISSING_CAPABILITY", "MISSING_TAG"]),
        ({}, [robot(**BUSY), robot("r2", **SILENT)], ["ALL_BUSY", "ROBOT_OFFLINE"]),
        ({}, [robot(condition=Condition.MAINTENANCE)], ["ALL_IN_MAINTENANCE"]),
        ({}, [robot(condition=Condition.MAINTENANCE), robot("r2", **BUSY)], ["ALL_BUSY"]),
        ({}, [robot(condition=Condition.ERROR)], ["ROBOT_IN_ERROR"]),
        ({}, [robot(condition=Condition.OFFLINE)], ["ROBOT_OFFLINE"]),
    ],
)
def test_each_cause_has_its_code(job: dict[str, Any], robots: list[Robot], expected: list[str]) -> None:
    assert codes(job, *robots) == expected


def test_jobs_ahead_are_a_reason_beside_others() -> None:
    assert codes({}, robot(), queue_ahead=2) == ["BEHIND_OTHERS"]
    assert codes({}, robot(**BUSY), queue_ahead=2) == ["ALL_BUSY", "BEHIND_OTHERS"]


def test_what_is_missing_is_counted_and_named() -> None:
    job = a_job(requirements=Requirements(capabilities=("a", "b")))
    fleet = Fleet([robot("r1", capabilities=("a",)), robot("r2"), robot("r3", environment="x")], NOW_MS, 1)
    (reason,) = explain(job, fleet, 0).reasons
    assert reason.missing == {"a": 1, "b": 2}
    assert [(lack.robot_id, lack.missing) for lack in reason.robots] == [("r1", ("b",)), ("r2", ("a", "b"))]


def test_a_held_and_an_ended_job_have_one_reason() -> None:
    fleet = Fleet([], NOW_MS, 1)
    assert [reason.code for reason in explain(a_held_job(), fleet, 0).reasons] == [ReasonCode.HELD]
    (reason,) = explain(a_job(status="failed", error_message="It broke."), fleet, 0).reasons
    assert reason.message == "It ended as failed: It broke."


LABELS = st.lists(st.sampled_from(["a", "b"]), unique=True).map(lambda labels: tuple(sorted(labels)))
ENVIRONMENTS = st.sampled_from(["default", "lan", "staging"])
NEEDS = st.builds(
    Requirements,
    environment=ENVIRONMENTS,
    capabilities=LABELS,
    tags=LABELS,
    robot_id=st.sampled_from([None, None, "r0", "r1", "r9"]),
)
ROBOTS = st.lists(
    st.fixed_dictionaries(
        {
            "environment": ENVIRONMENTS,
            "capabilities": LABELS,
            "tags": LABELS,
            "condition": st.sampled_from(Condition),
            "max_concurrent_jobs": st.integers(1, 2),
            "n_active": st.integers(0, 2),
            "last_seen_ms": st.sampled_from([NOW_MS, NOW_MS - OFFLINE_AFTER_MS - 1]),
        }
    ),
    max_size=4,
).map(lambda all_fields: [robot(f"r{number}", **fields) for number, fields in enumerate(all_fields)])


@given(NEEDS, ROBOTS, st.integers(0, 2))
def test_explanation_and_matching_agree(needs: Requirements, robots: list[Robot], queue_ahead: int) -> None:
    explanation = explain(a_job(requirements=needs), Fleet(robots, NOW_MS, OFFLINE_AFTER_MS), queue_ahead)
    matching = [one for one in robots if one.profile.can_run(needs)]
    willing = [one for one in matching if one.takes_jobs and one.last_seen_ms == NOW_MS]
    assert (explanation.robots.matching, explanation.robots.available) == (len(matching), len(willing))
    found = {reason.code for reason in explanation.reasons}
    assert found
    assert (ReasonCode.READY in found) == (bool(willing) and queue_ahead == 0)
    blocking = found - {ReasonCode.READY, ReasonCode.BEHIND_OTHERS}
    assert bool(blocking) == (not willing)
