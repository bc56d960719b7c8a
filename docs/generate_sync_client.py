"""Writes `casare/_sync`: the client for code without asyncio, made from `casare/_async` word by word.

.venv/bin/python docs/generate_sync_client.py
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = ROOT / "casare" / "_async"
TARGET: Final = ROOT / "casare" / "_sync"

HEADER: Final = "# Made from `casare/_async/{name}` by `docs/generate_sync_client.py`. Do not edit.\n"
TIMING: Final = '''\
"""Waiting and taking turns, for threads."""

import threading
import time
from typing import TypeVar

T = TypeVar("T")

Lock = threading.Lock
sleep = time.sleep


def take_turn(turn: threading.Lock, within_seconds: float) -> bool:
    """Whether the lock is held now; False when others kept it for so long."""
    return turn.acquire(timeout=min(within_seconds, threading.TIMEOUT_MAX))


def to_its_end(done: T) -> T:
    """What was done: nobody cancels a thread."""
    return done
'''
PACKAGE: Final = '"""The client for code without asyncio."""\n'
WRITTEN_ANEW: Final = {"timing.py": TIMING, "__init__.py": PACKAGE}
WORDS: Final = (
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\baclose\b", "close"),
    (r"\baread\b", "read"),
    (r"\baiter_bytes\b", "iter_bytes"),
    (r"\basync_token_source\b", "token_source"),
    (r"\bcasare\._async\b", "casare._sync"),
    (r"\bAsync([A-Z]\w*)", r"\1"),
    (r"  # noqa: ASYNC109 \([^)]*\)", ""),
)


def modules() -> Iterator[tuple[Path, str]]:
    """Each file of `casare/_sync`, and what belongs into it."""
    for source in sorted(SOURCE.glob("*.py")):
        text = WRITTEN_ANEW.get(source.name) or _translated(source.read_text("utf-8"))
        yield TARGET / source.name, _tidy(HEADER.format(name=source.name) + text)


def _translated(text: str) -> str:
    for pattern, replacement in WORDS:
        text = re.sub(pattern, replacement, text)
    return text


def _tidy(text: str) -> str:
    """Names have become shorter: imports in order, lines as long as they may be."""
    for words in (("check", "--select", "I,UP028", "--fix-only", "--unsafe-fixes", "--quiet"), ("format",)):
        command = [str(Path(sys.executable).with_name("ruff")), *words, "--stdin-filename", "casare/_sync/any.py", "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout  # noqa: S603 (our own words)
    return text


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    for path, content in modules():
        path.write_text(content, "utf-8")
