"""What is known of the server, and since when it is silent."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Snapshot:
    """The latest answer of each source; None: none yet."""

    url: str
    username: str = ""
    parts: dict[str, Any] = field(default_factory=dict)
    at_ms: int | None = None
    """When something was answered last."""
    trouble: str = ""
    """Why there is no answer now; empty when there is."""
    trouble_since_ms: int | None = None

    def answered(self, name: str, answer: Any, now_ms: int) -> None:
        """A source answered."""
        self.parts[name] = answer
        self.at_ms = now_ms
        self.trouble, self.trouble_since_ms = "", None

    def silent(self, reason: str, now_ms: int) -> None:
        """Nobody answered; what was known before stays on the screen, with its age."""
        self.trouble = reason
        if self.trouble_since_ms is None:
            self.trouble_since_ms = now_ms

    def objects(self, name: str, inside: str = "") -> list[dict[str, Any]]:
        """A list of objects that a source answered, or has under `inside`."""
        found = self.parts.get(name)
        if inside:
            found = found.get(inside) if isinstance(found, dict) else None
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def figures(self, name: str) -> dict[str, Any]:
        """The object that a source answered; empty when there is none."""
        found = self.parts.get(name)
        return found if isinstance(found, dict) else {}

    def record(self) -> dict[str, Any]:
        """For programs."""
        return {
            "url": self.url,
            "fleet": self.parts.get("fleet"),
            "robots": self.parts.get("robots"),
            "running_jobs": self.objects("running_jobs", "jobs"),
            "recent": self.parts.get("recent"),
            "activity": self.objects("activity", "events"),
            "dead_letters": self.parts.get("dead_letters"),
        }
