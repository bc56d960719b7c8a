"""What the code says about events and frames: their fields, what these mean, and their JSON schemas."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

REFERENCE: Final = "#/components/schemas/{name}"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message."""

    name: str
    type: str
    required: bool
    default: Any
    meaning: str


def described(model: type) -> str:
    """What the class says it is, in one line."""
    return " ".join((inspect.getdoc(model) or "").split())


def fields_of(model: type[msgspec.Struct], schemas: Json) -> Iterator[Field]:
    """The fields of a model, in order; `schemas` as `schemas_of` makes them."""
    meanings = meanings_of(model)
    properties: Json = schemas[model.__name__]["properties"]
    for field in msgspec.structs.fields(model):
        default = None if field.default is msgspec.NODEFAULT else field.default
        kind = _kind(properties[field.encode_name])
        yield Field(field.encode_name, kind, field.required, default, meanings.get(field.name, ""))


def meanings_of(model: type) -> dict[str, str]:
    """Field → the text that stands below it in the class or in one of those it is made of."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if issubclass(cls, msgspec.Struct) and cls is not msgspec.Struct:
            found |= dict(_attribute_texts(cls))
    return found


def schemas_of(models: Iterable[type]) -> Json:
    """The JSON schemas of all `models` and what they consist of, by name, their fields described."""
    every = list(models)
    _, schemas = msgspec.json.schema_components(every, ref_template=REFERENCE)
    for model in {cls.__name__: cls for cls in _with_parts(every)}.values():
        for name, text in meanings_of(model).items():
            schema = schemas.get(model.__name__, {}).get("properties", {}).get(name)
            if schema is not None and "$ref" not in schema:
                schema["description"] = text
    return schemas


def _with_parts(models: Iterable[type]) -> Iterator[type]:
    for model in models:
        yield model
        for field in msgspec.structs.fields(model):
            yield from _with_parts(_structs_in(field.type))


def _structs_in(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _structs_in(inner)


def _attribute_texts(cls: type) -> Iterator[tuple[str, str]]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef)
    for line, following in zip(tree.body, tree.body[1:], strict=False):
        is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and is_text:
            assert isinstance(following, ast.Expr)
            assert isinstance(following.value, ast.Constant)
            yield line.target.id, " ".join(str(following.value.value).split())


def _kind(schema: Json) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(option) for option in schema["anyOf"])
    if schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        return f"list of {_kind(schema['items'])}"
    return str(schema.get("type", "any"))
