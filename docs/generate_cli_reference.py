"""Writes `docs/cli.md` from the command itself: every command, its arguments, options, defaults, help and examples."""

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from textwrap import TextWrapper
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

import typer
from typer.core import TyperGroup

from cli.main import app

PAGE: Final = Path(__file__).with_name("cli.md")
PROGRAM: Final = "casare"
EXAMPLES: Final = "Examples:"
WIDTH: Final = 120
_ADDED_BY_TYPER: Final = ("help", "install_completion", "show_completion")

INTRODUCTION: Final = """\
# The `casare` command

<!-- Written by docs/generate_cli_reference.py from the command itself. Do not edit: change the command, then run
     `.venv/bin/python docs/generate_cli_reference.py`. -->

`casare --help` and `casare COMMAND --help` say the same in the terminal.

## In general

- **Output.** stdout has the answer, stderr what is said about it: progress, notes, errors. `-o json` and `-o yaml`
  print the answer as the server sent it; lists print their entries alone, however many pages they came in, and
  `job logs --follow` prints one entry after the other, a line each as JSON.
- **Colours and bars** appear on a terminal only. `--no-color`, or `NO_COLOR` in the environment, forbids colours.
- **`--profile NAME`** (or `-p`, or `CASARE_PROFILE`) and **`--no-color`** may stand anywhere in a command.
- **Questions** are asked on a terminal only. Elsewhere what would be lost without `--yes` is refused with exit code 2.
- **Workflows** may be named by their id or by their name, where only one is called so.
- **Durations** are `90s`, `10m`, `24h`, `7d`; a day has 24 hours. Times have an offset, `2027-01-31T09:00:00Z`.
- **Repeats.** What fails in passing is tried again, with the same `Idempotency-Key` where something is created: a lost
  answer never makes a second job. Ctrl-C ends the watching of a job, not the job.

### Which server, as whom

`casare login` keeps a login in `casare/profiles.json` below `XDG_CONFIG_HOME` (else `~/.config`), readable by nobody
else. With `--profile NAME` it gets that name; without one it is called by the server's address. A command uses, in this
order: the profile that is named; `CASARE_URL`, with a login made there; the profile in use, which is that of the last
login, or of `casare profile use`; `http://127.0.0.1:8000`. Tokens are renewed as needed, and sent to no other server.

### Exit codes

| Code | Means |
|---|---|
| 0 | done |
| 1 | the job or the operation failed, or somebody said no |
| 2 | wrong usage, input or configuration |
| 3 | not logged in, or not allowed |
| 4 | no such thing |
| 5 | the server cannot be reached, or cannot answer now |
| 130 | interrupted by Ctrl-C |
| 141 | nobody reads the output any more, as after `casare job list --all \\| head` |

### Completion

`casare --install-completion` teaches the shell in use (bash, zsh, fish, PowerShell) to complete commands, options, and
the ids and names of workflows, jobs, robots, schedules and profiles; `--show-completion` prints what it would install.
Ids are asked of the server with the login at hand: within 0.3 seconds, or not at all.
"""


@dataclass(frozen=True, slots=True)
class Described:
    """One command with the words that lead to it."""

    words: tuple[str, ...]
    command: Any

    @property
    def name(self) -> str:
        """As it is typed."""
        return " ".join((PROGRAM, *self.words))

    @property
    def paragraphs(self) -> list[str]:
        """What its help says, without the examples."""
        return [" ".join(text.split()) for text in self._help() if not text.startswith(("\b", EXAMPLES))]

    @property
    def examples(self) -> list[str]:
        """Its examples, as they are typed."""
        blocks = [text.removeprefix("\b").strip() for text in self._help()]
        lines = [line.strip() for block in blocks if block.startswith(EXAMPLES) for line in block.splitlines()[1:]]
        return [line for line in lines if line]

    def _help(self) -> list[str]:
        return inspect.cleandoc(self.command.help or "").split("\n\n")


def described() -> Iterator[Described]:
    """Every command, in the order in which the help lists them."""
    yield from _below((), typer.main.get_command(app))


