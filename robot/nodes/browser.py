"""Nodes that work in a browser: the machine's Chromium, without a window, one per job, closed at the job's end.

`selector` is Playwright's: CSS, `text=Send`, `role=button[name="Send"]`, `xpath=…`. It has to match one element, unless
`first` (false); `frame` is the selector of the frame it is in. `page` (`main`) names the page, where a job opens more
than one. `timeout_seconds` (10, at most 300) is how long the element, or the page, is waited for. Stopping the job ends
each step at once.

Fails with SELECTOR_NOT_FOUND, BROWSER_TIMEOUT, BROWSER_NETWORK, BROWSER_CRASHED (each worth a retry; the first is what
`fallbacks` for `selector` are for), SELECTOR_AMBIGUOUS, BROWSER_NOT_OPEN, BROWSER_MISSING, BROWSER_FAILED, or
ADDRESS_REFUSED where the robot keeps workflows from internal addresses (`CASARE_ROBOT_HTTP_BLOCK_INTERNAL`), whether a
step, a link, a redirect or a script of the page leads there.
"""

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from robot.browser import Browser, started
from robot.errors import HttpFailed, InvalidConfig, OutsideFailed
from robot.nodes.browser_page import KEY, act, bounded, failure, milliseconds, page_of, refusals
from robot.nodes.context import NodeContext
from robot.nodes.json_files import check_size
from robot.nodes.table import NodeTable, Outcome
from robot.values import kind_of, plain, text_of

nodes = NodeTable()

LOAD_STATES = ("load", "domcontentloaded", "networkidle", "commit")
ELEMENT_STATES = ("visible", "hidden", "attached", "detached")
_START_MS = 90_000.0
_PAGE_SECONDS = 30


@nodes.register("browser.open")
async def open_browser(context: NodeContext) -> Outcome:
    """Opens the browser, or another page of it, and goes to `url` when given, as `browser.goto` does.

    The first one of a job may set `width` (1280), `height` (800), `language` (en-US), `time_zone` and `user_agent`.
    Outputs as of `browser.goto`; without a `url` they are those of an empty page.
    """
    options: dict[str, Any] = {
        "viewport": {
            "width": int(context.number("width", 1_280, least=100, most=4_000)),
            "height": int(context.number("height", 800, least=100, most=4_000)),
        },
        "locale": context.text("language", "en-US"),
    }
    for setting, option in (("time_zone", "timezone_id"), ("user_agent", "user_agent")):
        if context.value(setting) is not None:
            options[option] = context.text(setting)
    opening = context.run.http.resources.open(KEY, partial(started, context.run.limits, options))
    browser: Browser = await bounded(context, opening, _START_MS)
    try:
        page = await bounded(context, browser.new_page(context.text("page", "main")), _START_MS)
    except Exception as error:
        raise await failure(context, error) from error
    if context.value("url") is None:
        return Outcome({"url": page.url, "title": "", "status_code": None})
    return await go(context)


@nodes.register("browser.goto")
async def go(context: NodeContext) -> Outcome:
    """Goes to `url` (http or https) and waits until it is there: `wait_until` load, domcontentloaded or networkidle.

    `timeout_seconds` (30). An answer of 400 or more is HTTP_STATUS unless `fail_on_error_status` is false. Outputs
    `url` (where it ended), `title` and `status_code`.
    """
    page, url = page_of(context), context.text("url")
    if urlsplit(url).scheme not in {"http", "https"}:
        raise InvalidConfig("`url` has to begin with http:// or https://")
    timeout, until = milliseconds(context, _PAGE_SECONDS), context.text("wait_until", "load")
    if until not in LOAD_STATES:
        raise InvalidConfig(f"`wait_until` is one of {', '.join(LOAD_STATES)}")
    refused_before = refusals(context)
    try:
        answer = await bounded(context, page.goto(url, timeout=timeout, wait_until=until), timeout)  # type: ignore[arg-type]  # checked above
        title = await bounded(context, page.title(), timeout)
    except Exception as error:
        raise await failure(context, error, refused_before=refused_before) from error
    status = None if answer is None else answer.status
    if status is not None and status >= 400 and context.flag("fail_on_error_status", default=True):
        raise HttpFailed(f"the answer was {status}", error_type="HTTP_STATUS", retryable=status in {429, 502, 503, 504})
    return Outcome({"url": page.url, "title": title, "status_code": status})


