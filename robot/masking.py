"""Hiding the values of secrets in everything that leaves the robot."""

import base64
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 4
"""A secret of fewer characters cannot be hidden: it would turn up everywhere by chance."""
_SHORTEST_LINE = 8
_SHORTEST_ENCODED = 6


class Masker:
    """Replaces the secrets it has learnt by `***`, also where they are encoded or part of a longer text."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, secret: str) -> None:
        """Hides this secret from now on: as it is, line by line, and in its common encodings."""
        if secret in self._forms:
            return
        self._forms.update(_forms(secret))
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def text(self, text: str) -> str:
        """Returns the text without any secret."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def mask(self, value: Any) -> Any:
        """Returns the value without any secret in its texts, keys included; itself while there is nothing to hide."""
        return value if self._pattern is None else self._masked(value)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self._masked(key): self._masked(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._masked(each) for each in value]
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            # A numeric secret that came back from JSON as a number.
            return MASK if str(value) in self._forms else value
        return value


def _forms(secret: str) -> set[str]:
    pieces = {secret, secret.strip(), *(line.strip() for line in secret.splitlines() if len(line) >= _SHORTEST_LINE)}
    return {form for piece in pieces for form in (piece, *_encodings(piece)) if len(form) >= SHORTEST}


def _encodings(text: str) -> Iterator[str]:
    for encoded in (quote(text, safe=""), quote(text), quote_plus(text)):
        yield encoded
        yield re.sub("%..", lambda match: match[0].lower(), encoded)
    for ascii_only in (True, False):
        yield json.dumps(text, ensure_ascii=ascii_only)[1:-1]
    # As messages quote names: by repr(), with and without the quotation marks escaped.
    yield from (repr(text)[1:-1], repr("'\"" + text)[4:-1])
    yield escape(text)
    raw = text.encode("utf-8", "replace")
    yield from (raw.hex(), raw.hex().upper())
    yield from _base64_forms(raw)


def _base64_forms(raw: bytes) -> Iterator[str]:
    """What the bytes become wherever in an encoded text they begin, as in `user:password` of an HTTP header.

    Characters that also depend on the bytes around them are left out.
    """
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw).decode()
        first = -(-before * 4 // 3)
        last = (before + len(raw)) * 8 // 6
        part = whole[first:last]
        if len(part) >= _SHORTEST_ENCODED:
            yield part
            yield part.translate(str.maketrans("+/", "-_"))
