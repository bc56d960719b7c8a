"""Bodies as JSON."""

import json


def encode_json(body: object) -> bytes:
    """`body` as JSON in UTF-8. Raises ValueError when a number in it is none of JSON's."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: JSON's escapes carry it to the server, who decides
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
