"""The CloudEvents 1.0 envelope (JSON format) around an event's data."""

from typing import Any, ClassVar, Final, TypeVar

import msgspec

from shared.kernel.clock import iso_utc
from shared.kernel.origin import Origin, current_origin

SPEC_VERSION: Final = "1.0"
DATA_TYPE: Final = "application/json"

DataT = TypeVar("DataT", bound="EventData")
Model = type[DataT]
"""`type` itself is a CloudEvents attribute, so the class body below cannot use the built-in."""


class EventData(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of every event's data. Subclasses name their `TYPE`, which is the routing key too, and `SOURCE`."""

    TYPE: ClassVar[str]
    SOURCE: ClassVar[str]
    SCHEMA_VERSION: ClassVar[int] = 1


class MalformedEvent(Exception):
    """Bytes that are no event of ours: not JSON, no envelope, or data that breaks its model."""


class CloudEvent(msgspec.Struct, frozen=True):
    """One event. `subject` is the aggregate's id and `aggregateversion` its version: consumers apply an event
    only when that version is newer than what they hold, so that duplicates and late ones change nothing.
    `tenantid`, `aggregateversion`, `timems`, `traceparent` and those of the origin (`actorkind`, `actorid`,
    `clientaddress`, `requestid`) are extension attributes."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    tenantid: str
    aggregateversion: int
    data: msgspec.Raw
    timems: int
    specversion: str = SPEC_VERSION
    datacontenttype: str = DATA_TYPE
    dataschema: str = ""
    traceparent: str = ""
    actorkind: str = ""
    actorid: str = ""
    clientaddress: str = ""
    requestid: str = ""

    @property
    def origin(self) -> Origin:
        """Who asked for the change; empty when the system made it by itself."""
        return Origin(self.actorkind, self.actorid, self.clientaddress, self.requestid)

    def data_as(self, model: Model[DataT]) -> DataT:
        """The data as `model`; raises `MalformedEvent`."""
        try:
            return msgspec.json.decode(self.data, type=model)
        except msgspec.MsgspecError as error:
            raise MalformedEvent(f"{self.type} {self.id}: {error}") from error


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(CloudEvent)


def wrap(
    data: EventData,
    *,
    event_id: str,
    subject: str,
    tenant_id: str,
    version: int,
    at_ms: int,
    traceparent: str = "",
) -> CloudEvent:
    """`data` in its envelope; `version` is the aggregate's version that the change made, `at_ms` when.

    The origin is that of the request or event being handled.
    """
    origin = current_origin()
    return CloudEvent(
        id=event_id,
        source=f"/casare/{data.SOURCE}",
        type=data.TYPE,
        subject=subject,
        time=iso_utc(at_ms),
        timems=at_ms,
        tenantid=tenant_id,
        aggregateversion=version,
        data=msgspec.Raw(_encoder.encode(data)),
        dataschema=f"urn:casare:event:{data.TYPE}:{data.SCHEMA_VERSION}",
        traceparent=traceparent,
        actorkind=origin.actor_kind,
        actorid=origin.actor_id,
        clientaddress=origin.address,
        requestid=origin.request_id,
    )


def encode(event: CloudEvent) -> bytes:
    """The event as CloudEvents JSON."""
    return _encoder.encode(event)


def decode(body: bytes | str) -> CloudEvent:
    """The event in `body`; unknown attributes are ignored. Raises `MalformedEvent`."""
    try:
        event = _decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise MalformedEvent(str(error)) from error
    _require_object(event.data)
    return event


def _require_object(data: msgspec.Raw) -> None:
    value: Any = msgspec.json.decode(data)
    if not isinstance(value, dict):
        raise MalformedEvent("data is not an object")
