"""Writing to the job's log."""

from robot.nodes.context import NodeContext


def log_line(context: NodeContext, message: str, level: str = "info") -> None:
    """Writes a line, where the engine keeps a log for its nodes."""
    write = getattr(context, "log", None)
    if write is not None:
        write(message, level)
