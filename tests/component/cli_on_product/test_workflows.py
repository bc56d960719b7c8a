"""`casare workflow` and `casare webhook` against the product."""

import json
from pathlib import Path

import pytest
import yaml

from cli.workflow_file import MAX_BYTES
from tests.component.cli_on_product.conftest import NOBODYS, Casare, write
from tests.support import workflows


def test_a_file_is_stored_once_and_changed_when_it_has_changed(casare: Casare, file: Path, name: str) -> None:
    (created,) = casare.answer("workflow", "push", str(file))
    (again,) = casare.answer("workflow", "push", str(file))
    write(file, workflows.delay(0), name)
    (changed,) = casare.answer("workflow", "push", str(file))

    assert [one["outcome"] for one in (created, again, changed)] == ["created", "unchanged", "new version"]
    assert [one["version"] for one in (created, again, changed)] == [1, 1, 2]
    assert created["workflow_id"] == again["workflow_id"] == changed["workflow_id"]
    assert casare.answer("job", "list", "--workflow", name) == []
    assert casare.answer("webhook", "list", name) == []


def test_a_folder_is_pushed_file_by_file(casare: Casare, tmp_path: Path, name: str) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path / "a.json", workflows.nothing(), f"{name} a")
    write(tmp_path / "deep" / "b.json", workflows.nothing(), f"{name} b")
    (tmp_path / "broken.json").write_text("{")

    outcome = casare("workflow", "push", str(tmp_path), "-o", "yaml")

    assert outcome.exit_code == 1
    assert "broken.json is not JSON" in outcome.stderr
    assert [one["outcome"] for one in yaml.safe_load(outcome.stdout)] == ["created", "failed", "created"]
    assert len(casare.answer("workflow", "list", "--search", name.upper())) == 2


def test_what_is_wrong_in_a_file_is_told_with_its_place(casare: Casare, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"nodes": {\n  "a": }}')

    assert "line 2, column 8" in casare.refused("workflow", "push", str(broken), code=2)
    assert "No such file" in casare.refused("workflow", "push", str(tmp_path / "none.json"), code=2)
    write(broken, {"nodes": [], "connections": [{"source_node": "a", "target_node": "b"}]})
    assert "connections" in casare.refused("workflow", "push", str(broken), code=2)


def test_a_file_as_large_as_is_allowed_is_stored(casare: Casare, tmp_path: Path, name: str) -> None:
    file = tmp_path / "large.json"
    file.write_bytes(workflows.largest(MAX_BYTES, 1_000))

    (pushed,) = casare.answer("workflow", "push", str(file), "--name", name)

    assert casare.answer("workflow", "versions", name)[0]["size_bytes"] == MAX_BYTES
    file.write_bytes(b" " + file.read_bytes())
    assert "are allowed" in casare.refused("workflow", "push", str(file), "--id", pushed["workflow_id"], code=2)


def test_two_workflows_of_one_name_are_told_apart_by_id(casare: Casare, file: Path, name: str) -> None:
    ids = [casare.answer("workflow", "submit", str(file), "--cron", "@yearly")["workflow_id"] for _ in range(2)]

    for words in (["workflow", "push", str(file)], ["workflow", "show", name]):
        line = casare.refused(*words, code=2)
        assert all(workflow_id in line for workflow_id in ids)
    (pushed,) = casare.answer("workflow", "push", str(file), "--id", ids[0])
    assert pushed["outcome"] == "unchanged"


