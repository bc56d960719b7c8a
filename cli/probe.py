"""Asks this container's own service whether it is alive: the image's health check, without curl.

Exit code 0 when `/health/live` answers 200 on `CASARE_PORT` (or on the given port), else 1.
"""

import http.client
import os
import sys
from typing import Final

TIMEOUT_SECONDS: Final = 2.0


def main(arguments: list[str]) -> int:
    """The exit code."""
    port = int(arguments[0]) if arguments else int(os.environ.get("CASARE_PORT", "8000"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health/live")
        return 0 if connection.getresponse().status == http.client.OK else 1
    except OSError as error:
        print(f"no answer on port {port}: {error}", file=sys.stderr)
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
