"""Secrets by reference: found, used, and never told."""

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from robot.errors import SecretNotFound, SecretRefused, WorkflowError
from robot.executor import Executor, Surroundings
from robot.files import WorkingDirectory
from robot.masking import Masker
from robot.nodes import NODE_TYPES, NodeContext, NodeTable, Outcome
from robot.secrets import SecretSource
from tests.unit.robot.documents import chain, document, node

SECRET = 'pä"ss/wörd+1&<2>'


def executor_with(tmp_path: Path, **secrets: str) -> tuple[Executor, list[str]]:
    """An executor with a node that takes a password and gives everything away that it can."""
    used: list[str] = []
    table = NodeTable()

    @table.register("LeakNode")
    async def leak(context: NodeContext) -> Outcome:
        password = context.text("password")
        used.append(password)
        basic = base64.b64encode(f"robot:{password}".encode()).decode()
        context.run.variables["kept"] = {"header": f"Basic {basic}"}
        context.run.assign("shown", f"{password}!")
        context.log(f"sent {quote(password, safe='')}")
        await context.run.say(f"logged in with {password}")
        if context.has("fail"):
            raise WorkflowError(f"no login with {password}")
        return Outcome({"echo": json.dumps({"sent": password}), "list": [password], password: 1})

    environment = {f"CASARE_SECRET_{name}": value for name, value in secrets.items()}
    types = NodeTable.of(NODE_TYPES, table)
    return Executor(WorkingDirectory(tmp_path), node_types=types, secrets=SecretSource(environment)), used


async def test_a_secret_is_used_and_shown_nowhere(tmp_path: Path) -> None:
    executor, used = executor_with(tmp_path, LOGIN=SECRET)
    told: list[str] = []

    async def progress(_percent: int, _node: str | None, message: str | None) -> None:
        told.append(message or "")

    flow = document(
        *("start -> leak", "leak -> log", "log -> end", "leak.echo -> end.echo", "leak.list -> end.list"),
        start=node("StartNode"),
        leak=node("LeakNode", password="{{secrets.LOGIN}}"),
        log=node("LogNode", message="the password is {{secrets.LOGIN}}"),
        end=node("EndNode", outputs={"kept": "{{kept}}", "shown": "{{shown}}", "named": "{{ secrets.LOGIN }}"}),
    )
    around = Surroundings(log=lambda _level, message, _node: told.append(message))
    result = await executor.run(flow, progress=progress, around=around)
    assert used == [SECRET]
    outputs = result["outputs"]
    assert (outputs["named"], outputs["shown"], outputs["list"]) == ("***", "***!", ["***"])
    assert outputs["kept"]["header"].startswith("Basic ")
    everything = json.dumps([result, told])
    for form in _forms(SECRET):
        assert form not in everything
    assert any("the password is ***" in line for line in told)


async def test_an_error_does_not_tell_the_secret(tmp_path: Path) -> None:
    executor, _ = executor_with(tmp_path, LOGIN=SECRET)
    with pytest.raises(WorkflowError) as caught:
        await executor.run(chain(node("LeakNode", password="{{secrets.LOGIN}}", fail=True)))
    assert caught.value.report()["error_message"] == "no login with ***"


@pytest.mark.parametrize(
    "refused",
    [
        node("SetVariableNode", variable_name="x", value="{{secrets.LOGIN}}"),
        node("SetVariableNode", variable_name="x", value={"deep": ["a {{ secrets.LOGIN }}"]}),
        node("SubWorkflowNode", workflow=chain(), inputs={"password": "{{secrets.LOGIN}}"}),
    ],
)
async def test_a_secret_cannot_be_put_into_a_variable(tmp_path: Path, refused: dict[str, Any]) -> None:
    executor, _ = executor_with(tmp_path, LOGIN=SECRET)
    with pytest.raises(SecretRefused):
        await executor.run(chain(refused))


async def test_a_loop_over_secrets_puts_none_into_its_variable(tmp_path: Path) -> None:
    executor, _ = executor_with(tmp_path, LOGIN=SECRET)
    flow = document(
        *("start -> each", "each.loop_body -> keep", "each.completed -> end", "each.item -> end.item"),
        start=node("StartNode"),
        each=node("ForEachNode", items=["{{secrets.LOGIN}}"]),
        keep=node("ExpressionNode", expression="item", variable_name="kept"),
        end=node("EndNode", outputs={"kept": "{{kept}}"}),
    )
    assert (await executor.run(flow))["outputs"] == {"kept": "***", "item": "***"}


async def test_expressions_cannot_see_secrets(tmp_path: Path) -> None:
    executor, _ = executor_with(tmp_path, LOGIN=SECRET)
    with pytest.raises(WorkflowError, match="secrets"):
        await executor.run(chain(node("ExpressionNode", expression="secrets['LOGIN']")))


