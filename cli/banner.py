"""What `casare up` prints once everything runs."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 9


@dataclass(frozen=True, slots=True)
class Banner:
    """The addresses and facts a newcomer needs."""

    base_url: str
    data_folder: str
    robot: str
    admin: str
    extra: Sequence[tuple[str, str]] = ()

    def render(self) -> str:
        """The lines, aligned."""
        rows = [
            ("API", f"{self.base_url}/api/v1"),
            ("Docs", f"{self.base_url}/docs"),
            ("Metrics", f"{self.base_url}/metrics"),
            *self.extra,
            ("Data", self.data_folder),
            ("Robot", self.robot),
            ("Admin", self.admin),
        ]
        lines = [f"  {name:<{WIDTH}}{value}" for name, value in rows]
        return "\n".join(["", "Casare is running.", "", *lines, "", "Stop with Ctrl-C.", ""])
