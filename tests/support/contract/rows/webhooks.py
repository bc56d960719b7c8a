"""Webhooks (beyond.md, "Also needed")."""

from typing import Final

from tests.support.contract.endpoint import Endpoint, Refusal, Values
from tests.support.contract.shapes import TEXT, TIME, UUID, Maybe

HOOK: Final = {"webhook_id": TEXT, "workflow_id": UUID, "name": Maybe(TEXT), "created_at": TIME}
SIGNED: Final = {
    "webhook-id": "{delivery}",
    "webhook-timestamp": "{now}",
    "webhook-signature": "{signature}",
}
REFUSED: Final = "WEBHOOK_REFUSED"
ALIKE: Final = (
    Refusal(401, REFUSED, "nothing is signed", headers={}),
    Refusal(401, REFUSED, "the signature is another's", headers={**SIGNED, "webhook-signature": "v1,AAAA"}),
    Refusal(401, REFUSED, "the delivery id was changed", headers={**SIGNED, "webhook-id": "another"}),
    Refusal(401, REFUSED, "the time was changed", headers={**SIGNED, "webhook-timestamp": "1700000000"}),
    Refusal(401, REFUSED, "the body was changed", body={"order": 8}),
    Refusal(401, REFUSED, "there is no such webhook", path="/webhooks/{unknown}"),
)

WEBHOOKS: Final = (
    Endpoint(
        "POST",
        "/workflows/{workflow}/webhooks",
        "beyond",
        "developer",
        60,
        {**HOOK, "token": TEXT, "url": TEXT, "secret": TEXT},
        who="developer",
        body={"name": "Orders"},
        fields=[
            Values("name", good=["x"], bad=["x" * 256, 7]),
            Values("priority", good=[0, 20], bad=[-1, 21, "10"]),
        ],
        refusals=[
            Refusal(404, "WORKFLOW_NOT_FOUND", "there is no such workflow", path="/workflows/{unknown}/webhooks")
        ],
    ),
    Endpoint(
        "GET",
        "/workflows/{workflow}/webhooks",
        "beyond",
        "viewer",
        100,
        {"webhooks": [HOOK]},
        who="viewer",
        refusals=[
            Refusal(404, "WORKFLOW_NOT_FOUND", "there is no such workflow", path="/workflows/{unknown}/webhooks")
        ],
    ),
    Endpoint(
        "DELETE",
        "/workflows/{workflow}/webhooks/{webhook}",
        "beyond",
        "developer",
        60,
        {"webhook_id": TEXT, "deleted": True},
        who="developer",
        refusals=[
            Refusal(
                404,
                "WEBHOOK_NOT_FOUND",
                "there is no such webhook",
                path="/workflows/{workflow}/webhooks/{unknown}",
            )
        ],
        once=True,
    ),
    Endpoint(
        "POST",
        "/webhooks/{webhook_token}",
        "beyond",
        "public",
        60,
        {"job_id": TEXT, "workflow_id": UUID, "status": TEXT},
        who="nobody",
        body={"order": 7},
        headers=SIGNED,
        refusals=ALIKE,
        note="Signed by HMAC-SHA256 as Standard Webhooks has it; a delivery repeated within the window starts one job.",
    ),
)
