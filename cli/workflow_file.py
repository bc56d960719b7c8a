"""A workflow in a file, made ready for submission."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from cli.failures import UsageProblem

MAX_BYTES: Final = 50 * 1024 * 1024
MAX_NODES: Final = 1_000
SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class WorkflowFile:
    """The definition, with the name it is submitted under."""

    name: str
    definition: Mapping[str, Any]

    def body(self) -> dict[str, Any]:
        """The fields of a submission that come from the file (contract, `POST /workflows`)."""
        description = _metadata(self.definition).get("description")
        metadata = {"description": description} if isinstance(description, str) else {}
        return {"workflow_name": self.name, "workflow_json": self.definition, "metadata": metadata}


def read_workflow(path: Path, *, name: str | None, assignments: Sequence[str]) -> WorkflowFile:
    """The workflow in `path`; `assignments` are `name=value`. Raises UsageProblem when it cannot be submitted.

    Assigned variables become the definition's own: a submission has no other place for them, and each one stores its
    own definition.
    """
    definition = _definition(path)
    named = name or _metadata(definition).get("name")
    if assignments:
        definition = {**definition, "variables": _assigned(path, definition.get("variables"), assignments)}
    return WorkflowFile(named if isinstance(named, str) and named else path.stem, definition)


def workflow_files(place: Path) -> list[Path]:
    """The file itself, or every `.json` file below the folder, by path. Raises UsageProblem when there is none."""
    if not place.is_dir():
        return [place]
    found = sorted(path for path in place.rglob(f"*{SUFFIX}") if path.is_file())
    if not found:
        raise UsageProblem(f"{place} holds no {SUFFIX} file.")
    return found


def read_variables(assignments: Sequence[str], path: Path | None) -> dict[str, Any]:
    """A job's variables: those of the file, replaced by those assigned as `name=value`. Raises UsageProblem."""
    given = {} if path is None else _read_object(path)
    return {**given, **dict(_assignment(text) for text in assignments)}


def _read_object(path: Path) -> dict[str, Any]:
    """The object in a file of JSON or, by its name, of YAML."""
    if path.suffix.lower() not in (".yaml", ".yml"):
        content = _read_json(path)
    else:
        import yaml

        try:
            content = yaml.safe_load(path.read_text("utf-8-sig"))
        except OSError as error:
            raise UsageProblem(f"Cannot read {path}: {error.strerror}.") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise UsageProblem(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(content, dict):
        raise UsageProblem(f"{path} holds no object.", advice='It should look like {"name": "value"}.')
    return content


def _definition(path: Path) -> dict[str, Any]:
    definition = _read_json(path)
    if not isinstance(definition, dict) or "nodes" not in definition:
        raise UsageProblem(f"{path} is no workflow.", advice="A workflow is a JSON object with `nodes`.")
    nodes = definition["nodes"]
    if not isinstance(nodes, dict | list):
        raise UsageProblem(f"{path}: `nodes` is neither an object nor a list.")
    if len(nodes) > MAX_NODES:
        raise UsageProblem(f"{path} has {len(nodes)} nodes; {MAX_NODES} are allowed.")
    return definition


def _read_json(path: Path) -> Any:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UsageProblem(f"{path} has {size} bytes; {MAX_BYTES} are allowed.")
        return json.loads(path.read_text("utf-8-sig"), parse_constant=_refuse)
    except OSError as error:
        raise UsageProblem(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{path} is not text in UTF-8.") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UsageProblem(f"{path} is not JSON: {error.msg} at {where}.") from error
    except (ValueError, RecursionError) as error:
        raise UsageProblem(f"{path} is not JSON: {error}.") from error


def _assigned(path: Path, variables: object, assignments: Sequence[str]) -> dict[str, Any]:
    if variables is not None and not isinstance(variables, dict):
        raise UsageProblem(f"{path}: `variables` is not an object.")
    return {**(variables or {}), **dict(_assignment(text) for text in assignments)}


def _assignment(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageProblem(f"{text}: not NAME=VALUE.", advice="A variable looks like: --var limit=5")
    try:
        return name.strip(), json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return name.strip(), value


def _metadata(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = definition.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is none of its numbers")
