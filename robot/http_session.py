"""The HTTP connections of one job, and with them whatever else its nodes keep open to its end."""

import httpx

from robot.addresses import AddressRules
from robot.guarded_transport import GuardedTransport
from robot.resources import JobResources


class HttpSession:
    """Opens a client when the first node asks for one; most jobs never do."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None
        self.resources = JobResources()

    def client(self, rules: AddressRules | None = None) -> httpx.AsyncClient:
        """Returns the job's client. Callers bound each request in time themselves.

        Where internal addresses are blocked, the environment's proxies are not used: a proxy looks names up itself.
        """
        if self._client is None:
            guard = GuardedTransport(rules) if rules is not None and rules.block_internal else None
            self._client = httpx.AsyncClient(
                timeout=None,  # noqa: S113 (the node bounds the whole exchange)
                transport=guard,
                trust_env=guard is None,
                max_redirects=10,
            )
        return self._client

    async def close(self) -> None:
        """Closes the connections and all that the job's nodes opened."""
        try:
            await self.resources.close()
        finally:
            if self._client is not None:
                await self._client.aclose()
