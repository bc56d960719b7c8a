"""`casare config`: the settings in force."""

import re
from typing import Annotated, Final

import typer

from cli.commands.processes import ServeTarget
from cli.failures import UsageProblem
from cli.output import Output, OutputFormat, print_answer, print_table

_CREDENTIALS: Final = re.compile(r"(?<=://)[^/\s]*@")


def add_to(app: typer.Typer) -> None:
    """Adds the command to the top level."""
    app.command("config")(config)


def config(
    target: Annotated[ServeTarget | None, typer.Argument(help="Of this process only; without it, of all.")] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Print the settings in force, with secrets hidden.

    \b
    Examples:
      casare config
      casare config dispatcher -o yaml
    """
    from cli.targets import TARGETS
    from shared.config import SettingsError, describe, load

    shown: dict[str, dict[str, str]] = {}
    for name in [target] if target else TARGETS:
        try:
            settings = describe(load(TARGETS[name].settings))
        except SettingsError as error:
            raise UsageProblem(f"{name}: {error}.") from error
        shown[name] = {variable: _without_credentials(value) for variable, value in settings.items()}
    print_answer(shown, output, lambda _: print_table(("VARIABLE", "VALUE", "READ BY"), _merged(shown)))


def _merged(shown: dict[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    """A row per variable and value, with all who read it so."""
    readers: dict[tuple[str, str], list[str]] = {}
    for name, settings in shown.items():
        for variable, value in settings.items():
            readers.setdefault((variable, value), []).append(name)
    return [
        (variable, value, "all" if len(names) == len(shown) > 1 else ", ".join(names))
        for (variable, value), names in sorted(readers.items())
    ]


def _without_credentials(value: str) -> str:
    return _CREDENTIALS.sub("•••@", value)
