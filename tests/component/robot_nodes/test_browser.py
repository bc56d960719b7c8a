import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psutil
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from robot.addresses import AddressRules
from robot.cancellation import CancelScope, JobStopped
from robot.errors import WorkflowError
from robot.nodes import NODE_TYPES, NodeContext, NodeTable, Outcome
from robot.workflow import Node
from tests.component.robot_nodes.steps import Outputs, Steps
from tests.support.eventually import eventually
from tests.support.extras import need_browser
from tests.support.http_server import serving
from tests.unit.robot.documents import node

SHOP = """<!doctype html><title>Shop</title>
<form action="/order" method="post" enctype="multipart/form-data">
  <input name="who"><select name="size"><option value="s">Small<option value="l">Large</select>
  <input type="checkbox" name="gift"><input type="file" name="letter"><button>Order</button>
</form>
<table id="items"><tr><th>name</th><th>price</th></tr><tr><td>pen</td><td>0.10</td></tr><tr><td>ink</td></tr></table>
<p class="note" title="first">one</p><p class="note">two</p>
<a href="/report">Report</a>
<button id="later" onclick="setTimeout(() => document.body.append(Object.assign(document.createElement('b'),
  {id: 'done', innerText: 'done'})), 100)">Later</button>
<iframe srcdoc="<i id=inner>framed</i>"></iframe>
"""


