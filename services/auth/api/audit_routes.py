"""The audit: for administrators to read and to verify, and for gateways to tell whom they refused."""

from typing import Annotated, Final

from fastapi import Query
from pydantic import AwareDatetime

from services.auth.api.audit_schemas import (
    AuditBreak,
    AuditHead,
    AuditListResponse,
    AuditVerificationResponse,
    RecordedResponse,
    RefusedCallsRequest,
)
from services.auth.api.cursors import pack, unpack
from services.auth.domain.audit import INSTALLATION, AuditQuery, Outcome
from services.auth.use_cases.list_audit import ListAudit
from services.auth.use_cases.record_refusals import RecordRefusals
from services.auth.use_cases.verify_audit import Progress, Verification, VerifyAudit
from shared.kernel.clock import to_ms
from shared.kernel.identity import Identity
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter

PRINTABLE: Final = r"^[^\x00-\x1f\x7f]+$"

Name = Annotated[str | None, Query(min_length=1, max_length=256, pattern=PRINTABLE)]
Cursor = Annotated[
    str | None, Query(min_length=1, max_length=1024, description="`next_cursor` of the answer before this one")
]
Limit = Annotated[int, Query(ge=1, le=500, description="entries at the most")]
Hash = Annotated[str | None, Query(pattern=r"^[0-9a-f]{64}$", description="hash of a head noted earlier")]
Installation = Annotated[
    bool, Query(description="what belongs to no tenant, such as unknown credentials; for admins of tenant `default`")
]


def build_audit_router(*, list_audit: ListAudit, verify_audit: VerifyAudit) -> ContractRouter:
    """`/audit*` (beyond.md, "Also needed")."""
    router = ContractRouter(tag="audit")

    @router.endpoint(
        "GET",
        "/audit",
        permission=Permission.ADMINISTER,
        summary="Read the audit",
        response_model=AuditListResponse,
    )
    async def read(
        caller: Caller,
        actor: Annotated[Name, Query(description="only what this user, key or service did")] = None,
        action: Annotated[Name, Query(description="only this action, such as `job.cancelled`")] = None,
        resource_id: Annotated[Name, Query(description="only what was done to the thing with this id")] = None,
        outcome: Annotated[Outcome | None, Query(description="only what was done, or only what was refused")] = None,
        since: Annotated[AwareDatetime | None, Query(description="only at this moment and later")] = None,
        until: Annotated[AwareDatetime | None, Query(description="only before this moment")] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        installation: Installation = False,
    ) -> AuditListResponse:
        """Who did what, or was refused what, newest first. `since` is included, `until` is not."""
        query = AuditQuery(
            tenant_id=_tenant_of(caller, installation=installation),
            limit=limit,
            actor=actor,
            action=action,
            resource_id=resource_id,
            outcome=outcome,
            since_ms=None if since is None else to_ms(since),
            until_ms=None if until is None else to_ms(until),
            before=None if cursor is None else unpack(cursor, str),
        )
        page = await list_audit(query)
        return AuditListResponse.of(page, None if page.next_position is None else pack(page.next_position))

    @router.endpoint(
        "GET",
        "/audit/verify",
        permission=Permission.ADMINISTER,
        summary="Verify the audit's hash chain",
        response_model=AuditVerificationResponse,
    )
    async def verify(
        caller: Caller, expect_head: Hash = None, cursor: Cursor = None, installation: Installation = False
    ) -> AuditVerificationResponse:
        """Recomputes every hash, 10,000 entries at a time: `cursor` goes on where the answer ended.

        `expect_head` is the hash of an earlier answer's `head`: it must still be in the chain. Without it, removal of
        the newest blocks, or a chain written anew, goes unnoticed.
        """
        tenant_id = _tenant_of(caller, installation=installation)
        progress = Progress() if cursor is None else unpack(cursor, Progress)
        found = await verify_audit(tenant_id=tenant_id, progress=progress, expected_hash=expect_head)
        return _verification(tenant_id, found)

    return router


def add_refusals_route(router: ContractRouter, record_refusals: RecordRefusals) -> None:
    """`POST /internal/audit/refusals`, on the internal router."""

    @router.endpoint(
        "POST",
        "/audit/refusals",
        permission=Permission.INTERNAL,
        summary="Keep what a gateway refused",
        response_model=RecordedResponse,
    )
    async def refusals(body: RefusedCallsRequest) -> RecordedResponse:
        """A repeat changes nothing: each refusal has its id."""
        return RecordedResponse(recorded=await record_refusals([one.to_entry() for one in body.refusals]))


def _tenant_of(caller: Identity, *, installation: bool) -> str:
    if not installation:
        return caller.tenant_id
    caller.require_installation_admin()
    return INSTALLATION


def _verification(tenant_id: str, found: Verification) -> AuditVerificationResponse:
    now, is_over = found.progress, found.done or found.broken is not None
    return AuditVerificationResponse(
        tenant_id=tenant_id,
        intact=found.broken is None if is_over else None,
        blocks=now.n_blocks,
        entries=now.n_entries,
        unsealed=found.n_unsealed if found.done else None,
        removed_blocks=now.removed,
        head=AuditHead(number=now.link.number, hash=now.link.hash),
        broken=AuditBreak.of(found.broken),
        cursor=None if is_over else pack(now),
    )
