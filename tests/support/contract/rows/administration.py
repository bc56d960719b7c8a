"""Users, tenants and the audit (beyond.md, "Also needed")."""

from typing import Final

from tests.support.contract.cast import PASSWORD
from tests.support.contract.endpoint import Endpoint, Refusal, Values
from tests.support.contract.shapes import FLAG, INTEGER, OBJECT, TEXT, TIME, Maybe, one_of

NUL: Final = "a\x00b"
ROLE: Final = one_of("viewer", "operator", "developer", "admin")
USER: Final = {"user_id": TEXT, "role": ROLE, "tenant_id": TEXT, "created_at": TIME}
TENANT: Final = {"tenant_id": TEXT, "name": TEXT, "created_at": TIME}
NO_USER: Final = Refusal(404, "USER_NOT_FOUND", "there is no such user", path="/users/nobody-{mark}")
NO_TENANT: Final = Refusal(404, "TENANT_NOT_FOUND", "there is no such tenant", path="/tenants/nobody-{mark}")
NEW_USER: Final = {"username": "new-{mark}", "password": PASSWORD, "role": "operator"}
ENTRY: Final = {
    "id": TEXT,
    "timestamp": TIME,
    "actor": OBJECT,
    "action": TEXT,
    "resource": OBJECT,
    "address": Maybe(TEXT),
    "request_id": Maybe(TEXT),
    "outcome": one_of("done", "refused"),
}
VERIFIED: Final = {"intact": FLAG, "blocks": INTEGER, "entries": INTEGER, "unsealed": INTEGER, "head": Maybe(OBJECT)}

ADMINISTRATION: Final = (
    Endpoint(
        "POST",
        "/users",
        "beyond",
        "admin",
        60,
        {**USER, "role": "operator"},
        who="admin",
        body=NEW_USER,
        fields=[
            Values("username", bad=["", "x" * 129, NUL, "a b", 7, None]),
            Values("password", bad=["", "short", "x" * 1025, NUL, 7, None]),
            Values("role", bad=["emperor", "", 7, None]),
        ],
        refusals=[
            Refusal(409, "USER_EXISTS", "the name is taken", body={**NEW_USER, "username": "{user}"}),
            Refusal(400, "INVALID_INPUT", "nothing is given", body={}),
        ],
        once=True,
    ),
    Endpoint(
        "GET",
        "/users",
        "beyond",
        "admin",
        100,
        {"users": [USER], "total": INTEGER},
        who="admin",
        parameters=[Values("limit", good=[1, 500], bad=[0, 501]), Values("offset", good=[0], bad=[-1])],
    ),
    Endpoint("GET", "/users/{user}", "beyond", "admin", 200, USER, who="admin", refusals=[NO_USER]),
    Endpoint(
        "PUT",
        "/users/{user}",
        "beyond",
        "admin",
        60,
        {**USER, "role": "viewer"},
        who="admin",
        body={"role": "viewer"},
        fields=[Values("role", bad=["emperor", 7]), Values("password", bad=["", "short", 7])],
        refusals=[NO_USER],
    ),
    Endpoint("DELETE", "/users/{user}", "beyond", "admin", 60, OBJECT, who="admin", refusals=[NO_USER], once=True),
    Endpoint(
        "POST",
        "/tenants",
        "beyond",
        "admin",
        60,
        TENANT,
        who="admin",
        body={"tenant_id": "made-{mark}", "name": "Made"},
        fields=[
            Values("tenant_id", bad=["", "x" * 65, "a b", "a.b", "$a", NUL, 7, None]),
            Values("name", bad=["", "x" * 256, NUL, 7, None]),
        ],
        refusals=[
            Refusal(409, "TENANT_EXISTS", "the id is taken", body={"tenant_id": "{tenant}", "name": "Again"}),
            Refusal(403, "NOT_INSTALLATION_ADMIN", "only the installation's admins may", who="foreigner"),
        ],
        foreign_tenant=403,
        once=True,
    ),
    Endpoint("GET", "/tenants", "beyond", "admin", 100, {"tenants": [TENANT], "total": INTEGER}, who="admin"),
    Endpoint("GET", "/tenants/{tenant}", "beyond", "admin", 200, TENANT, who="admin", refusals=[NO_TENANT]),
    Endpoint(
        "PUT",
        "/tenants/{tenant}",
        "beyond",
        "admin",
        60,
        {**TENANT, "name": "Renamed"},
        who="admin",
        body={"name": "Renamed"},
        fields=[Values("name", bad=["", "x" * 256, 7])],
        refusals=[NO_TENANT],
        foreign_tenant=403,
    ),
    Endpoint(
        "PUT",
        "/tenants/{tenant}/members/{user}",
        "beyond",
        "admin",
        60,
        OBJECT,
        who="admin",
        body={"role": "viewer"},
        fields=[Values("role", bad=["emperor", 7, None])],
        foreign_tenant=403,
    ),
    Endpoint(
        "DELETE",
        "/tenants/{tenant}/members/{member}",
        "beyond",
        "admin",
        60,
        OBJECT,
        who="admin",
        foreign_tenant=403,
        once=True,
    ),
    Endpoint(
        "GET",
        "/audit",
        "beyond",
        "admin",
        100,
        {"entries": [ENTRY], "next_cursor": Maybe(TEXT)},
        who="admin",
        parameters=[
            Values("limit", good=[1, 500], bad=[0, 501]),
            Values("cursor", bad=["not-a-cursor"]),
            Values("outcome", good=["done", "refused"], bad=["lost"]),
            Values("since", good=["2025-01-15T10:31:30Z"], bad=["yesterday"]),
        ],
    ),
    Endpoint(
        "GET",
        "/audit/verify",
        "beyond",
        "admin",
        20,
        VERIFIED,
        who="admin",
    ),
)
