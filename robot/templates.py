"""`{{variable}}`, `{{variable.key}}` and `{{secrets.NAME}}` in the settings of a node."""

import re
from collections.abc import Mapping
from typing import Any

from robot.errors import InvalidConfig, ResultTooLarge, UndefinedVariable
from robot.secrets import NAMESPACE, JobSecrets
from robot.values import MAX_NESTING, ValueTooLarge, size_of, text_of

MAX_TEXT = 1_000_000

_TEMPLATE = re.compile(r"\{\{([^{}]*)\}\}")
_REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[\w-]+)*")


def resolve(value: Any, variables: Mapping[str, Any], secrets: JobSecrets | None = None, *, depth: int = 0) -> Any:
    """Returns `value` with every template in its texts replaced, lists and records included.

    A text that is nothing but one template becomes the variable itself and keeps its type. Raises UndefinedVariable,
    InvalidConfig for what is not a reference (`{{a + b}}`), ResultTooLarge, SecretNotFound, SecretRefused.
    """
    if depth > MAX_NESTING:
        raise InvalidConfig(f"settings nested deeper than {MAX_NESTING} levels")
    if isinstance(value, str):
        return _resolve_text(value, variables, secrets)
    if isinstance(value, list):
        return [resolve(item, variables, secrets, depth=depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: resolve(item, variables, secrets, depth=depth + 1) for key, item in value.items()}
    return value


def _resolve_text(text: str, variables: Mapping[str, Any], secrets: JobSecrets | None) -> Any:
    whole = _TEMPLATE.fullmatch(text)
    if whole is not None:
        return look_up(whole.group(1), variables, secrets)
    parts: list[str] = []
    length = end = 0
    for match in _TEMPLATE.finditer(text):
        filled = _bounded_text(look_up(match.group(1), variables, secrets))
        parts += (text[end : match.start()], filled)
        length += len(filled)
        if length > MAX_TEXT:
            raise ResultTooLarge(f"a text grew beyond {MAX_TEXT:,} characters")
        end = match.end()
    return "".join([*parts, text[end:]])


def _bounded_text(value: Any) -> str:
    try:
        size_of(value, MAX_TEXT)
    except ValueTooLarge as error:
        raise ResultTooLarge(f"a template's value is too large for a text: {error}") from error
    return text_of(value)


def look_up(reference: str, variables: Mapping[str, Any], secrets: JobSecrets | None = None) -> Any:
    """Returns the value of `name`, `name.key` or `name.0`; `secrets.NAME` is always a secret.

    Raises UndefinedVariable, InvalidConfig, SecretNotFound or SecretRefused.
    """
    reference = reference.strip()
    if _REFERENCE.fullmatch(reference) is None:
        raise InvalidConfig(f"{{{{{reference}}}}} is not a variable; compute it in an ExpressionNode")
    name, *keys = reference.split(".")
    if name == NAMESPACE and keys and secrets is not None:
        return secrets.value(".".join(keys))
    if name not in variables:
        raise UndefinedVariable(f"there is no variable {name!r}")
    value = variables[name]
    for key in keys:
        value = _step_into(value, key, reference)
    return value


def _step_into(value: Any, key: str, reference: str) -> Any:
    if isinstance(value, dict) and key in value:
        return value[key]
    if isinstance(value, list) and key.isdecimal() and len(key) < 10 and int(key) < len(value):
        return value[int(key)]
    raise UndefinedVariable(f"{{{{{reference}}}}} has no {key!r}")
