"""The HTTP connections of one job."""

import httpx


class HttpSession:
    """Opens a client when the first node asks for one; most jobs never do."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None

    def client(self) -> httpx.AsyncClient:
        """Returns the job's client. Callers bound each request in time themselves."""
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=None)  # noqa: S113 (the node bounds the whole exchange)
        return self._client

    async def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.aclose()
