"""Why the gateway itself refuses a request.

CasareError
└── Unauthenticated
    ├── CredentialMissing
    ├── CredentialMalformed
    ├── CredentialInvalid      forged token; unknown, wrong, expired or revoked API key
    ├── CredentialExpired      access token past its time: refresh it
    └── CredentialRevoked      access token of an ended session: log in again
Refusal                        by an HTTP rule: 404, 405, 408, 415
ClientGone                     nobody is left to answer
"""

from collections.abc import Mapping

from shared.kernel.errors import CasareError, Unauthenticated


class CredentialMissing(Unauthenticated):
    """The route needs a credential and none was sent."""

    code = "CREDENTIAL_MISSING"


class CredentialMalformed(Unauthenticated):
    """What was sent has not the form of any credential."""

    code = "CREDENTIAL_MALFORMED"


class CredentialInvalid(Unauthenticated):
    """The credential is well formed, and not one of ours or not one any more."""

    code = "CREDENTIAL_INVALID"


class CredentialExpired(Unauthenticated):
    """The access token's time is over."""

    code = "CREDENTIAL_EXPIRED"


class CredentialRevoked(Unauthenticated):
    """The access token's session has ended."""

    code = "CREDENTIAL_REVOKED"


class Refusal(Exception):
    """A request that HTTP's own rules refuse."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


class ClientGone(Exception):
    """The client closed its connection before it had its answer."""


Refused = CasareError | Refusal
