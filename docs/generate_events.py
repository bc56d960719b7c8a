"""Writes `docs/events.md` and `docs/asyncapi.yaml` from the models: `.venv/bin/python docs/generate_events.py`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from docs.event_models import Field, Json, described, fields_of, schemas_of  # noqa: E402 - the path comes first
from docs.stream_examples import PARAMETERS, STREAMS, Stream  # noqa: E402
from shared.events import EVENT_TYPES, CloudEvent, EventData  # noqa: E402

PAGE: Final = ROOT / "docs" / "events.md"
ASYNCAPI: Final = ROOT / "docs" / "asyncapi.yaml"
SAMPLES: Final = ROOT / "tests" / "contracts" / "events"
EVENTS: Final = dict(sorted(EVENT_TYPES.items()))
CLOUD_EVENTS: Final = "application/cloudevents+json"

HEAD: Final = """\
# Events

<!-- Written by docs/generate_events.py from the models in shared/events. Do not edit: change the model, then run
     `.venv/bin/python docs/generate_events.py`. -->

What the services tell each other, and what `GET /events` and the [live streams](guides/live-streams.md) are made of.
[asyncapi.yaml](asyncapi.yaml) describes the same, and the streams, for programs (AsyncAPI 3.0).

Each event is a CloudEvent 1.0 in JSON, published to the topic exchange `<CASARE_AMQP_PREFIX>.events` with its type as
the routing key, at least once and in no certain order. Consumers apply an event only when `aggregateversion` is newer
than what they know of `subject`. A field may be added to an event, with a default; none is ever renamed, retyped or
removed.
"""
ENVELOPE: Final = """\
## The envelope

| Attribute | Type | Meaning |
|---|---|---|
| `id` | string | unique; the same when the event comes again |
| `source` | string | the service that published it, such as `/casare/dispatcher` |
| `type` | string | what happened; the routing key |
| `subject` | string | what it happened to: the id of the job, robot, schedule, … |
| `time`, `timems` | string, integer | when: RFC 3339, and milliseconds since the epoch |
| `tenantid` | string | whose it is |
| `aggregateversion` | integer | the subject's version that the change made |
| `dataschema` | string | names type and version of `data` |
| `traceparent` | string | the W3C trace that it belongs to |
| `actorkind`, `actorid`, `clientaddress`, `requestid` | string | who asked for the change, as far as known |
| `data` | object | as below |
"""


def page() -> str:
    """The whole of `events.md`."""
    lines = [HEAD, f"## All {len(EVENTS)} events\n", *_overview(), ENVELOPE]
    return "\n".join([*lines, *(line for name, model in EVENTS.items() for line in _section(name, model))])


def asyncapi() -> str:
    """The whole of `asyncapi.yaml`."""
    head = "# Written by docs/generate_events.py from the models. Do not edit.\n"
    return head + yaml.dump(document(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


class _Plain(yaml.SafeDumper):
    """Writes what occurs twice twice: a reader should not have to look up YAML's anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as YAML calls it
        return True


def document() -> Json:
    """The AsyncAPI document."""
    events = {_name(model): _event_message(name, model) for name, model in EVENTS.items()}
    frames = {type(frame).__name__: _frame_message(frame) for stream in STREAMS for frame in stream.frames}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Casare: events and live streams",
            "version": "1",
            "description": "What happens in an installation: for services on the broker, for everybody else live.",
        },
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": {
            **{stream.name: _stream_channel(stream) for stream in STREAMS},
            **{_name(model): _event_channel(name, model) for name, model in EVENTS.items()},
        },
        "operations": {
            **{f"send{_capital(stream.name)}": _sends(stream.name) for stream in STREAMS},
            **{f"receivePingOn{_capital(s.name)}": _receives_ping(s.name) for s in STREAMS if s.protocol == "ws"},
            **{f"send{_name(model)}": _sends(_name(model)) for model in EVENTS.values()},
        },
        "components": {
            "messages": {**frames, "Ping": _PING, "Pong": _PONG, **events},
            "schemas": {**_schemas(), **_envelopes()},
            "securitySchemes": _SECURITY,
        },
    }


_SERVERS: Final[Json] = {
    "gateway": {
        "host": "localhost:8000",
        "protocol": "ws",
        "description": "The gateway; `wss` behind a proxy that ends TLS.",
        "security": [
            {"$ref": "#/components/securitySchemes/accessToken"},
            {"$ref": "#/components/securitySchemes/apiKey"},
            {"$ref": "#/components/securitySchemes/tokenParameter"},
        ],
    },
    "gatewayHttp": {
        "host": "localhost:8000",
        "protocol": "http",
        "description": "The gateway, for Server-Sent Events.",
        "security": [
            {"$ref": "#/components/securitySchemes/accessToken"},
            {"$ref": "#/components/securitySchemes/apiKey"},
        ],
    },
    "broker": {
        "host": "localhost:5672",
        "protocol": "amqp",
        "description": "RabbitMQ, where services run in processes of their own.",
    },
}
_SECURITY: Final[Json] = {
    "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "apiKey": {"type": "httpApiKey", "in": "header", "name": "X-Api-Key"},
    "tokenParameter": {"type": "httpApiKey", "in": "query", "name": "token"},
}
_PING: Final[Json] = {
    "title": "ping",
    "summary": "Asks for a sign of life.",
    "contentType": "text/plain",
    "payload": {"type": "string", "const": "ping"},
    "examples": [{"payload": "ping"}],
}
_PONG: Final[Json] = {
    "title": "pong",
    "summary": "The answer to `ping`.",
    "contentType": "text/plain",
    "payload": {"type": "string", "const": "pong"},
    "examples": [{"payload": "pong"}],
}


