"""Logging in and out (contract, "Authentication Endpoints")."""

from typing import Final

from tests.support.contract.cast import PASSWORD
from tests.support.contract.endpoint import Endpoint, Refusal, Values
from tests.support.contract.shapes import FLAG, TEXT, one_of

NUL: Final = "a\x00b"
TOKENS: Final = {"access_token": TEXT, "refresh_token": TEXT, "token_type": "bearer", "expires_in": 3600}
LOGIN: Final = {"username": "{session_user}", "password": PASSWORD}

AUTH: Final = (
    Endpoint(
        "POST",
        "/auth/login",
        "contract",
        "public",
        None,
        TOKENS,
        who="nobody",
        body=LOGIN,
        fields=[
            Values("username", bad=["", "x" * 129, NUL, 7, None]),
            Values("password", bad=["", "x" * 1025, NUL, 7, None]),
            Values("tenant_id", good=["default", None], bad=["", "x" * 65, NUL, 7]),
        ],
        refusals=[
            Refusal(401, "INVALID_CREDENTIALS", "the password is wrong", body={**LOGIN, "password": "wrong"}),
            Refusal(401, "INVALID_CREDENTIALS", "there is no such user", body={**LOGIN, "username": "nobody-{mark}"}),
            Refusal(401, "INVALID_CREDENTIALS", "the user is not in that tenant", body={**LOGIN, "tenant_id": "acme"}),
            Refusal(400, "INVALID_INPUT", "nothing is given", body={}),
        ],
        note="Five failures in five minutes lock the account or address for fifteen (429).",
    ),
    Endpoint(
        "POST",
        "/auth/refresh",
        "contract",
        "public",
        5,
        TOKENS,
        who="nobody",
        body={"refresh_token": "{refresh_token}"},
        fields=[Values("refresh_token", bad=["", "x" * 4097, NUL, 7, None])],
        refusals=[
            Refusal(400, "WRONG_TOKEN_TYPE", "it is an access token", body={"refresh_token": "{session_token}"}),
            Refusal(401, "INVALID_REFRESH_TOKEN", "it is made up", body={"refresh_token": "made-up"}),
        ],
        once=True,
    ),
    Endpoint(
        "POST",
        "/auth/logout",
        "contract",
        "user",
        200,
        {"message": "Successfully logged out"},
        who="session",
        once=True,
    ),
    Endpoint(
        "GET",
        "/auth/me",
        "contract",
        "user",
        200,
        {
            "user_id": TEXT,
            "roles": [one_of("admin", "developer", "operator", "viewer")],
            "tenant_id": TEXT,
            "dev_mode": FLAG,
        },
        who="session",
    ),
    Endpoint(
        "POST",
        "/auth/password",
        "beyond",
        "user",
        5,
        {"message": TEXT},
        who="session",
        body={"current_password": PASSWORD, "new_password": "another password, long enough"},
        fields=[Values("new_password", bad=["", "short", "x" * 1025, NUL, 7, None])],
        refusals=[
            Refusal(
                403,
                "WRONG_PASSWORD",
                "the current password is wrong",
                body={"current_password": "wrong", "new_password": "another password, long enough"},
            )
        ],
        once=True,
    ),
)
