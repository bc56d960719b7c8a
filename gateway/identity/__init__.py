"""Who is asking: credentials from outside become verified identities.

Access tokens are verified here, against the keys that auth publishes; API keys by asking auth. Both are remembered, so
that a request in the middle of a busy minute costs a digest and two dictionary look-ups.
"""

from gateway.identity.auth_client import AuthClient
from gateway.identity.caller import NOBODY, Caller
from gateway.identity.credentials import Credential, credential_in, split_query
from gateway.identity.identities import Identities

__all__ = ["NOBODY", "AuthClient", "Caller", "Credential", "Identities", "credential_in", "split_query"]