def sample(event_type: str) -> Json:
    """The golden sample of an event."""
    found: Json = json.loads((SAMPLES / f"{event_type}.json").read_bytes())
    return found


def _schemas() -> Json:
    frames = {type(frame) for stream in STREAMS for frame in stream.frames}
    models: list[type] = [CloudEvent, *EVENTS.values(), *sorted(frames, key=lambda frame: frame.__name__)]
    return dict(sorted(schemas_of(models).items()))


def _envelopes() -> Json:
    return {f"{_name(model)}Event": _envelope(name, model) for name, model in EVENTS.items()}


def _envelope(event_type: str, model: type[EventData]) -> Json:
    data = {"$ref": f"#/components/schemas/{_name(model)}"}
    properties = {"type": {"const": event_type}, "data": data}
    return {"allOf": [{"$ref": "#/components/schemas/CloudEvent"}, {"type": "object", "properties": properties}]}


def _event_message(event_type: str, model: type[EventData]) -> Json:
    return {
        "name": event_type,
        "title": event_type,
        "summary": described(model),
        "contentType": CLOUD_EVENTS,
        "payload": {"$ref": f"#/components/schemas/{_name(model)}Event"},
        "examples": [{"payload": sample(event_type)}],
    }


def _frame_message(frame: msgspec.Struct) -> Json:
    name = type(frame).__name__
    encoded = json.loads(msgspec.json.encode(frame))
    return {
        "name": encoded.get("type", name),
        "title": name,
        "summary": described(type(frame)),
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "examples": [{"payload": encoded}],
    }


def _stream_channel(stream: Stream) -> Json:
    names = [type(frame).__name__ for frame in stream.frames] + (["Ping", "Pong"] if stream.protocol == "ws" else [])
    channel: Json = {
        "address": stream.path,
        "description": stream.meaning,
        "servers": [{"$ref": f"#/servers/{'gateway' if stream.protocol == 'ws' else 'gatewayHttp'}"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }
    query = {"type": "object", "properties": {name: PARAMETERS[name] for name in stream.parameters}}
    if stream.protocol == "ws":
        channel["bindings"] = {"ws": {"method": "GET", "query": query}}
    return channel


def _event_channel(event_type: str, model: type[EventData]) -> Json:
    name = _name(model)
    return {
        "address": event_type,
        "description": f"Published by the {model.SOURCE} service.",
        "servers": [{"$ref": "#/servers/broker"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {
            "amqp": {"is": "routingKey", "exchange": {"name": "casare.events", "type": "topic", "durable": True}}
        },
    }


def _sends(channel: str) -> Json:
    return {"action": "send", "channel": {"$ref": f"#/channels/{channel}"}}


def _receives_ping(channel: str) -> Json:
    here = f"#/channels/{channel}"
    return {
        "action": "receive",
        "channel": {"$ref": here},
        "summary": "A client may send `ping` at any time.",
        "messages": [{"$ref": f"{here}/messages/Ping"}],
        "reply": {"channel": {"$ref": here}, "messages": [{"$ref": f"{here}/messages/Pong"}]},
    }


def _overview() -> Iterator[str]:
    yield "| Event | Published by | When |"
    yield "|---|---|---|"
    for name, model in EVENTS.items():
        yield f"| [`{name}`](#{name.replace('.', '')}) | {model.SOURCE} | {described(model)} |"
    yield ""


def _section(event_type: str, model: type[EventData]) -> Iterator[str]:
    yield f"## {event_type}\n"
    yield f"{described(model)}\n"
    yield "| Field | Type | Default | Meaning |"
    yield "|---|---|---|---|"
    yield from (_row(field) for field in fields_of(model, schemas_of([model])))
    yield ""
    yield "```json"
    yield json.dumps(sample(event_type)["data"], indent=2, ensure_ascii=False)
    yield "```\n"


def _row(field: Field) -> str:
    default = "required" if field.required else _shown(field.default)
    return f"| `{field.name}` | {field.type} | {default} | {field.meaning or '–'} |"


def _shown(default: Any) -> str:
    return f"`{json.dumps(default)}`"


def _name(model: type) -> str:
    return model.__name__


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    ASYNCAPI.write_text(asyncapi(), encoding="utf-8")
