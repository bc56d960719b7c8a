"""List a tenant's workflows, newest first."""

from services.workflows.ports import ListedWorkflows, Workflows
from shared.kernel.identity import Identity


class ListWorkflows:
    """Reads; never writes."""

    def __init__(self, workflows: Workflows) -> None:
        self._workflows = workflows

    async def __call__(self, *, caller: Identity, search: str | None, limit: int, offset: int) -> ListedWorkflows:
        """A page of the workflows whose name contains `search`, in any case. Raises `Unavailable`."""
        return await self._workflows.find(caller.tenant_id, search=search, limit=limit, offset=offset)
