"""Runs patterns for a robot: one JSON request per line on stdin, one JSON answer per line on stdout.

Stands alone: it is started by its path, without the project, site packages or environment.
"""

import json
import re
import sys
from collections.abc import Iterable
from typing import Any

MAX_MEMORY = 1_000_000_000
MAX_ITEMS = 100_000
MAX_TEXT = 10_000_000
FLAGS = {"ignore_case": re.IGNORECASE, "multiline": re.MULTILINE, "dot_all": re.DOTALL, "ascii": re.ASCII}


class TooMuch(Exception):
    """The answer is larger than a workflow may hold."""


def found(match: "re.Match[str]") -> dict[str, Any]:
    return {
        "match": match.group(),
        "groups": list(match.groups()),
        "named": match.groupdict(),
        "start": match.start(),
        "end": match.end(),
    }


def bounded(items: Iterable[Any], most: int) -> list[Any]:
    chosen: list[Any] = []
    size = 0
    for item in items:
        chosen.append(item)
        size += len(item["match"] if isinstance(item, dict) else item or "") + 1
        if len(chosen) > most or size > MAX_TEXT:
            raise TooMuch
    return chosen


def replaced(pattern: "re.Pattern[str]", text: str, replacement: str, count: int) -> dict[str, Any]:
    # What grows beyond this process's memory ends in MemoryError.
    new, times = pattern.subn(replacement, text, count=count)
    if len(new) > MAX_TEXT:
        raise TooMuch
    return {"text": new, "count": times}


def split(pattern: "re.Pattern[str]", text: str, count: int) -> list[Any]:
    return bounded(pattern.split(text, maxsplit=count or MAX_ITEMS), 2 * MAX_ITEMS)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        flags = sum(FLAGS[name] for name in request["flags"])
        pattern = re.compile(request["pattern"], flags)
        text, verb = request["text"], request["verb"]
        if verb == "first":
            match = pattern.fullmatch(text) if request["full"] else pattern.search(text)
            return {"value": found(match) if match else None}
        if verb == "all":
            return {"value": bounded((found(match) for match in pattern.finditer(text)), MAX_ITEMS)}
        if verb == "replace":
            return {"value": replaced(pattern, text, request["replacement"], request["count"])}
        return {"value": split(pattern, text, request["count"])}
    except (re.error, IndexError, OverflowError, RecursionError) as error:
        return {"error": "pattern", "detail": str(error)[:200]}
    except (TooMuch, MemoryError):
        return {"error": "size", "detail": ""}


def limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


if __name__ == "__main__":
    limit_memory()
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.dumps(answer(json.loads(line))).encode() + b"\n")
        sys.stdout.buffer.flush()
