"""Writes `docs/configuration.md` from the settings classes: `.venv/bin/python docs/generate_configuration.py`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic_settings import BaseSettings

from cli.targets import TARGETS
from cli.up_settings import UpSettings
from robot.settings import RobotSettings
from shared.config import ServiceSettings

PAGE: Final = Path(__file__).with_name("configuration.md")
PREFIX: Final = "CASARE_"
NOTHING: Final = "–"

MEANINGS: Final[Mapping[str, str]] = {
    "CASARE_ENVIRONMENT": "`production` refuses default secrets and writes JSON logs",
    "CASARE_MONGODB_DATABASE": "name of the database",
    "CASARE_PORT": "port to listen on",
    "CASARE_LOG_LEVEL": "least severe log lines that are written: `DEBUG`, `INFO`, `WARNING` or `ERROR`",
    "CASARE_LOCAL_ROBOT_ID": "id of the robot that is started beside the services",
    "CASARE_ACCESS_TOKEN_SECONDS": "how long an access token is good for",
    "CASARE_REFRESH_TOKEN_SECONDS": "how long a refresh token is good for",
    "CASARE_PASSWORD_ITERATIONS": "iterations of one password hash (argon2id)",
    "CASARE_PASSWORD_PARALLELISM": "lanes of one password hash (argon2id)",
    "CASARE_ROBOT_URL": "the server; `casare robot run --url` overrides it",
    "CASARE_ROBOT_API_KEY": "the robot's key, from `casare key create`",
    "CASARE_ROBOT_API_KEY_FILE": "file with the key, where `CASARE_ROBOT_API_KEY` is not set",
    "CASARE_ROBOT_ID": "id of this robot; without one, the machine's host name",
    "CASARE_ROBOT_NAME": "what people read; without one, the id",
    "CASARE_ROBOT_ENVIRONMENT": "the environment whose jobs it takes",
    "CASARE_ROBOT_CAPABILITIES": "what it can do; jobs may require it",
    "CASARE_ROBOT_TAGS": "what it is labelled with; jobs may require it",
    "CASARE_ROBOT_MAX_CONCURRENT_JOBS": "jobs at a time",
    "CASARE_ROBOT_WORKDIR": "existing folder in which workflows read and write files",
    "CASARE_ROBOT_ALLOW_ANY_PATH": "whether workflows may leave that folder",
    "CASARE_ROBOT_MAX_STEPS": "nodes one job may execute, each pass of a loop counted",
    "CASARE_ROBOT_WAIT_SECONDS": "how long one request for work waits at the server",
    "CASARE_ROBOT_VISIBILITY_TIMEOUT_SECONDS": "length of a job's lease",
    "CASARE_ROBOT_LEASE_EXTENSION_INTERVAL_SECONDS": "how often a lease is extended; without it, thrice per lease",
    "CASARE_ROBOT_HEARTBEAT_INTERVAL_SECONDS": "pause between heartbeats",
    "CASARE_ROBOT_CLAIM_INTERVAL_SECONDS": "least time between two requests that brought no work",
    "CASARE_ROBOT_PROGRESS_INTERVAL_SECONDS": "least time between two progress reports of a job",
    "CASARE_ROBOT_REQUEST_TIMEOUT_SECONDS": "how long an answer may take, beyond what a request waits for work",
    "CASARE_ROBOT_RETRY_FIRST_SECONDS": "pause after a first failed request; doubles each time",
    "CASARE_ROBOT_RETRY_CAP_SECONDS": "longest such pause",
    "CASARE_ROBOT_GRACE_SECONDS": "what running jobs get to finish when the robot is stopped; then they are released",
}
"""What a variable is for, where its settings class does not say."""

INTRODUCTION: Final = """\
# Configuration

<!-- Written by docs/generate_configuration.py from the settings classes. Do not edit: change the class, then run
     `.venv/bin/python docs/generate_configuration.py`. -->

Everything is configured by environment variables. Each section lists what one process reads. `casare up` runs all of
them and passes its whole environment on, so every variable on this page can be set for `make run` too; it chooses only
the addresses and ports of the services behind the gateway itself.

- An empty variable counts as not set. A wrong value stops the process with a line that names the variable, exit code 2.
- Except for the robot's and the command's, each variable `CASARE_X` may come from a file instead: `CASARE_X_FILE` is
  its path, as container secrets are mounted. When both are set, `CASARE_X` wins.
- `casare config` prints what is in force for the services and the gateway, with secrets hidden.
- With `CASARE_ENVIRONMENT=production` a process refuses to start with a default `CASARE_INTERNAL_KEY` or
  `CASARE_TOKEN_SIGNING_KEY`, and auth is not ready without `CASARE_ADMIN_PASSWORD` while there is no user.
- `casare up` generates these secrets on its first start and keeps them in the data folder, except in production.
"""

LOCAL_ROBOT: Final = (
    "The robot that `casare up` starts reads them too, except for its address, key, id, name, jobs at a time and grace."
    "\n\n"
    "`CASARE_SECRET_<NAME>` is what `{{secrets.NAME}}` in a workflow stands for."
)

COMMAND: Final = """\
## The `casare` command

What the commands that talk to a server read.

