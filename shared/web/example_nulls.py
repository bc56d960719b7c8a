"""Puts back the nulls that FastAPI takes out of examples: what must be there, may be null and is not shown was null."""

from typing import Any

Json = dict[str, Any]


def restore_nulls(schemas: Json) -> None:
    """Complete the examples of `schemas` (OpenAPI's `components.schemas`) in place."""
    for schema in schemas.values():
        if "examples" in schema:
            schema["examples"] = [_completed(example, schema, schemas) for example in schema["examples"]]


def _completed(value: Any, schema: Json, schemas: Json) -> Any:
    schema = _schema_for(value, schema, schemas)
    if isinstance(value, list):
        return [_completed(item, schema.get("items", {}), schemas) for item in value]
    if not isinstance(value, dict):
        return value
    properties = schema.get("properties", {})
    shown = {name: _completed(inner, properties.get(name, {}), schemas) for name, inner in value.items()}
    absent = [name for name in schema.get("required", ()) if name not in value]
    return shown | {name: None for name in absent if {"type": "null"} in properties[name].get("anyOf", ())}


def _schema_for(value: Any, schema: Json, schemas: Json) -> Json:
    """The schema that describes an object or list `value`: references and alternatives followed."""
    if "$ref" in schema:
        return _schema_for(value, schemas[schema["$ref"].rpartition("/")[2]], schemas)
    kind = "array" if isinstance(value, list) else "object"
    alternatives = (_schema_for(value, inner, schemas) for inner in schema.get("anyOf", ()))
    return next((inner for inner in alternatives if inner.get("type") == kind), schema)