def test_versions_are_listed_shown_and_compared(casare: Casare, file: Path, name: str, workflow_id: str) -> None:
    assert "one version" in casare.refused("workflow", "diff", name, code=2)
    write(file, workflows.delay(7), name)
    assert "+ wait (DelayNode)" in casare.done("workflow", "diff", str(file)).stdout
    casare.done("workflow", "push", str(file))

    assert [one["version"] for one in casare.answer("workflow", "versions", name)] == [2, 1]
    assert len(casare.answer("workflow", "show", name, "--version", "1")["workflow_json"]["nodes"]) == 2
    found = casare.answer("workflow", "diff", name)
    assert found["nodes"]["added"] == {"wait": "DelayNode"}
    assert found["connections"] == {
        "added": ["start.exec_out → wait.exec_in", "wait.exec_out → end.exec_in"],
        "removed": ["start.exec_out → end.exec_in"],
    }
    assert casare.answer("workflow", "diff", workflow_id, "2", "1")["nodes"]["removed"] == {"wait": "DelayNode"}
    raw = casare("workflow", "diff", name, "1", "2", "--raw", "--exit-code")
    assert raw.exit_code == 1
    assert f"+++ {name}, version 2" in raw.stdout
    assert casare("workflow", "diff", name, str(file), "--exit-code").exit_code == 0


def test_a_workflow_is_run_and_waited_for(casare: Casare, file: Path, name: str) -> None:
    outcome = casare.done("workflow", "run", str(file), "--wait")

    assert "version 1 is stored" in outcome.stderr
    assert f"{name} completed" in outcome.stdout
    assert casare.answer("workflow", "run", name, "--logs")["status"] == "completed"


def test_what_a_run_needs_reaches_the_job(casare: Casare, workflow_id: str, tmp_path: Path) -> None:
    variables = tmp_path / "vars.yaml"
    variables.write_text("month: '2027-01'\nlimit: 5\n")
    options = ["--variables", str(variables), "--variable", "limit=7", "--variable", "who=Ada", "--priority", "3"]
    needs = ["--environment", NOBODYS, "--capability", "excel", "--tag", "line", "--timeout", "2m", "--at", "1h"]

    job_id = casare.answer("workflow", "run", workflow_id, *options, *needs, "--attempts", "2")["job_id"]

    job = casare.answer("job", "show", job_id)
    assert job["variables"] == {"month": "2027-01", "limit": 7, "who": "Ada"}
    assert (job["priority"], job["timeout_seconds"], job["max_attempts"]) == (3, 120, 2)
    assert (job["required_capabilities"], job["required_tags"]) == (["excel"], ["line"])
    assert job["run_at"] > job["created_at"]
    assert casare.answer("job", "explain", job_id)["pending"] is True
    casare.done("job", "cancel", job_id)


def test_an_unknown_workflow_is_exit_code_4_and_a_near_name_is_offered(
    casare: Casare, workflow_id: str, name: str
) -> None:
    assert f"Did you mean '{name}'?" in casare.refused("workflow", "run", name[:-1], code=4)
    assert "workflow list" in casare.refused("workflow", "show", "no such name", code=4)


def test_deleting_asks_and_without_a_terminal_refuses(casare: Casare, workflow_id: str, name: str) -> None:
    assert "--yes" in casare.refused("workflow", "delete", name, code=2)
    assert casare.answer("workflow", "delete", name, "--yes")["status"] == "success"
    casare.refused("workflow", "show", workflow_id, code=4)


def test_a_webhook_is_made_listed_and_deleted(casare: Casare, workflow_id: str, name: str) -> None:
    made = casare.answer("webhook", "create", name, "--name", "orders", "--priority", "2")

    assert made["secret"].startswith("whsec_")
    (listed,) = casare.answer("webhook", "list", workflow_id)
    assert (listed["webhook_id"], listed["name"], listed["priority"]) == (made["webhook_id"], "orders", 2)
    assert made["secret"] not in json.dumps(listed)
    assert "only this once" in casare.done("webhook", "create", name).stderr
    casare.refused("webhook", "delete", name, made["webhook_id"], code=2)
    casare.done("webhook", "delete", name, made["webhook_id"], "--yes")
    casare.refused("webhook", "delete", name, made["webhook_id"], "--yes", code=4)


@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_lists_of_several_pages_are_read_to_their_end(casare: Casare, file: Path, form: str) -> None:
    casare.done("workflow", "push", str(file))

    outcome = casare.done("workflow", "list", "--limit", "1", "-o", form)
    everything = casare.done("workflow", "list", "--all", "-o", form)

    assert len(everything.stdout) >= len(outcome.stdout)
    assert everything.stderr == ""
