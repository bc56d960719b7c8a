"""`docs/events.md` and `docs/asyncapi.yaml` are what the models say; their examples are what the schemas allow."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import yaml

from docs.event_models import fields_of, schemas_of
from docs.generate_events import ASYNCAPI, PAGE, asyncapi, document, page
from docs.stream_examples import PARAMETERS, STREAMS
from services.metrics.api.streams import PATHS
from services.metrics.domain.event_text import EventNotice, Hello
from services.metrics.domain.frames import Frame
from shared.events import EVENT_TYPES

HINT = "run `.venv/bin/python docs/generate_events.py`"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def written() -> Json:
    loaded: Json = yaml.safe_load(ASYNCAPI.read_text(encoding="utf-8"))
    return loaded


def test_the_page_of_events_is_what_the_models_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), HINT


def test_the_asyncapi_document_is_what_the_models_say(written: Json) -> None:
    assert ASYNCAPI.read_text(encoding="utf-8") == asyncapi(), HINT
    assert written == json.loads(json.dumps(document()))


def test_every_event_has_its_channel_message_and_operation(written: Json) -> None:
    for name, model in EVENT_TYPES.items():
        channel = written["channels"][model.__name__]
        assert channel["address"] == name
        message = written["components"]["messages"][model.__name__]
        assert (message["name"], bool(message["summary"])) == (name, True)
        assert written["operations"][f"send{model.__name__}"]["action"] == "send"


def test_every_stream_and_every_kind_of_frame_is_described(written: Json) -> None:
    assert {stream.path for stream in STREAMS} == {*PATHS.values(), "/api/v1/events"}
    models: list[type] = [*Frame.__subclasses__(), EventNotice, Hello]
    kinds = {kind.__name__ for kind in models}
    assert kinds <= written["components"]["messages"].keys()
    assert all(written["components"]["messages"][kind]["summary"] for kind in kinds)
    assert {name for stream in STREAMS for name in stream.parameters} == set(PARAMETERS)


def test_every_message_has_an_example_that_its_schema_allows(written: Json) -> None:
    for name, message in written["components"]["messages"].items():
        validator = jsonschema_rs.Draft202012Validator({**message["payload"], "components": written["components"]})
        assert message["examples"], name
        for example in message["examples"]:
            assert [error.message for error in validator.iter_errors(example["payload"])] == [], name


def test_an_example_that_a_schema_forbids_would_be_noticed(written: Json) -> None:
    message = written["components"]["messages"]["JobCompleted"]
    validator = jsonschema_rs.Draft202012Validator({**message["payload"], "components": written["components"]})
    payload = message["examples"][0]["payload"]
    assert not validator.is_valid({**payload, "type": "job.failed"})
    assert not validator.is_valid({**payload, "data": {**payload["data"], "job_id": 7}})


def test_every_reference_leads_somewhere(written: Json) -> None:
    assert [reference for reference in _references(written) if not _resolves(reference, written)] == []


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    for inner in part if isinstance(part, list) else ():
        yield from _references(inner)


def _resolves(reference: str, document: Json) -> bool:
    part: Any = document
    for name in reference.removeprefix("#/").split("/"):
        if not isinstance(part, dict) or name not in part:
            return False
        part = part[name]
    return True


def test_what_stands_below_a_field_is_its_meaning() -> None:
    model = EVENT_TYPES["job.submitted"]
    fields = {field.name: field for field in fields_of(model, schemas_of([model]))}
    assert fields["retry_of"].meaning == "The job that this one tries again."
    assert fields["queue_position"].meaning.startswith("The job's place in the queue's order")
    assert (fields["job_id"].required, fields["priority"].default) == (True, 10)
