"""Bodies of the audit's requests and responses."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from services.auth.domain.audit import AuditEntry, Outcome, cut
from services.auth.domain.audit_chain import Break, Fault
from services.auth.use_cases.list_audit import AuditPage
from shared.kernel.clock import to_datetime
from shared.web.refusals import MOST_AT_ONCE

ShortText = Annotated[str, Field(max_length=512)]


class AuditActor(BaseModel):
    """Who did it."""

    kind: str = Field(description="`user`, `robot`, `service`, `system`, or `anonymous` when the id is only claimed")
    id: str = Field(description="user name, API key id or service name; empty when unknown")


class AuditResource(BaseModel):
    """What it was done to."""

    kind: str
    id: str


class AuditEntryResponse(BaseModel):
    """One line of the audit."""

    id: str
    timestamp: datetime
    actor: AuditActor
    action: str = Field(description="an event's type, or the method and route of a refused call")
    resource: AuditResource
    address: str | None = Field(description="the client's address as the gateway knows it")
    request_id: str | None
    outcome: Outcome
    status: int | None = Field(description="the status of what was refused")
    detail: dict[str, Any]
    block: int | None = Field(description="number of the block it is sealed in; null until then, a second or so")

    @classmethod
    def of(cls, entry: AuditEntry, block: int | None) -> "AuditEntryResponse":
        """The response for `entry`."""
        return cls(
            id=entry.id,
            timestamp=to_datetime(entry.at_ms),
            actor=AuditActor(kind=entry.actor_kind, id=entry.actor_id),
            action=entry.action,
            resource=AuditResource(kind=entry.resource_kind, id=entry.resource_id),
            address=entry.address or None,
            request_id=entry.request_id or None,
            outcome=entry.outcome,
            status=entry.status or None,
            detail=msgspec.json.decode(entry.detail_json),
            block=block,
        )


class AuditListResponse(BaseModel):
    """A page of the audit, newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "entries": [
                        {
                            "id": "01a20642-32ca-7384-9a7f-639d9fdc8eff",
                            "timestamp": "2026-01-01T12:01:00Z",
                            "actor": {"kind": "user", "id": "admin"},
                            "action": "job.cancelled",
                            "resource": {"kind": "job", "id": "01a20642-32ca-7384-9a7f-639d9fdc8ef1"},
                            "address": "192.0.2.1",
                            "request_id": "01a20642-32ca-7384-9a7f-639d9fdc8e00",
                            "outcome": "done",
                            "status": None,
                            "detail": {"workflow_name": "Invoices", "attempt": 2},
                            "block": 17,
                        }
                    ],
                    "next_cursor": None,
                }
            ]
        }
    )

    entries: list[AuditEntryResponse]
    next_cursor: str | None = Field(description="for the next, older page; null on the last one")

    @classmethod
    def of(cls, page: AuditPage, next_cursor: str | None) -> "AuditListResponse":
        """The response for `page`."""
        return cls(entries=[AuditEntryResponse.of(*one) for one in page.entries], next_cursor=next_cursor)


class AuditBreak(BaseModel):
    """The first place where the chain does not hold."""

    block: int
    fault: Fault
    entry_id: str | None

    @classmethod
    def of(cls, broken: Break | None) -> "AuditBreak | None":
        """The response for `broken`."""
        return None if broken is None else cls(block=broken.block, fault=broken.fault, entry_id=broken.entry_id)


class AuditVerificationResponse(BaseModel):
    """What a verification has found so far."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "tenant_id": "default",
                    "intact": True,
                    "blocks": 17,
                    "entries": 240,
                    "unsealed": 1,
                    "removed_blocks": 0,
                    "head": {"number": 17, "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
                    "broken": None,
                    "cursor": None,
                }
            ]
        }
    )

    tenant_id: str
    intact: bool | None = Field(description="null while there is more to verify: go on with `cursor`")
    blocks: int = Field(description="blocks found good, from the beginning of the chain")
    entries: int = Field(description="entries in them")
    unsealed: int | None = Field(description="entries that wait for a block; null until the end is reached")
    removed_blocks: int = Field(description="blocks before them, removed because of their age")
    head: "AuditHead" = Field(description="the last good block; keep its hash elsewhere to notice a shortened chain")
    broken: AuditBreak | None
    cursor: str | None


class AuditHead(BaseModel):
    """A block, by its number and hash."""

    number: int
    hash: str


class RefusedCallBody(BaseModel):
    """As `shared.web.refusals.RefusedCall`."""

    id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")
    at_ms: int = Field(ge=0, lt=10**14)
    method: ShortText
    route: ShortText
    path: str
    status: int = Field(ge=400, le=599)
    tenant_id: ShortText = ""
    actor_kind: ShortText = "anonymous"
    actor_id: ShortText = ""
    claimed_key_id: ShortText = ""
    address: ShortText = ""
    request_id: ShortText = ""
    code: ShortText = ""
    times: int = Field(1, ge=1)

    def to_entry(self) -> AuditEntry:
        """The entry that the audit keeps of it."""
        facts = {"code": self.code, "claimed_key_id": self.claimed_key_id, "times": self.times if self.times > 1 else 0}
        return AuditEntry(
            id=self.id,
            tenant_id=self.tenant_id,
            at_ms=self.at_ms,
            action=cut(f"{self.method} {self.route}"),
            outcome=Outcome.REFUSED,
            actor_kind=self.actor_kind,
            actor_id=cut(self.actor_id),
            resource_kind="path",
            resource_id=cut(self.path),
            address=cut(self.address),
            request_id=cut(self.request_id),
            status=self.status,
            detail_json=msgspec.json.encode({name: fact for name, fact in facts.items() if fact}).decode(),
        )


class RefusedCallsRequest(BaseModel):
    """What a gateway refused."""

    refusals: list[RefusedCallBody] = Field(max_length=MOST_AT_ONCE)


class RecordedResponse(BaseModel):
    """How many of them were new."""

    recorded: int
