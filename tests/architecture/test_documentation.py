"""What the pages say is so: variables, links, paths, commands, dependencies."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from typer.core import TyperGroup

from cli.banner import Banner
from cli.main import app
from docs.generate_configuration import MEANINGS, PAGE, SECTIONS, page, variables

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = sorted(folder for folder in ROOT.iterdir() if folder.is_dir() and not folder.name.startswith("."))
PAGES: Final = sorted([*ROOT.glob("*.md"), *(found for folder in FOLDERS for found in folder.rglob("*.md"))])
GUIDES: Final = (ROOT / "README.md", ROOT / "CONTRIBUTING.md")
DEPENDENCIES: Final = ROOT / "docs" / "decisions" / "0002-dependencies.md"
CODE: Final = ("casare", "cli", "deploy", "gateway", "robot", "services", "shared", "tests/support/backends")
NOT_VARIABLES: Final = {"CASARE_X", "CASARE_ROBOT", "CASARE_SECRET"}
"""A stand-in for any name, and the beginning of names."""


def prose(path: Path) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def commands(path: Path) -> str:
    """The page's fenced blocks of shell commands, continued lines joined."""
    text = path.read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)).replace("\\\n", " ")


def spans(path: Path) -> list[str]:
    """What the page's prose has between backticks."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(path))]


def name_of(path: Path) -> str:
    """How a page is called in a test's name."""
    return str(path.relative_to(ROOT))


def test_the_configuration_page_is_what_the_settings_classes_say() -> None:
    hint = "run `.venv/bin/python docs/generate_configuration.py`"
    assert PAGE.read_text(encoding="utf-8") == page(), hint


def test_every_variable_has_one_meaning() -> None:
    every = [variable for section in SECTIONS for variable in variables(section)]
    assert [variable.name for variable in every if not variable.meaning] == []
    described = {variable.name for variable in every if variable.description}
    undescribed = {variable.name for variable in every if not variable.description}
    assert set(MEANINGS) == undescribed, f"said twice, or of nothing: {set(MEANINGS) & described or set(MEANINGS)}"


def test_every_variable_that_code_or_deployment_names_is_on_the_configuration_page() -> None:
    explained = set(re.findall(r"`(CASARE_[A-Z0-9_]+)`", page()))
    named = {
        name
        for path in _sources()
        for name in re.findall(r"CASARE_[A-Z0-9_]*[A-Z0-9]", path.read_text(encoding="utf-8", errors="ignore"))
    }
    assert {name for name in named if name.removesuffix("_FILE") not in explained} <= NOT_VARIABLES


def _sources() -> Iterator[Path]:
    yield from (ROOT / "Makefile", ROOT / "docker-compose.yml")
    for folder in CODE:
        yield from (found for found in (ROOT / folder).rglob("*") if found.is_file() and found.suffix != ".pyc")


@pytest.mark.parametrize("path", GUIDES, ids=name_of)
def test_every_variable_a_guide_names_is_on_the_configuration_page(path: Path) -> None:
    named = set(re.findall(r"CASARE_[A-Z0-9_]*[A-Z0-9]", path.read_text(encoding="utf-8")))
    assert {name for name in named if name.removesuffix("_FILE") not in page()} == set()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_local_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", prose(path))
    assert [link for link in links if "://" not in link and not _resolves(link, path)] == []


def _resolves(link: str, path: Path) -> bool:
    file, _, anchor = link.partition("#")
    target = path.parent / file if file else path
    return target.exists() and (not anchor or anchor in _anchors(target))


def _anchors(path: Path) -> set[str]:
    """The headings as links name them: lower case, hyphens for spaces, no punctuation."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_path_a_page_names_exists(path: Path) -> None:
    folders = {folder.name for folder in FOLDERS}
    places = [span for span in spans(path) if re.fullmatch(r"[\w.*-]+(/[\w.*-]+)+/?", span)]
    ours = [
        place
        for place in places
        if place.split("/")[0] in folders
        # The last one is in the user's configuration, not here.
        and not place.startswith(("bench/results", "examples/invoices/out", "casare/profiles."))
    ]
    assert [place for place in ours if not any(ROOT.glob(place.rstrip("/")))] == []


@pytest.mark.parametrize("path", GUIDES, ids=name_of)
def test_every_make_target_a_guide_names_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    typed = re.findall(r"^make ([a-z-]+)", commands(path), re.MULTILINE)
    mentioned = [span.split()[1] for span in spans(path) if span.startswith("make ")]
    assert typed
    assert {*typed, *mentioned} <= targets


@pytest.mark.parametrize("path", GUIDES, ids=name_of)
def test_every_casare_command_a_guide_mentions_exists(path: Path) -> None:
    for span in spans(path):
        words = shlex.split(span)
        if words and words[0].endswith("casare"):
            find_command(words[1:])


def test_every_casare_command_of_the_readme_can_be_typed_so() -> None:
    typed = re.findall(r"\.venv/bin/casare ([^|\n)]+)", commands(ROOT / "README.md"))
    assert len(typed) > 10
    for line in typed:
        command, words = find_command(shlex.split(line, comments=True))
        command.make_context(command.name or "casare", words)


def find_command(words: list[str]) -> tuple[Any, list[str]]:
    """The command that `words` begin with, and the words that are its own."""
    command = typer.main.get_command(app)
    while isinstance(command, TyperGroup) and words:
        assert words[0] in command.commands, f"casare has no command {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def test_the_readme_shows_what_make_run_prints() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"^  Admin +(.*)$", readme, re.MULTILINE)
    assert shown
    robot = "local-robot (log: .data/logs/robot.log)"
    assert Banner("http://127.0.0.1:8000", ".data", robot, shown[1]).render().strip() in readme


def declared() -> dict[str, str]:
    """Every dependency of `pyproject.toml`, with its extra, and the locked version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    names = [re.match(r"[A-Za-z0-9_.-]+(\[[\w,-]+\])?", requirement) for group in groups for requirement in group]
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE))
    return {name[0]: locked[name[0].partition("[")[0]] for name in names if name}


def test_every_dependency_is_justified_with_its_locked_version() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (\S+) \|", DEPENDENCIES.read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(rows) == declared()
    assert len(rows) == len(dict(rows))


def test_both_lock_files_agree() -> None:
    runtime, development = (
        set(re.findall(r"^[\w.-]+==\S+", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert runtime <= development


def test_the_changelog_says_what_is_not_released_yet() -> None:
    assert re.search(r"^## \[Unreleased\]\n\n### \w+\n\n- ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
