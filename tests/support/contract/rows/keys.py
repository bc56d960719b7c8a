"""Robots' API keys (beyond.md, "Also needed"; clarifications 7)."""

from typing import Final

from tests.support.contract.endpoint import Endpoint, Refusal, Values
from tests.support.contract.shapes import INTEGER, OBJECT, TEXT, TIME, Maybe, one_of

NUL: Final = "a\x00b"
KEY: Final = {
    "id": TEXT,
    "robot_id": Maybe(TEXT),
    "key_name": TEXT,
    "status": one_of("active", "expired", "revoked"),
    "created_at": TIME,
    "expires_at": Maybe(TIME),
    "last_used_at": Maybe(TIME),
}


def _unknown(verb: str) -> Refusal:
    return Refusal(404, "API_KEY_NOT_FOUND", "there is no such key", path=f"/robot-api-keys/nobody{verb}")


KEYS: Final = (
    Endpoint(
        "POST",
        "/robot-api-keys",
        "beyond",
        "admin",
        60,
        {"api_key": TEXT, "key": {**KEY, "status": "active"}},
        who="admin",
        body={"name": "Key of {mark}", "robot_id": "bound-{mark}", "description": "made by the contract"},
        fields=[
            Values("name", good=["x", "x" * 128], bad=["", "x" * 129, NUL, 7, None]),
            Values("robot_id", good=["x" * 64, None], bad=["", "x" * 65, NUL, 7]),
            Values("description", good=[None], bad=["x" * 513, NUL, 7]),
            Values("expires_at", good=["{tomorrow}", None], bad=["tomorrow", "2099-01-01T00:00:00", {}]),
        ],
        refusals=[Refusal(400, "INVALID_INPUT", "nothing is given", body={})],
    ),
    Endpoint(
        "GET",
        "/robot-api-keys",
        "beyond",
        "admin",
        100,
        {"keys": [KEY], "total": INTEGER},
        who="admin",
        query={"robot_id": "{robot}"},
        parameters=[
            Values("limit", good=[1, 500], bad=[0, 501]),
            Values("offset", good=[0], bad=[-1]),
            Values("robot_id", good=["{robot}"], bad=["x" * 65]),
            Values("status", good=["active", "revoked"], bad=["lost"]),
        ],
    ),
    Endpoint("GET", "/robot-api-keys/{key}", "beyond", "admin", 200, KEY, who="admin", refusals=[_unknown("")]),
    Endpoint(
        "POST",
        "/robot-api-keys/{key}/rotate",
        "beyond",
        "admin",
        60,
        {"api_key": TEXT, "key": {**KEY, "status": "active"}, "previous": OBJECT},
        who="admin",
        body={"overlap_seconds": 3600},
        fields=[Values("overlap_seconds", bad=[-1, 604_801, "x"])],
        refusals=[_unknown("/rotate")],
        once=True,
    ),
    Endpoint(
        "POST",
        "/robot-api-keys/{key}/revoke",
        "beyond",
        "admin",
        60,
        {"key": {**KEY, "status": "revoked"}},
        who="admin",
        refusals=[_unknown("/revoke")],
    ),
)
