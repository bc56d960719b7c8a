"""Checks of what processes read: variables, secret files, the data folder."""

import difflib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from cli.data_folder import DataFolder
from cli.doctor.findings import Check, Finding, State, without_credentials
from cli.doctor.surroundings import Surroundings
from cli.targets import TARGETS
from cli.up_settings import UpSettings
from robot.settings import RobotSettings
from shared.config import Environment, InsecureSecret, ServiceSettings, SettingsError, load
from shared.config.settings import PREFIX

AREA: Final = "configuration"
ROBOT_PREFIX: Final = "CASARE_ROBOT_"
OF_COMMANDS: Final = ("CASARE_URL", "CASARE_PASSWORD", "CASARE_PROFILE")
OF_TESTS: Final = f"{PREFIX}TEST_"
_FILE: Final = "_FILE"
_READABLE_BY_OTHERS: Final = 0o077
_MOUNTED_SECRETS: Final = (Path("/run/secrets"), Path("/var/run/secrets"))
_MEGABYTE: Final = 1_000_000
FULL_MB: Final = 200
NEARLY_FULL_MB: Final = 2_000


def checks(around: Surroundings) -> list[Check]:
    """All of this area."""

    async def settings() -> Sequence[Finding]:
        return [*_settings(around), _secrets(around)]

    async def names() -> Sequence[Finding]:
        return list(_unknown(around.environ))

    async def files() -> Sequence[Finding]:
        return list(_secret_files(around.environ))

    async def folder() -> Sequence[Finding]:
        return [_folder(around), _disk(around.folder)]

    return [
        Check(AREA, "settings", settings),
        Check(AREA, "variables", names),
        Check(AREA, "secret files", files),
        Check(AREA, "data folder", folder),
    ]


def settings_classes() -> dict[str, type[ServiceSettings]]:
    """What each process reads, by the process' name."""
    return {"up": UpSettings, **{name: target.settings for name, target in TARGETS.items()}}


def _settings(around: Surroundings) -> Iterator[Finding]:
    wrong: dict[str, list[str]] = {}
    classes = settings_classes()
    for name, settings_class in classes.items():
        try:
            load(settings_class)
        except InsecureSecret:
            continue  # told apart: see `_secrets`
        except SettingsError as error:
            for line in str(error).split("; "):
                wrong.setdefault(line, []).append(name)
    for line, readers in wrong.items():
        detail = without_credentials(f"{line} (read by {', '.join(readers)})")
        yield Finding(AREA, "settings", State.FAILED, detail, "Correct it: see docs/configuration.md.")
    if any(name.startswith(ROBOT_PREFIX) for name in around.environ):
        yield _robot()
    if not wrong:
        yield Finding(AREA, "settings", State.OK, f"{len(classes)} processes' settings can be read")


