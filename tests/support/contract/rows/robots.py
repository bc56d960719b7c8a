"""Robots (contract, "Robot Endpoints")."""

from typing import Any, Final

from tests.support.contract.endpoint import Endpoint, Refusal, Values
from tests.support.contract.shapes import INTEGER, OBJECT, TEXT, TIME, one_of

NUL: Final = "a\x00b"
ROBOT: Final = {
    "robot_id": TEXT,
    "name": TEXT,
    "hostname": TEXT,
    "status": one_of("idle", "busy", "offline", "error", "maintenance"),
    "environment": TEXT,
    "max_concurrent_jobs": INTEGER,
    "capabilities": [TEXT],
    "tags": [TEXT],
    "current_job_ids": [TEXT],
    "last_seen": TIME,
    "last_heartbeat": TIME,
    "created_at": TIME,
    "metrics": OBJECT,
}
REGISTRATION: Final[dict[str, Any]] = {
    "robot_id": "{robot}",
    "name": "Production Robot 1",
    "hostname": "robot-server-01.example.com",
    "capabilities": ["browser", "desktop", "high_memory"],
    "environment": "{environment}",
    "max_concurrent_jobs": 50,
    "tags": ["invoice-processing", "high-priority"],
}
CONFIGURATION: Final = (
    Values("name", good=["x", "x" * 128], bad=["", "x" * 129, NUL, 7]),
    Values("hostname", good=["x" * 256], bad=["", "x" * 257, NUL, 7]),
    Values("capabilities", good=[[]], bad=["browser", ["x"] * 101, {"a": 1}]),
    Values("environment", good=["{environment}"], bad=["", "x" * 65, NUL, 7, "a b"]),
    Values("max_concurrent_jobs", good=[1, 100], bad=[0, 101, 1.5, "two"]),
    Values("tags", good=[["x" * 128]], bad=["urgent", ["x"] * 101, {"a": 1}]),
)
UNKNOWN: Final = Refusal(404, "ROBOT_NOT_FOUND", "there is no such robot", path="/robots/{unknown}")

ROBOTS: Final = (
    Endpoint(
        "POST",
        "/robots/register",
        "contract",
        "robot",
        30,
        {**ROBOT, "status": one_of("idle", "busy")},
        who="robot",
        body=REGISTRATION,
        fields=[
            Values("robot_id", bad=["", "x" * 65, NUL, 7, None, "a b", "../x", "-x", "ü"]),
            *CONFIGURATION,
        ],
        refusals=[
            Refusal(403, "FOREIGN_ROBOT", "the key is another's", body={**REGISTRATION, "robot_id": "{other_robot}"}),
            Refusal(400, "INVALID_INPUT", "nothing is given", body={}),
        ],
    ),
    Endpoint(
        "GET",
        "/robots",
        "contract",
        "viewer",
        100,
        {"robots": [ROBOT], "total": INTEGER},
        who="viewer",
        query={"environment": "{environment}"},
        parameters=[
            Values("status", good=["idle", "busy", "offline", "error", "maintenance"], bad=["asleep"]),
            Values("environment", good=["{environment}"], bad=["x" * 65]),
            Values("limit", good=[1, 500], bad=[0, 501, "x"]),
            Values("offset", good=[0, 1000], bad=[-1, "x"]),
        ],
    ),
    Endpoint("GET", "/robots/{robot}", "contract", "viewer", 200, ROBOT, who="viewer", refusals=[UNKNOWN]),
    Endpoint(
        "PUT",
        "/robots/{robot}",
        "contract",
        "operator",
        60,
        {**ROBOT, "name": "Updated Robot Name", "max_concurrent_jobs": 2, "tags": ["new-tag"]},
        who="operator",
        body={"name": "Updated Robot Name", "max_concurrent_jobs": 2, "tags": ["new-tag"]},
        fields=[Values(each.name, bad=each.bad) for each in CONFIGURATION],
        refusals=[UNKNOWN],
    ),
    Endpoint(
        "PUT",
        "/robots/{robot}/status",
        "contract",
        "robot or operator",
        120,
        {**ROBOT, "status": "maintenance"},
        who="robot",
        body={"status": "maintenance"},
        fields=[Values("status", bad=["asleep", "", 7, None])],
        refusals=[
            Refusal(404, "ROBOT_NOT_FOUND", "there is no such robot", who="operator", path="/robots/{unknown}/status"),
            Refusal(403, "FOREIGN_ROBOT", "the key is another's", path="/robots/{other_robot}/status"),
        ],
    ),
    Endpoint(
        "POST",
        "/robots/{robot}/commands",
        "beyond",
        "operator",
        60,
        {"robot_id": TEXT, "command": "resume", "status": one_of("idle", "busy", "offline")},
        who="operator",
        body={"command": "resume"},
        fields=[Values("command", good=["pause", "drain", "resume"], bad=["stop", "", 7, None])],
        refusals=[Refusal(404, "ROBOT_NOT_FOUND", "there is no such robot", path="/robots/{unknown}/commands")],
        note="The last command holds; the robot hears of it at once or with its next heartbeat.",
    ),
    Endpoint(
        "DELETE",
        "/robots/{robot}",
        "contract",
        "admin",
        30,
        {"deleted": True, "robot_id": TEXT},
        who="admin",
        refusals=[UNKNOWN],
        once=True,
        note="Its jobs return to the queue, its keys are revoked.",
    ),
    Endpoint(
        "POST",
        "/robots/{robot}/heartbeat",
        "contract",
        "robot",
        600,
        {"ok": True, "timestamp": TIME},
        who="robot",
        body={"cpu_percent": 45.2, "memory_mb": 1024.5, "disk_free_gb": 50.0, "active_jobs": 2},
        fields=[
            Values("cpu_percent", good=[0, 100, None], bad=[-1, "warm", [1]]),
            Values("memory_mb", good=[0, None], bad=[-1, "much"]),
            Values("disk_free_gb", good=[0, None], bad=[-1]),
            Values("active_jobs", good=[0, None], bad=[-1, 1.5]),
        ],
        refusals=[
            Refusal(
                404, "ROBOT_NOT_FOUND", "it is not registered", who="enrolment", path="/robots/{unknown}/heartbeat"
            ),
            Refusal(403, "FOREIGN_ROBOT", "the key is another's", path="/robots/{other_robot}/heartbeat"),
        ],
    ),
)
