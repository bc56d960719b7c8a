"""What a command does when the server cannot, will not, or is none: one line and a stable exit code."""

import pytest
from starlette.responses import PlainTextResponse, Response

from cli.main import app
from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import JOB_ID, FakeApi, problem
from tests.support.ports import free_port

PATH = f"/jobs/{JOB_ID}"
BUSY = {"Retry-After": "90"}


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (problem(400, "Invalid input.", errors=[{"field": "limit", "message": "too big"}]), 2, "limit too big"),
        (problem(403, "Not permitted."), 3, "Not permitted. Log in as a user"),
        (problem(404, "Job x not found"), 4, "Job x not found"),
        (problem(409, "The schedule kept changing."), 1, "The schedule kept changing."),
        (problem(413, "Too large."), 2, "Too large."),
        (problem(429, "Slow down.", headers=BUSY), 5, "Slow down. Try again in 90 s."),
        (problem(500, "Unexpected error."), 5, "Unexpected error. (request req-1)"),
        (problem(503, "No store.", headers=BUSY), 5, "No store. (request req-1) Try again in 90 s."),
        (PlainTextResponse("<html>", 200), 5, "not understood"),
        (PlainTextResponse("[]", 200), 5, "not understood"),
        (PlainTextResponse("nginx", 404), 5, "not as a Casare server does"),
        (PlainTextResponse("moved", 302), 5, "not as a Casare server does"),
        (problem(404, "evil\x1b[2J\nsecond line"), 4, "evil\\x1b[2J second line"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    logged_in: Casare, api: FakeApi, answer: Response, code: int, said: str
) -> None:
    api.failing[PATH] = [answer]

    outcome = logged_in("job", "show", JOB_ID)

    assert outcome.exit_code == code
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("error: ")
    assert outcome.stderr.count("\n") == 1
    assert said in outcome.stderr


def test_a_server_that_is_not_there_is_said_so(logged_in: Casare) -> None:
    profiles = logged_in.profiles.read_text()
    nowhere = f"http://127.0.0.1:{free_port()}"
    logged_in.profiles.write_text(profiles.replace(str(logged_in.env["CASARE_URL"]), nowhere))

    outcome = logged_in("status", CASARE_URL=nowhere)

    assert outcome.exit_code == 5
    assert f"Cannot reach the server at {nowhere}" in outcome.stderr
    assert "casare" in outcome.stderr


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_passing_refusal_is_asked_again(logged_in: Casare, api: FakeApi, status: int) -> None:
    api.failing[PATH] = [problem(status, "Not now.", headers={"Retry-After": "0"})] * 2

    assert logged_in("job", "show", JOB_ID).exit_code == 0
    assert len(api.asked("GET", PATH)) == 3


def test_a_key_is_made_once_though_its_answer_was_lost(logged_in: Casare, api: FakeApi) -> None:
    api.failing["/robot-api-keys"] = [problem(502, "The answer was lost.")]

    assert logged_in("key", "create", "--name", "n").exit_code == 0
    first, second = api.asked("POST", "/robot-api-keys")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


def test_an_unknown_job_is_not_found(logged_in: Casare) -> None:
    assert logged_in("job", "show", "nosuch").exit_code == 4
    assert logged_in("job", "watch", "nosuch").exit_code == 4


@pytest.mark.parametrize("identifier", ["..", ".", ""])
def test_an_id_that_would_be_another_path_is_refused(logged_in: Casare, api: FakeApi, identifier: str) -> None:
    before = len(api.requests)

    assert logged_in("job", "cancel", identifier).exit_code == 2
    assert len(api.requests) == before


def test_an_id_with_odd_characters_stays_one_id(logged_in: Casare, api: FakeApi) -> None:
    logged_in("robot", "show", "a/../b?c#d")

    assert api.requests[-1].path == "/robots/a/../b?c#d"


@pytest.mark.parametrize("words", [["job", "show", "\udcff"], ["workflow", "list", "--search", "\udcff"]])
def test_a_word_that_is_no_text_is_wrong_usage(logged_in: Casare, words: list[str]) -> None:
    outcome = logged_in(*words)

    assert outcome.exit_code == 2
    assert outcome.stderr.startswith(r"error: '\udcff' is not text in UTF-8.")


def test_a_profile_without_its_name_is_said_so(logged_in: Casare) -> None:
    outcome = logged_in("job", "list", "--profile")

    assert outcome.exit_code == 2
    assert "'--profile' requires an argument" in outcome.stderr


def test_a_file_that_is_not_there_is_not_taken_for_a_workflows_name_alone(logged_in: Casare, api: FakeApi) -> None:
    api.answers |= {"/workflows": {"workflows": [], "total": 0}}

    outcome = logged_in("workflow", "run", "flows/nosuch.json")

    assert outcome.exit_code == 4
    assert outcome.stderr == "error: There is no file flows/nosuch.json, nor a workflow called so.\n"


def test_a_dead_letter_that_is_not_there_says_nothing_of_all_others(logged_in: Casare, api: FakeApi) -> None:
    api.failing["/dlq/nosuch/retry"] = [problem(404, "There is no dead letter nosuch.")]

    outcome = logged_in("dlq", "retry", "nosuch")

    assert outcome.exit_code == 4
    assert outcome.stderr == "error: There is no dead letter nosuch.\n"


@pytest.mark.parametrize(
    "words", [["nonsense"], ["--nonsense"], ["job"], ["job", "show"], ["job", "list", "--limit", "0"]]
)
def test_wrong_usage_ends_with_2(casare: Casare, words: list[str]) -> None:
    outcome = casare(*words)

    assert outcome.exit_code == 2
    assert "Usage: casare job" in outcome.output if words == ["job"] else "--help" in outcome.stderr


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host", "http://user:pass@host", "http://[::1", "http://h:x"])
def test_an_address_that_is_none_is_a_configuration_error(casare: Casare, url: str) -> None:
    outcome = casare("status", CASARE_URL=url)

    assert outcome.exit_code == 2
    assert "CASARE_URL" in outcome.stderr
    assert "pass@" not in outcome.stderr


def test_every_command_explains_itself(casare: Casare) -> None:
    groups = [group.name for group in app.registered_groups]
    commands = [command.name for command in app.registered_commands]
    assert {"workflow", "job", "robot", "schedule", "dlq", "key", "user", "tenant", "metrics", "audit"} <= set(groups)
    for name in [*groups, *commands]:
        assert name is not None
        outcome = casare(name, "--help")
        assert outcome.exit_code == 0
        assert f"Usage: casare {name}" in outcome.stdout