def _robot() -> Finding:
    try:
        RobotSettings()
    except ValidationError as error:
        lines = [f"{ROBOT_PREFIX}{'.'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()]
        return Finding(AREA, "robot", State.FAILED, "; ".join(lines), "Correct it: see docs/configuration.md.")
    return Finding(AREA, "robot", State.OK, "a robot's settings can be read")


def _secrets(around: Surroundings) -> Finding:
    """What production refuses; a laptop may have it."""
    refused = []
    for settings_class in settings_classes().values():
        try:
            load(settings_class)
        except InsecureSecret as error:
            refused.append(str(error))
        except SettingsError:
            continue
    if refused:
        return Finding(
            AREA, "secrets", State.FAILED, refused[0], "Make one with `openssl rand -base64 32`, the same for all."
        )
    if around.settings.environment is Environment.PRODUCTION:
        return Finding(AREA, "secrets", State.OK, "production's own")
    weak = sorted(set(around.settings.default_secrets()))
    if weak:
        return Finding(AREA, "secrets", State.OK, f"development's default in {', '.join(weak)}; production refuses it")
    return Finding(AREA, "secrets", State.OK, "no default ones")


def _unknown(environ: Mapping[str, str]) -> Iterator[Finding]:
    names = [name for name in environ if name.startswith(PREFIX) and not name.startswith(OF_TESTS)]
    known = known_variables()
    strange = sorted(name for name in names if name not in known)
    for name in strange:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        advice = f"Is {near[0]} meant?" if near else "Remove it: see docs/configuration.md for what there is."
        yield Finding(AREA, "variables", State.WARNING, f"{name} is read by nobody", advice)
    if not strange:
        yield Finding(AREA, "variables", State.OK, f"{len(names)} set, all of them known")


def known_variables() -> set[str]:
    """Every variable that some process reads."""
    known = {f"{PREFIX}{field.upper()}" for each in settings_classes().values() for field in _fields(each)}
    known |= {f"{name}{_FILE}" for name in known}
    return known | {f"{ROBOT_PREFIX}{field.upper()}" for field in _fields(RobotSettings)} | set(OF_COMMANDS)


def _fields(settings_class: type[BaseSettings]) -> Iterator[str]:
    yield from settings_class.model_fields


def _secret_files(environ: Mapping[str, str]) -> Iterator[Finding]:
    given = {
        name: Path(value)
        for name, value in environ.items()
        if name.startswith(PREFIX) and name.endswith(_FILE) and value
    }
    for name, path in sorted(given.items()):
        yield _secret_file(name, path)
    if not given:
        yield Finding(AREA, "secret files", State.SKIPPED, "no CASARE_…_FILE is set")


def _secret_file(name: str, path: Path) -> Finding:
    try:
        content = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        return Finding(
            AREA, "secret files", State.FAILED, f"{name}: cannot read {path}: {reason}", "Mount it, or fix it."
        )
    if not content.strip():
        return Finding(AREA, "secret files", State.FAILED, f"{name}: {path} is empty", "Write the secret into it.")
    is_mounted = any(path.resolve().is_relative_to(folder) for folder in _MOUNTED_SECRETS)
    if mode & _READABLE_BY_OTHERS and not is_mounted:
        return Finding(AREA, "secret files", State.WARNING, f"{name}: others may read {path}", f"Run: chmod 600 {path}")
    return Finding(AREA, "secret files", State.OK, f"{name}: {path}")


def _folder(around: Surroundings) -> Finding:
    path = around.folder.path
    name = "data folder"
    if around.is_in_use:
        pid = f", pid {around.running.pid}" if around.running else ""
        return Finding(AREA, name, State.OK, f"{path}: a `casare up` runs on it{pid}")
    if not around.has_own_store:
        return Finding(AREA, name, State.SKIPPED, "documents are in the store of CASARE_MONGODB_URL")
    place = existing_part(path)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Finding(
            AREA,
            name,
            State.FAILED,
            f"cannot write to {place}: {error.strerror}",
            "Set CASARE_DATA_DIR to a folder you own.",
        )
    secrets = path / "secrets.json"
    if secrets.exists() and secrets.stat().st_mode & _READABLE_BY_OTHERS:
        return Finding(AREA, name, State.WARNING, f"others may read {secrets}", f"Run: chmod 600 {secrets}")
    return Finding(AREA, name, State.OK, f"{path}: {'writable' if path.exists() else 'will be made'}, not in use")


def _disk(folder: DataFolder) -> Finding:
    usage = shutil.disk_usage(existing_part(folder.path))
    free_mb = usage.free // _MEGABYTE
    detail = f"{free_mb:,} MB free of {usage.total // _MEGABYTE:,}"
    if free_mb < FULL_MB:
        return Finding(AREA, "disk", State.FAILED, detail, "Free some: the store refuses writes when the disk is full.")
    if free_mb < NEARLY_FULL_MB:
        return Finding(AREA, "disk", State.WARNING, detail, "Free some before the store has to refuse writes.")
    return Finding(AREA, "disk", State.OK, detail)


def existing_part(path: Path) -> Path:
    """`path`, or its nearest folder that exists."""
    while not path.is_dir() and path != path.parent:
        if path.exists():
            return path
        path = path.parent
    return path
