"""`casare config`: the settings in force, and where each comes from."""

import os
import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import typer

from cli.failures import UsageProblem
from cli.output import Output, OutputFormat, print_answer, print_table

ConfigTarget = Literal["up", "auth", "workflows", "dispatcher", "scheduler", "metrics", "gateway"]
Shown = dict[str, dict[str, dict[str, str]]]
"""By process and variable: `value`, with secrets hidden, and `source`."""

_CREDENTIALS: Final = re.compile(r"(?<=://)[^/\s]*@")


def add_to(app: typer.Typer) -> None:
    """Adds the command to the top level."""
    app.command("config")(config)


def config(
    target: Annotated[ConfigTarget | None, typer.Argument(help="Of this process only; without it, of all.")] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Print the settings in force and where each comes from, with secrets hidden.

    A source is `environment`, `file PATH` (of a CASARE_…_FILE variable) or `default`. What `casare up` generates or
    finds at its start is not seen from here; `casare doctor` looks at a running one.

    \b
    Examples:
      casare config
      casare config dispatcher -o yaml
    """
    from cli.targets import TARGETS
    from cli.up_settings import UpSettings
    from shared.config import ServiceSettings, SettingsError, describe, load

    classes: dict[str, type[ServiceSettings]] = {
        "up": UpSettings,
        **{name: each.settings for name, each in TARGETS.items()},
    }
    shown: Shown = {}
    for name in [target] if target else classes:
        try:
            settings = describe(load(classes[name]))
        except SettingsError as error:
            advice = "Correct it; `casare doctor` checks everything at once."
            raise UsageProblem(f"{name}: {error}.", advice=advice) from error
        shown[name] = {
            variable: {"value": _without_credentials(value), "source": source_of(variable)}
            for variable, value in settings.items()
        }
    print_answer(shown, output, lambda _: print_table(("VARIABLE", "VALUE", "SOURCE", "READ BY"), _merged(shown)))


def source_of(variable: str, environ: Mapping[str, str] = os.environ) -> str:
    """Where the setting's value comes from. An empty variable counts as not set; a variable wins over its file."""
    if environ.get(variable):
        return "environment"
    path = environ.get(f"{variable}_FILE")
    return f"file {path}" if path else "default"


def _merged(shown: Shown) -> list[tuple[str, str, str, str]]:
    """A row per variable and value, with all who read it so."""
    readers: dict[tuple[str, str, str], list[str]] = {}
    for name, settings in shown.items():
        for variable, setting in settings.items():
            readers.setdefault((variable, setting["value"], setting["source"]), []).append(name)
    return [
        (variable, value, source, "all" if len(names) == len(shown) > 1 else ", ".join(names))
        for (variable, value, source), names in sorted(readers.items())
    ]


def _without_credentials(value: str) -> str:
    return _CREDENTIALS.sub("•••@", value)