async def test_a_variable_called_secrets_does_not_stand_in_for_one(tmp_path: Path) -> None:
    executor, used = executor_with(tmp_path, LOGIN=SECRET)
    flow = chain(node("LeakNode", password="{{secrets.LOGIN}}"), variables={"secrets": {"LOGIN": "mine"}})
    await executor.run(flow)
    assert used == [SECRET]


def test_a_missing_secret_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(
        SecretNotFound, match="CASARE_SECRET_API and no folder, for CASARE_ROBOT_SECRETS_DIR is not set"
    ):
        SecretSource({}).read("API")
    with pytest.raises(SecretNotFound, match=rf"CASARE_SECRET_API and the file {tmp_path}/API"):
        SecretSource({}, tmp_path).read("API")


def test_secrets_come_from_files_too(tmp_path: Path) -> None:
    (tmp_path / "API").write_text("from-a-file\n")
    (tmp_path / "PIN").write_text("12")
    source = SecretSource({"CASARE_SECRET_DB": "from-the-environment"}, tmp_path)
    assert (source.read("API"), source.read("DB")) == ("from-a-file", "from-the-environment")
    with pytest.raises(SecretRefused, match="shorter than 4"):
        source.read("PIN")
    for name in ("../API", "a/b", ".hidden", ""):
        with pytest.raises(SecretRefused, match="no name"):
            source.read(name)


@pytest.mark.parametrize(
    "secret",
    [
        SECRET,
        "simple-password",
        "line one is long\nline two is long",
        "12345678",
        'it\'s "quoted" by\\slashes',
        "it's-a-secret",
    ],
)
def test_the_masker_knows_the_common_encodings(secret: str) -> None:
    masker = Masker()
    masker.learn(secret)
    for form in _forms(secret):
        assert form not in masker.text(f"before {form} after"), form
    assert masker.mask({"n": 12345678, "text": "harmless", "flag": True})["text"] == "harmless"


def test_a_base64_text_hides_the_secret_wherever_it_begins() -> None:
    masker = Masker()
    masker.learn("correct-horse-battery")
    for before in ("", "u", "us", "use"):
        encoded = base64.b64encode(f"{before}:correct-horse-battery:x".encode()).decode()
        assert "***" in masker.text(encoded)
        assert b"horse" not in base64.b64decode(masker.text(encoded).replace("*", "A") + "==", validate=False)


def test_nothing_is_copied_while_there_is_no_secret() -> None:
    value = {"a": [1, 2]}
    assert Masker().mask(value) is value


def _forms(secret: str) -> list[str]:
    return [
        secret,
        quote(secret, safe=""),
        repr(secret),
        repr(f'"{secret}'),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        base64.b64encode(secret.encode()).decode(),
        base64.urlsafe_b64encode(secret.encode()).decode(),
    ]


async def test_what_a_failed_job_tells_of_its_nodes_shows_no_secret(tmp_path: Path) -> None:
    executor, _ = executor_with(tmp_path, LOGIN=SECRET)
    with pytest.raises(WorkflowError) as caught:
        await executor.run(chain(node("LeakNode", password="{{secrets.LOGIN}}", fail=True)))
    result = caught.value.result
    assert result is not None
    assert result["node_execution"][-1]["error"]["message"] == "no login with ***"
    assert result["outputs"] == {"shown": "***!"}
    assert SECRET not in json.dumps(result, ensure_ascii=False)


def test_a_secret_is_hidden_also_where_it_came_back_as_a_number() -> None:
    masker = Masker()
    for secret in ("1234.5678", "987654321"):
        masker.learn(secret)
    assert masker.mask([1234.5678, 987654321, Decimal("1234.5678"), 1234.5, True]) == ["***"] * 3 + [1234.5, True]


async def test_what_is_nested_too_deep_to_be_searched_for_secrets_is_not_offered(tmp_path: Path) -> None:
    table = NodeTable()

    @table.register("NestNode")
    async def nest(context: NodeContext) -> Outcome:
        value: Any = context.text("password")
        for _ in range(900):
            value = [value]
        return Outcome({"value": value})

    source = SecretSource({"CASARE_SECRET_LOGIN": SECRET})
    types = NodeTable.of(NODE_TYPES, table)
    executor = Executor(WorkingDirectory(tmp_path), node_types=types, secrets=source)
    with pytest.raises(WorkflowError) as caught:
        await executor.run(chain(node("NestNode", password="{{secrets.LOGIN}}")))
    assert (caught.value.error_type, caught.value.node_id) == ("NODE_CRASHED", "n1")
