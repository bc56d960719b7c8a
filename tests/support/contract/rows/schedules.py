"""Schedules (contract, "Schedule Endpoints"; clarifications 17 and 18)."""

from typing import Any, Final

from tests.support.contract.endpoint import Endpoint, Refusal, Values
from tests.support.contract.shapes import FLAG, INTEGER, OBJECT, TEXT, TIME, UUID, Maybe, one_of

NUL: Final = "a\x00b"
SCHEDULE: Final = {
    "schedule_id": UUID,
    "workflow_id": UUID,
    "schedule_name": TEXT,
    "cron_expression": TEXT,
    "timezone": TEXT,
    "enabled": FLAG,
    "priority": INTEGER,
    "execution_mode": one_of("lan", "internet"),
    "misfire_policy": one_of("fire_once", "skip", "fire_all"),
    "overlap_policy": one_of("allow", "skip"),
    "metadata": OBJECT,
    "next_run": Maybe(TIME),
    "last_run": Maybe(TIME),
    "run_count": INTEGER,
    "failure_count": INTEGER,
    "created_at": TIME,
    "updated_at": TIME,
}
NEW: Final[dict[str, Any]] = {
    "workflow_id": "{workflow}",
    "schedule_name": "Daily Invoice Processing",
    "cron_expression": "0 9 * * 1-5",
    "enabled": True,
    "priority": 10,
    "execution_mode": "lan",
    "metadata": {"workflow_name": "Invoice Processing"},
}
CRONS: Final = (
    "0 9 * * *",
    "0 9 * * 1-5",
    "0 */2 * * *",
    "0 0 1 * *",
    "*/15 * * * *",
    "0 0 * * 7",
    "0 0 * JAN MON",
    "@hourly",
)
NO_CRONS: Final = ("", "soon", "* * * *", "* * * * * *", "60 * * * *", "@often", "0 0 30 2 *", NUL, "9" * 999)
OF_WORKFLOW: Final = Values("workflow_id", good=["{workflow}", "{unknown}"], bad=["1", "not-a-uuid"])


def _unknown(path: str) -> tuple[Refusal, ...]:
    return (
        Refusal(404, "SCHEDULE_NOT_FOUND", "there is no such schedule", path=path.format(schedule="{unknown}")),
        Refusal(400, "INVALID_INPUT", "the id is no UUID", path=path.format(schedule="not-a-uuid")),
    )


SCHEDULES: Final = (
    Endpoint(
        "POST",
        "/schedules",
        "contract",
        "developer",
        60,
        {**SCHEDULE, "enabled": True, "next_run": TIME, "last_run": None, "run_count": 0, "failure_count": 0},
        who="developer",
        body=NEW,
        fields=[
            Values("workflow_id", bad=["1", "not-a-uuid", 7, None]),
            Values("schedule_name", good=["x", "x" * 255], bad=["", "x" * 256, NUL, 7, None]),
            Values("cron_expression", good=CRONS, bad=NO_CRONS, code="INVALID_CRON"),
            Values("timezone", good=["UTC", "Europe/Berlin"], bad=["", "Mars/Olympus", NUL], code="INVALID_TIMEZONE"),
            Values("enabled", good=[True], bad=["yes", 1, None]),
            Values("priority", good=[0, 20], bad=[-1, 21, "10", 1.5, None]),
            Values("execution_mode", good=["lan", "internet"], bad=["moon", None]),
            Values("misfire_policy", good=["fire_once", "skip", "fire_all"], bad=["later", None]),
            Values("overlap_policy", good=["allow", "skip"], bad=["never", None]),
            Values("metadata", good=[{}, None], bad=[[], "text"]),
        ],
        refusals=[
            Refusal(404, "WORKFLOW_NOT_FOUND", "there is no such workflow", body={**NEW, "workflow_id": "{unknown}"}),
            Refusal(400, "INVALID_INPUT", "nothing is given", body={}),
        ],
    ),
    Endpoint(
        "GET",
        "/schedules",
        "contract",
        "viewer",
        100,
        [SCHEDULE],
        who="viewer",
        query={"workflow_id": "{workflow}"},
        parameters=[
            OF_WORKFLOW,
            Values("enabled", good=["true", "false"], bad=["perhaps"]),
            Values("limit", good=[1, 1000], bad=[0, 1001, "x"]),
        ],
    ),
    Endpoint(
        "GET",
        "/schedules/upcoming",
        "contract",
        "viewer",
        100,
        [
            {
                "schedule_id": UUID,
                "schedule_name": TEXT,
                "workflow_id": UUID,
                "workflow_name": TEXT,
                "next_run": TIME,
                "type": "cron",
                "status": "active",
            }
        ],
        who="viewer",
        query={"workflow_id": "{workflow}"},
        parameters=[OF_WORKFLOW, Values("limit", good=[1, 100], bad=[0, 101, "x"])],
    ),
    Endpoint(
        "GET",
        "/schedules/{schedule}",
        "contract",
        "viewer",
        200,
        SCHEDULE,
        who="viewer",
        refusals=_unknown("/schedules/{schedule}"),
    ),
    Endpoint(
        "PUT",
        "/schedules/{disabled_schedule}/enable",
        "contract",
        "operator",
        60,
        {**SCHEDULE, "enabled": True, "next_run": TIME},
        who="operator",
        refusals=_unknown("/schedules/{schedule}/enable"),
    ),
    Endpoint(
        "PUT",
        "/schedules/{schedule}/disable",
        "contract",
        "operator",
        60,
        {**SCHEDULE, "enabled": False, "next_run": None},
        who="operator",
        refusals=_unknown("/schedules/{schedule}/disable"),
    ),
    Endpoint(
        "PUT",
        "/schedules/{disabled_schedule}/trigger",
        "contract",
        "operator",
        60,
        {
            "status": "success",
            "message": TEXT,
            "job_id": TEXT,
            "triggered_via": one_of("apscheduler", "direct", "event"),
        },
        who="operator",
        refusals=_unknown("/schedules/{schedule}/trigger"),
    ),
    Endpoint(
        "DELETE",
        "/schedules/{schedule}",
        "contract",
        "developer",
        60,
        {"status": "success", "message": TEXT},
        who="developer",
        refusals=_unknown("/schedules/{schedule}"),
        once=True,
    ),
)
