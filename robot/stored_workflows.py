"""Workflows that the server stores, for sub-workflow nodes."""

from robot.client import OrchestratorClient
from robot.errors import StoredWorkflowMissing
from robot.protocol import ServerError, TryAgain


class StoredWorkflows:
    """Fetches each version once per job."""

    def __init__(self, client: OrchestratorClient) -> None:
        self._client = client
        self._fetched: dict[tuple[str, int | None], object] = {}

    async def fetch(self, workflow_id: str, version: int | None) -> object:
        """Returns the definition. Raises StoredWorkflowMissing, retryable where the server was not there."""
        key = workflow_id, version
        if key not in self._fetched:
            try:
                self._fetched[key] = await self._client.workflow(workflow_id, version)
            except ServerError as error:
                which = workflow_id if version is None else f"{workflow_id}, version {version}"
                missing = StoredWorkflowMissing(f"cannot get the workflow {which}: {error}")
                missing.retryable = isinstance(error, TryAgain)
                raise missing from error
        return self._fetched[key]
