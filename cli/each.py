"""One action on several things: what fails does not keep the others from being done."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import typer

from cli.client.api import Answer
from cli.failures import AccessDenied, CommandFailed, ExitCode, ServerUnavailable
from cli.output import fail


@dataclass
class Outcomes:
    """The answers of those that succeeded, and the exit code of the first that failed."""

    answers: list[Answer] = field(default_factory=list)
    exit_code: int = ExitCode.OK

    def finish(self) -> None:
        """Ends the command with the exit code of the failure, if there was one."""
        if self.exit_code != ExitCode.OK:
            raise typer.Exit(self.exit_code)


def for_each(ids: Iterable[str], action: Callable[[str], Answer]) -> Outcomes:
    """Does `action` for each id; a failure is said at once. What would fail for all alike ends it: raised as it is."""
    outcomes = Outcomes()
    for one in ids:
        try:
            outcomes.answers.append(action(one))
        except (AccessDenied, ServerUnavailable):
            raise
        except CommandFailed as failure:
            fail(str(failure), failure.advice)
            outcomes.exit_code = outcomes.exit_code or failure.exit_code
    return outcomes