class Shop:
    """Keeps what was asked for."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.asked = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/order", self._order, methods=["POST"]),
                Route("/report", self._report),
                Route("/hang", self._hang),
                Route("/away", self._away),
                Route("/peek", self._peek),
            ]
        )

    async def _page(self, request: Request) -> Response:
        return HTMLResponse(SHOP)

    async def _order(self, request: Request) -> Response:
        async with request.form() as form:
            letter: Any = form["letter"]
            told = {**form, "letter": [letter.filename, (await letter.read()).decode()]}
        return HTMLResponse(f"<title>Thanks</title><p id=told>{told}</p>")

    async def _report(self, request: Request) -> Response:
        return Response("a,b\n", media_type="text/csv", headers={"Content-Disposition": "attachment; filename=r.csv"})

    async def _hang(self, request: Request) -> Response:
        self.asked.set()
        await asyncio.sleep(30)
        return Response()

    async def _away(self, request: Request) -> Response:
        return RedirectResponse(request.query_params["to"])

    async def _peek(self, request: Request) -> Response:
        self.paths.append(str(request.url))
        return HTMLResponse("inside")


@pytest.fixture(scope="module", autouse=True)
def chromium() -> Path:
    return need_browser()


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def site(shop: Shop) -> AsyncIterator[str]:
    async with serving(shop.app) as url:
        yield url


def _browsers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children(recursive=True) if "chrom" in each.name()]


async def _in_page(steps: Steps, url: str, *nodes: dict[str, Any]) -> list[Outputs]:
    return (await steps.run_all(node("browser.open", url=url), *nodes))[1:]


async def test_a_form_is_filled_and_its_answer_read(steps: Steps, site: str, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear shop")
    outputs = await _in_page(
        steps,
        site,
        node("browser.fill", selector="[name=who]", text="Ada"),
        node("browser.select", selector="select", label="Large"),
        node("browser.check", selector="[name=gift]"),
        node("browser.upload", selector="[type=file]", files="letter.txt"),
        node("browser.click", selector='role=button[name="Order"]'),
        node("browser.extract", selector="#told"),
    )
    assert outputs[1] == {"selected": ["l"]}
    assert outputs[-1]["value"] == str({"who": "Ada", "size": "l", "gift": "on", "letter": ["letter.txt", "Dear shop"]})
    assert _browsers() == []


async def test_texts_attributes_tables_and_frames_are_read(steps: Steps, site: str) -> None:
    outputs = await _in_page(
        steps,
        site,
        node("browser.extract", selector=".note", all=True),
        node("browser.extract", selector=".note", first=True, what="attribute", attribute="title"),
        node("browser.extract", selector="#items", what="table"),
        node("browser.extract", selector="#items", what="table", has_header=False),
        node("browser.extract", selector="#inner", frame="iframe"),
        node("browser.click", selector="#later"),
        node("browser.wait_for", selector="#done"),
        node("browser.extract", selector=".nothing", all=True),
    )
    assert outputs[0] == {"values": ["one", "two"], "count": 2}
    assert outputs[1] == {"value": "first"}
    assert outputs[2]["rows"] == [{"name": "pen", "price": "0.10"}, {"name": "ink", "price": ""}]
    assert outputs[3]["rows"] == [["name", "price"], ["pen", "0.10"], ["ink"]]
    assert outputs[4] == {"value": "framed"}
    assert outputs[7] == {"values": [], "count": 0}


async def test_pictures_and_downloads_are_kept(steps: Steps, site: str, tmp_path: Path) -> None:
    outputs = await _in_page(
        steps,
        site,
        node("browser.screenshot", file_path="shots/page.png", full_page=True),
        node("browser.screenshot", file_path="shots/table.jpg", selector="#items"),
        node("browser.download", selector="text=Report", save_to="in/report.csv"),
    )
    assert (tmp_path / "shots/page.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "shots/table.jpg").read_bytes().startswith(b"\xff\xd8")
    assert outputs[2] == {"file_path": "in/report.csv", "size_bytes": 4, "suggested_name": "r.csv"}
    assert (tmp_path / "in/report.csv").read_text() == "a,b\n"


async def test_scripts_run_only_where_the_robot_allows_them(steps: Steps, site: str) -> None:
    script = node("browser.evaluate", script="n => [n + 1, document.title]", argument=4)
    allowed = steps.within(browser_evaluate=True)
    assert await _in_page(allowed, site, script) == [{"result": [5, "Shop"]}]
    error = await _failure(steps, site, script)
    assert (error.error_type, "CASARE_ROBOT_BROWSER_EVALUATE" in str(error)) == ("NODE_TYPE_DISABLED", True)


async def _failure(steps: Steps, url: str, *nodes: dict[str, Any]) -> Any:
    with pytest.raises(WorkflowError) as caught:
        await _in_page(steps, url, *nodes)
    return caught.value


FAILING: Final = [
    (node("browser.click", selector="#no", timeout_seconds=0.3), "SELECTOR_NOT_FOUND", True),
    (node("browser.fill", selector="#no", text="hunter2", timeout_seconds=0.3), "SELECTOR_NOT_FOUND", True),
    (node("browser.click", selector=".note"), "SELECTOR_AMBIGUOUS", False),
    (node("browser.fill", selector="#items", text="hunter2"), "BROWSER_FAILED", False),
    (node("browser.wait_for", selector="#items", state="hidden", timeout_seconds=0.3), "BROWSER_TIMEOUT", True),
    (node("browser.click", selector="css=>>"), "INVALID_CONFIG", False),
    (node("browser.click", selector="#later", page="other"), "BROWSER_NOT_OPEN", False),
    (node("browser.screenshot", file_path="../x.png"), "PATH_REFUSED", False),
    (node("browser.screenshot", file_path="x.gif"), "INVALID_CONFIG", False),
    (node("browser.upload", selector="[type=file]", files="/etc/passwd"), "PATH_REFUSED", False),
    (node("browser.upload", selector="[type=file]", files="none"), "INVALID_CONFIG", False),
    (node("browser.download", selector="text=Report", save_to="../x"), "PATH_REFUSED", False),
    (node("browser.goto", url="file:///etc/passwd"), "INVALID_CONFIG", False),
    (node("browser.goto", url="javascript:alert(1)"), "INVALID_CONFIG", False),
    (node("browser.goto", url="{{site}}/missing"), "HTTP_STATUS", False),
    (node("browser.goto", url="{{site}}/hang", timeout_seconds=0.3), "BROWSER_TIMEOUT", True),
    (node("browser.goto", url="http://127.0.0.1:9/"), "BROWSER_NETWORK", True),
]


async def test_a_step_that_fails_says_how_without_what_was_filled_in(steps: Steps, site: str) -> None:
    failures: list[WorkflowError] = []
    table = NodeTable()

    @table.register("attempt")
    async def attempt(context: NodeContext) -> Outcome:
        step = context.node.config["step"]
        inner = replace(context, node=Node(context.node.node_id, step["node_type"], step["config"]))
        try:
            await NODE_TYPES.type_of(inner.node).code(inner)
        except WorkflowError as error:
            failures.append(error)
        return Outcome()

    attempts = [node("attempt", step=step) for step, _, _ in FAILING]
    several = Steps(steps.folder, types=NodeTable.of(NODE_TYPES, table))
    await several.run_all(node("browser.open", url="{{site}}"), *attempts, site=site)
    assert [(each.error_type, each.retryable) for each in failures] == [expected[1:] for expected in FAILING]
    assert "hunter2" not in str(failures)


async def test_a_failed_job_closes_its_browser(steps: Steps, site: str) -> None:
    error = await _failure(steps, site, node("browser.click", selector="#no", timeout_seconds=0.3))
    assert "nothing matches '#no'" in str(error)
    assert _browsers() == []


async def test_stopping_the_job_closes_the_browser(steps: Steps, shop: Shop, site: str) -> None:
    scope = CancelScope()
    going = node("browser.goto", url=f"{site}/hang")
    running = asyncio.create_task(steps.run_all(node("browser.open"), going, cancel=scope))
    await asyncio.wait_for(shop.asked.wait(), 30)
    assert _browsers()
    scope.cancel()
    with pytest.raises(JobStopped):
        await running
    await eventually(lambda: _browsers() == [])


async def test_a_browser_that_dies_is_told_and_can_be_opened_again(steps: Steps, shop: Shop, site: str) -> None:
    going = node("browser.goto", url=f"{site}/hang")
    running = asyncio.create_task(_failure(steps, site, going))
    await asyncio.wait_for(shop.asked.wait(), 30)
    for process in _browsers():
        process.kill()
    error = await running
    assert (error.error_type, error.retryable) == ("BROWSER_CRASHED", True)


async def test_the_browser_is_kept_from_internal_addresses(steps: Steps, shop: Shop, site: str) -> None:
    port = urlsplit(site).port
    guarded = steps.within(addresses=AddressRules.of(block_internal=True, allow=(f"localhost:{port}",)))
    inside = f"http://127.0.0.1:{port}/peek"
    allowed = f"http://localhost:{port}/"
    scripted = guarded.within(addresses=guarded.limits.addresses, browser_evaluate=True)
    fetch = f"fetch('{inside}', {{mode: 'no-cors'}}).then(() => 'in', () => 'out')"
    call = f"new Promise(end => {{ const s = new WebSocket('{inside.replace('http', 'ws')}');"
    call += "s.onerror = () => end('out'); s.onopen = () => end('in') })"
    script, socket = (node("browser.evaluate", script=each) for each in (fetch, call))
    away = node("browser.goto", url=f"{allowed}away?to={inside}")
    seen: list[Outputs] = []
    with pytest.raises(WorkflowError) as caught:
        await scripted.run_all(node("browser.open", url=allowed), script, socket, away, seen=seen)
    assert caught.value.error_type == "ADDRESS_REFUSED"
    assert [outputs.get("result", outputs.get("title")) for outputs in seen] == ["Shop", "out", "out"]
    for url in (inside, f"http://[::ffff:127.0.0.1]:{port}/peek"):
        error = await guarded.failure("browser.open", url=url)
        assert (error.error_type, error.retryable) == ("ADDRESS_REFUSED", False), str(error)
    assert shop.paths == []


async def test_without_a_browser_the_error_says_what_to_install(steps: Steps, tmp_path: Path) -> None:
    error = await steps.within(chromium=tmp_path / "none").failure("browser.open")
    assert (error.error_type, "deploy/install-browser.sh" in str(error)) == ("BROWSER_MISSING", True)
