"""`casare up` and `casare serve`: the processes of an installation."""

from typing import Annotated, Literal

import typer

ServeTarget = Literal["auth", "workflows", "dispatcher", "scheduler", "metrics", "gateway"]


def add_to(app: typer.Typer) -> None:
    """Adds the commands to the top level."""
    app.command("up")(up)
    app.command("serve")(serve)


def up(
    distributed: Annotated[
        bool,
        typer.Option(
            "--distributed", help="One process per service, with RabbitMQ and Redis, as in a real installation."
        ),
    ] = False,
) -> None:
    """Start everything on this machine: all services, the gateway, the store and a robot.

    \b
    Examples:
      casare up
      CASARE_PORT=9000 CASARE_DATA_DIR=/var/lib/casare casare up
    """
    from cli.up import main

    raise typer.Exit(main(distributed))


def serve(target: Annotated[ServeTarget, typer.Argument(help="What to run.")]) -> None:
    """Run one service in this process, configured by CASARE_* variables.

    \b
    Examples:
      casare serve dispatcher
    """
    from cli.serve import main

    raise typer.Exit(main(target))