def groups() -> Iterator[Described]:
    """Every group of commands."""
    yield from _groups_below((), typer.main.get_command(app))


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, _general_options(), "## Commands", ""]
    titles = {group.words: group for group in groups()}
    last: tuple[str, ...] = ()
    for one in described():
        if one.words[:1] != last and one.words[:1] in titles:
            parts += [f"### casare {one.words[0]}", "", " ".join(titles[one.words[:1]].paragraphs), ""]
        last = one.words[:1]
        parts += [*_section(one)]
    return "\n".join(parts).rstrip() + "\n"


def _below(words: tuple[str, ...], command: Any) -> Iterator[Described]:
    if not isinstance(command, TyperGroup):
        yield Described(words, command)
        return
    for name, child in command.commands.items():
        yield from _below((*words, name), child)


def _groups_below(words: tuple[str, ...], command: Any) -> Iterator[Described]:
    if isinstance(command, TyperGroup):
        if words:
            yield Described(words, command)
        for name, child in command.commands.items():
            yield from _groups_below((*words, name), child)


def _general_options() -> str:
    root = typer.main.get_command(app)
    rows = [_row(option) for option in root.params if option.name not in _ADDED_BY_TYPER[:1]]
    return "\n".join(["### Options of all commands", "", "| Option | Default | Meaning |", "|---|---|---|", *rows, ""])


def _section(one: Described) -> Iterator[str]:
    depth = "####" if len(one.words) > 1 else "###"
    yield f"{depth} {one.name}"
    yield ""
    yield from (_wrapped(one), "")
    arguments = [parameter for parameter in one.command.params if parameter.param_type_name == "argument"]
    options = [
        parameter
        for parameter in one.command.params
        if parameter.param_type_name == "option" and parameter.name not in _ADDED_BY_TYPER
    ]
    yield from (
        "```text",
        " ".join([one.name, *(["[OPTIONS]"] if options else []), *map(_usage, arguments)]),
        "```",
        "",
    )
    if arguments:
        yield from ("| Argument | Meaning |", "|---|---|")
        yield from (f"| `{_cell(_metavar(argument))}` | {_cell(_help_of(argument))} |" for argument in arguments)
        yield ""
    if options:
        yield from ("| Option | Default | Meaning |", "|---|---|---|", *map(_row, options), "")
    if one.examples:
        yield from ("```sh", *one.examples, "```", "")


def _wrapped(one: Described) -> str:
    wrap = TextWrapper(WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n\n".join(wrap.fill(paragraph) for paragraph in one.paragraphs)


def _usage(argument: Any) -> str:
    name = _metavar(argument)
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _metavar(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _row(option: Any) -> str:
    flags = [*option.opts, *option.secondary_opts]
    value = "" if option.is_flag else f" {_value(option)}"
    names = ", ".join(f"`{flag}{value if flag.startswith('--') else ''}`" for flag in flags)
    required = "**required.** " if option.required else ""
    return f"| {_cell(names)} | {_cell(_default(option))} | {required}{_cell(_help_of(option))} |"


def _value(option: Any) -> str:
    """What stands for the option's value."""
    if option.metavar:
        return str(option.metavar)
    choices = option.type_descriptor.choices
    if choices:
        return "|".join(str(choice.value if isinstance(choice, Enum) else choice) for choice in choices)
    if option.type_descriptor.is_ranged:
        return _range(option.type_descriptor.parameter_info)
    return "PATH" if option.type_descriptor.is_path else "TEXT"


def _range(bounds: Any) -> str:
    """`0..20`, or `1..` where there is no most."""
    least = "" if bounds.min is None else f"{bounds.min:g}"
    most = "" if bounds.max is None else f"{bounds.max:g}"
    return f"{least}..{most}"


def _default(option: Any) -> str:
    default = option.default
    if default is None or default is False or default == [] or option.required:
        return ""
    if default is True:
        return f"`{option.opts[0]}`"
    return f"`{default.value if isinstance(default, Enum) else default}`"


def _help_of(parameter: Any) -> str:
    """Its meaning, with the variable that sets it and the bounds of a number."""
    text = " ".join((parameter.help or "").split())
    choices = parameter.type_descriptor.choices if parameter.param_type_name == "argument" else None
    if choices:
        text = f"{text} One of {', '.join(f'`{choice}`' for choice in choices)}."
    envvar = getattr(parameter, "envvar", None)
    return f"{text} Variable: `{envvar}`." if envvar else text


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
