"""What the browser nodes have in common: finding the page and its elements, and telling what went wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from robot.browser import Browser
from robot.errors import InvalidConfig, OutsideFailed, WorkflowError
from robot.nodes.context import NodeContext

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

T = TypeVar("T")

KEY = "browser"
MAX_SHOWN = 200
_LEEWAY_SECONDS = 10.0


def page_of(context: NodeContext) -> "Page":
    """Returns the page that `page` names (`main`). Raises OutsideFailed when it is not open."""
    name = context.text("page", "main")
    browser: Browser | None = context.run.http.resources.get(KEY)
    page = None if browser is None else browser.page(name)
    if page is None:
        raise OutsideFailed(f"no page {name!r} is open; browser.open opens it", error_type="BROWSER_NOT_OPEN")
    return page


def element_of(context: NodeContext, page: "Page") -> "Locator":
    """Returns the element that `selector` finds, in the frame `frame` when given; with `first` of several."""
    place: Any = page.frame_locator(context.text("frame")) if context.value("frame") is not None else page
    found: Locator = place.locator(context.text("selector"))
    return found.first if context.flag("first", default=False) else found


def milliseconds(context: NodeContext, default: float = 10) -> float:
    """Returns `timeout_seconds`, at most 300, as Playwright takes it."""
    return 1_000 * context.number("timeout_seconds", default, least=0.1, most=300)


async def act(context: NodeContext, work: Callable[["Locator", float], Awaitable[T]]) -> T:
    """Returns what `work` does with the element, within `timeout_seconds` (10). Raises WorkflowError."""
    element, timeout = element_of(context, page_of(context)), milliseconds(context)
    try:
        return await bounded(context, work(element, timeout), timeout)
    except Exception as error:
        raise await _about_element(context, element, error) from error


async def bounded(context: NodeContext, work: Awaitable[T], within_ms: float) -> T:
    """Returns what `work` returns; stopping the job ends the wait, and so does a browser that does not answer."""

    async def waiting() -> T:
        async with asyncio.timeout(within_ms / 1_000 + _LEEWAY_SECONDS):
            return await work

    return await context.run.cancel.race(waiting())


async def _about_element(context: NodeContext, element: "Locator", error: Exception) -> Exception:
    if not _is_playwrights(error):
        return error
    shown = context.run.secrets.text(context.text("selector"))[:MAX_SHOWN]
    if "strict mode violation" in str(error):
        message = f"several elements match {shown!r}; make it more exact, or set `first`"
        return OutsideFailed(message, error_type="SELECTOR_AMBIGUOUS")
    if _is_timeout(error):
        if await _count(element) == 0:
            return OutsideFailed(f"nothing matches {shown!r}", error_type="SELECTOR_NOT_FOUND", retryable=True)
        message = f"what matches {shown!r} did not become ready for this in time"
        return OutsideFailed(message, error_type="BROWSER_TIMEOUT", retryable=True)
    if "selector" in str(error).partition("\n")[0].lower():
        return InvalidConfig(f"not a selector that can be used: {shown!r}")
    return await failure(context, error)


async def _count(element: "Locator") -> int:
    try:
        async with asyncio.timeout(2):
            return await element.count()
    except Exception:  # noqa: BLE001 (the page is gone; the timeout is what is told)
        return -1


def refusals(context: NodeContext) -> int:
    """Returns how often the job's browser was kept from an internal address so far."""
    browser: Browser | None = context.run.http.resources.get(KEY)
    return 0 if browser is None else browser.refusals


async def failure(context: NodeContext, error: Exception, *, refused_before: int = 0) -> Exception:
    """Returns what to report, ADDRESS_REFUSED when there are more refusals than before.

    Playwright's own message is never part of it: it quotes what was filled in.
    """
    text = str(error)
    if isinstance(error, WorkflowError) or not (_is_playwrights(error) or isinstance(error, TimeoutError)):
        return error
    if "ERR_SOCKS_CONNECTION_FAILED" in text and refusals(context) > refused_before:
        message = "the address is internal, which this robot's configuration does not allow (CASARE_ROBOT_HTTP_ALLOW)"
        return OutsideFailed(message, error_type="ADDRESS_REFUSED")
    if _is_timeout(error) or isinstance(error, TimeoutError):
        return OutsideFailed("the page was not done in time", error_type="BROWSER_TIMEOUT", retryable=True)
    if "net::" in text:
        reason = text.partition("net::")[2].split()[0].strip(".,;)")[:60]
        return OutsideFailed(f"the page cannot be loaded: {reason}", error_type="BROWSER_NETWORK", retryable=True)
    if "closed" in text or "crash" in text.lower():
        await context.run.http.resources.end(KEY)
        return OutsideFailed("the browser or its page ended", error_type="BROWSER_CRASHED", retryable=True)
    return OutsideFailed("the browser refuses this step", error_type="BROWSER_FAILED")


def _is_playwrights(error: Exception) -> bool:
    from playwright.async_api import Error

    return isinstance(error, Error)


def _is_timeout(error: Exception) -> bool:
    from playwright.async_api import TimeoutError as PlaywrightTimeout

    return isinstance(error, PlaywrightTimeout)
