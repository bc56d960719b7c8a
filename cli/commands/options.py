"""Options and arguments that several commands have."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.completion import complete_job, complete_robot, complete_schedule, complete_workflow
from cli.output import note

JobId = Annotated[str, typer.Argument(metavar="JOB_ID", help="The job's id.", autocompletion=complete_job)]
JobIds = Annotated[list[str], typer.Argument(metavar="JOB_ID...", help="Jobs' ids.", autocompletion=complete_job)]
RobotId = Annotated[str, typer.Argument(metavar="ROBOT_ID", help="The robot's id.", autocompletion=complete_robot)]
RobotIds = Annotated[
    list[str], typer.Argument(metavar="ROBOT_ID...", help="Robots' ids.", autocompletion=complete_robot)
]
ScheduleId = Annotated[
    str, typer.Argument(metavar="SCHEDULE_ID", help="The schedule's id.", autocompletion=complete_schedule)
]
WorkflowRef = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help="The workflow's id or name.", autocompletion=complete_workflow)
]
WorkflowFilter = Annotated[
    str | None,
    typer.Option("--workflow", help="Only of this workflow, by id or name.", autocompletion=complete_workflow),
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]
All = Annotated[bool, typer.Option("--all", help="All of them, whatever --limit says.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Stay until the job has ended; print its result.")]
NameInstead = Annotated[
    str | None, typer.Option("--name", help="Default: metadata.name in the file, or the file's name.")
]
Priority = Annotated[int, typer.Option("--priority", min=0, max=20, help="0 is the highest.")]
OwnPriority = Annotated[
    int | None, typer.Option("--priority", min=0, max=20, help="0 is the highest. Default: the workflow's.")
]


class ExecutionMode(StrEnum):
    """Where it may run."""

    LAN = "lan"
    INTERNET = "internet"


Mode = Annotated[ExecutionMode, typer.Option("--execution-mode", help="Where it may run.")]


def note_hidden(n_hidden: int | None) -> None:
    """Says that there is more than was asked for, if there is; None: nobody knows how many."""
    if n_hidden is None:
        note("… and more; --limit or --all shows them.")
    elif n_hidden:
        note(f"… and {n_hidden} more; --limit or --all shows them.")