@nodes.register("browser.click")
async def click(context: NodeContext) -> Outcome:
    """Clicks the element, once it is visible and holds still; `double` (false), `button` (left, right or middle).

    What the click loads is waited for by the next step's element. Outputs `url`.
    """
    button = context.text("button", "left")
    if button not in {"left", "right", "middle"}:
        raise InvalidConfig("`button` is left, right or middle")
    clicks = 2 if context.flag("double", default=False) else 1
    await act(context, lambda element, ms: element.click(button=button, click_count=clicks, timeout=ms))  # type: ignore[arg-type]  # checked above
    return Outcome({"url": page_of(context).url})


@nodes.register("browser.fill")
async def fill(context: NodeContext) -> Outcome:
    """Puts `text` into the input, in place of what is there; `press` then presses a key in it, such as Enter."""
    text = text_of(context.value("text", ""))
    await act(context, lambda element, ms: element.fill(text, timeout=ms))
    if context.value("press") is not None:
        return await _press(context, context.text("press"))
    return Outcome()


@nodes.register("browser.select")
async def select(context: NodeContext) -> Outcome:
    """Chooses in a list by `value` or by `label` (a text or a list of texts). Outputs `selected`, the values."""
    value, label = (_choices(context, name) for name in ("value", "label"))
    if (value is None) == (label is None):
        raise InvalidConfig("one of `value` and `label` is needed")
    chosen = await act(context, lambda element, ms: element.select_option(value=value, label=label, timeout=ms))
    return Outcome({"selected": chosen})


def _choices(context: NodeContext, name: str) -> list[str] | None:
    value = context.value(name)
    if value is None:
        return None
    return [text_of(each) for each in value] if isinstance(value, list) else [text_of(value)]


@nodes.register("browser.check")
async def check(context: NodeContext) -> Outcome:
    """Ticks a box or picks a radio button; with `checked` false, unticks it."""
    checked = context.flag("checked", default=True)
    await act(context, lambda element, ms: element.set_checked(checked, timeout=ms))
    return Outcome()


@nodes.register("browser.press")
async def press(context: NodeContext) -> Outcome:
    """Presses `key` in the element: Enter, Escape, ArrowDown, Control+A, …"""
    return await _press(context, context.text("key"))


async def _press(context: NodeContext, key: str) -> Outcome:
    await act(context, lambda element, ms: element.press(key, timeout=ms))
    return Outcome()


@nodes.register("browser.wait_for")
async def wait_for(context: NodeContext) -> Outcome:
    """Waits until the element is in `state`: visible (default), hidden, attached or detached. Outputs `url`."""
    state = context.text("state", "visible")
    if state not in ELEMENT_STATES:
        raise InvalidConfig(f"`state` is one of {', '.join(ELEMENT_STATES)}")
    await act(context, lambda element, ms: element.wait_for(state=state, timeout=ms))  # type: ignore[arg-type]  # checked above
    return Outcome({"url": page_of(context).url})


@nodes.register("browser.upload")
async def upload(context: NodeContext) -> Outcome:
    """Puts `files` (a path or a list, in the working directory) into a file input. Outputs `count`."""
    value = context.value("files")
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidConfig(f"`files` has to be a path or a list of paths, not {kind_of(value)}")
    paths = [context.run.files.resolve(name) for name in names]
    missing = [name for name, path in zip(names, paths, strict=True) if not path.is_file()]
    if missing:
        raise InvalidConfig(f"there is no file {missing[0]!r}")
    await act(context, lambda element, ms: element.set_input_files(paths, timeout=ms))
    return Outcome({"count": len(paths)})


@nodes.register("browser.evaluate")
async def evaluate(context: NodeContext) -> Outcome:
    """Runs `script`, a JavaScript expression or function, in the page, with `argument`. Outputs `result`, as JSON.

    Only where the robot's configuration allows it (`CASARE_ROBOT_BROWSER_EVALUATE`), else NODE_TYPE_DISABLED.
    """
    if not context.run.limits.browser_evaluate:
        message = "this robot runs no scripts of workflows in pages; its configuration can allow it"
        raise OutsideFailed(f"{message} (CASARE_ROBOT_BROWSER_EVALUATE)", error_type="NODE_TYPE_DISABLED")
    page, timeout = page_of(context), milliseconds(context)
    try:
        result = await bounded(
            context, page.evaluate(context.text("script"), plain(context.value("argument"))), timeout
        )
    except Exception as error:
        raise await failure(context, error) from error
    check_size(result, context.run.limits.max_response_bytes)
    return Outcome({"result": plain(result)})


@nodes.register("browser.close")
async def close(context: NodeContext) -> Outcome:
    """Closes the browser, which the job's end does by itself; another `browser.open` starts afresh."""
    await context.run.http.resources.end(KEY)
    return Outcome()
