"""Nulls that FastAPI takes out of the API document's examples come back."""

from typing import Any

from shared.web.example_nulls import restore_nulls

NULLABLE = {"anyOf": [{"type": "string"}, {"type": "null"}]}
JOB: dict[str, Any] = {
    "type": "object",
    "properties": {"job_id": {"type": "string"}, "robot_id": NULLABLE, "note": NULLABLE},
    "required": ["job_id", "robot_id"],
}


def restored(example: dict[str, Any], **properties: Any) -> Any:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "examples": [example],
    }
    schemas = {"Job": JOB, "Answer": schema}
    restore_nulls(schemas)
    return schema["examples"][0]


def test_a_field_that_must_be_there_may_be_null_and_is_not_shown_is_null() -> None:
    assert restored({"a": 1}, a={"type": "integer"}, b=NULLABLE) == {"a": 1, "b": None}


def test_a_field_that_may_be_absent_stays_so() -> None:
    assert restored({"job": {"job_id": "1", "robot_id": "r"}}, job={"$ref": "#/components/schemas/Job"}) == {
        "job": {"job_id": "1", "robot_id": "r"}
    }


def test_a_field_that_cannot_be_null_is_not_made_up() -> None:
    assert restored({}, a={"type": "integer"}) == {}


def test_objects_in_lists_and_alternatives_are_completed_too() -> None:
    reference = {"$ref": "#/components/schemas/Job"}
    listed = {"anyOf": [{"type": "array", "items": reference}, {"type": "null"}]}
    chosen = {"anyOf": [reference, {"type": "null"}]}
    example = {"jobs": [{"job_id": "1"}], "job": {"job_id": "2"}}
    assert restored(example, jobs=listed, job=chosen) == {
        "jobs": [{"job_id": "1", "robot_id": None}],
        "job": {"job_id": "2", "robot_id": None},
    }


def test_free_objects_are_left_as_they_are() -> None:
    assert restored({"variables": {"month": "2025-01"}}, variables={"type": "object"}) == {
        "variables": {"month": "2025-01"}
    }