| Variable | Meaning |
|---|---|
| `CASARE_URL` | the server; without it, that of the profile in use, or `http://127.0.0.1:8000` |
| `CASARE_PROFILE` | the login to use, by its name, as `--profile` says it; its server wins over `CASARE_URL` |
| `CASARE_PASSWORD` | password for `casare login`; without it, a prompt |
| `CASARE_ADMIN_PASSWORD` | the same for the user `admin`, where `CASARE_PASSWORD` is not set |
| `XDG_CONFIG_HOME` | logins are kept in `profiles.json` in its folder `casare`; without it, in that of `~/.config` |
| `NO_COLOR` | set to anything: no colours |

## The Python client

What `casare.Client()` reads where it is not told by argument; see [the client](sdk.md).

| Variable | Meaning |
|---|---|
| `CASARE_URL` | the server; without it, that of the last login, or `http://127.0.0.1:8000` |
| `CASARE_PROFILE` | the stored login to use, and its server; `CASARE_URL` does not count then |
| `CASARE_TOKEN` | an access token, used as it is; `CASARE_TOKEN_FILE` is a file with it |
| `CASARE_USERNAME` | the user to log in as, where `CASARE_TOKEN` is not set; without both, the stored login |
| `CASARE_PASSWORD` | the user's password; `CASARE_PASSWORD_FILE` is a file with it |
| `XDG_CONFIG_HOME` | where the stored logins are, as above |

## Tests

Where the suite finds its backends; see [CONTRIBUTING](../CONTRIBUTING.md#where-the-tests-backends-come-from).

| Variable | Meaning |
|---|---|
| `CASARE_TEST_AMQP_URL` | a RabbitMQ |
| `CASARE_TEST_REDIS_URL` | a Redis |
| `CASARE_TEST_MONGODB_URL` | a MongoDB, for the conformance suite |
| `CI` | `true`: a test whose backend is missing fails instead of being skipped |
"""


@dataclass(frozen=True, slots=True)
class Section:
    """One table: a process and what it reads beyond the variables of every process."""

    title: str
    introduction: str
    settings: type[BaseSettings]
    prefix: str = PREFIX


@dataclass(frozen=True, slots=True)
class Variable:
    """One row."""

    name: str
    default: str
    values: str
    description: str
    """What the settings class says; may be empty."""

    @property
    def meaning(self) -> str:
        """What the variable is for; empty when nobody says."""
        return self.description or MEANINGS.get(self.name, "")


SECTIONS: Final = (
    Section("Every service and the gateway", "", ServiceSettings),
    Section("`casare up`", "`make run` and `make up-local`.", UpSettings),
    *(Section(f"`casare serve {name}`", "", target.settings) for name, target in TARGETS.items()),
    Section("`casare robot run`", LOCAL_ROBOT, RobotSettings, "CASARE_ROBOT_"),
)


def variables(section: Section) -> Iterator[Variable]:
    """The section's variables, in the order of the class, without those that every process reads alike."""
    schema = section.settings.model_json_schema()
    shared: dict[str, Any] = {}
    if section.settings is not ServiceSettings and issubclass(section.settings, ServiceSettings):
        shared = ServiceSettings.model_json_schema()["properties"]
    for name, spec in schema["properties"].items():
        if spec != shared.get(name):
            kind = _kind(spec, schema.get("$defs", {}))
            description = spec.get("description", "")
            yield Variable(f"{section.prefix}{name.upper()}", _default(spec), _values(kind), description)


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(_table(section) for section in SECTIONS), COMMAND])


def _table(section: Section) -> str:
    rows = [
        f"| `{variable.name}` | {variable.default} | {variable.values} | {_cell(variable.meaning)} |"
        for variable in variables(section)
    ]
    head = ["| Variable | Default | Values | Meaning |", "|---|---|---|---|"]
    introduction = [section.introduction, ""] if section.introduction else []
    return "\n".join([f"## {section.title}", "", *introduction, *head, *rows, ""])


def _kind(spec: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of the value itself: behind a reference, or what is not null."""
    options = [option for option in spec.get("anyOf", [spec]) if option.get("type") != "null"]
    reference = options[0].get("$ref", "").rsplit("/", 1)[-1]
    kind: Mapping[str, Any] = definitions[reference] if reference else options[0]
    return kind


def _default(spec: Mapping[str, Any]) -> str:
    default = spec.get("default")
    if default in (None, "", []):
        return NOTHING
    if spec.get("writeOnly"):
        return "one for development"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def _values(kind: Mapping[str, Any]) -> str:
    if "enum" in kind:
        return " or ".join(f"`{value}`" for value in kind["enum"])
    if kind.get("format") == "password":
        return "secret text"
    if kind.get("format") == "path":
        return "path"
    names = {"boolean": "`true` or `false`", "array": "names, separated by commas", "string": "text"}
    return names.get(kind["type"]) or ", ".join([kind["type"], *_bounds(kind)])


def _bounds(kind: Mapping[str, Any]) -> Iterator[str]:
    least, most = kind.get("minimum"), kind.get("maximum")
    if least is not None and most is not None:
        yield f"{least} to {most}"
        return
    if least is not None:
        yield f"at least {least}"
    if "exclusiveMinimum" in kind:
        yield f"above {kind['exclusiveMinimum']:g}"
    if most is not None:
        yield f"at most {most:g}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
