"""The program of a PythonNode: code and inputs come as JSON by stdin, the result goes as JSON to the descriptor that
its one argument names.

Imports nothing but the standard library: it runs isolated, in a process of its own.
"""

import json
import os
import sys
import traceback


def _where(error: Exception) -> str:
    lines = [each.lineno for each in traceback.extract_tb(error.__traceback__) if each.filename == "<node>"]
    return f" (line {lines[-1]})" if lines else ""


def main() -> None:
    """Runs the code and tells what it left in `result`, or how it failed."""
    task = json.loads(sys.stdin.buffer.read())
    names = {"__name__": "__main__", "inputs": task["inputs"], "result": None}
    try:
        # Whoever configured the robot has allowed this.
        exec(compile(task["code"], "<node>", "exec"), names)  # noqa: S102 (what a PythonNode is for)
        answer = json.dumps({"result": names["result"]}, allow_nan=False)
    except Exception as error:  # noqa: BLE001 (told to the robot as the node's failure)
        answer = json.dumps({"error": f"{type(error).__name__}: {error}{_where(error)}"})
    sys.stdout.flush()
    with os.fdopen(int(sys.argv[1]), "w") as out:
        out.write(answer)


if __name__ == "__main__":
    main()
