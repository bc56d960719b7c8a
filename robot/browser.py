"""The browser of a job: one, without a window, opened by its first browser step and closed at the job's end."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from robot.addresses import AddressRules, InternalAddress
from robot.errors import OutsideFailed
from robot.limits import Limits

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page, Playwright, Route, WebSocketRoute

CHROMIUM_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
MAX_PAGES: Final = 10
START_SECONDS: Final = 60.0
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "FONTCONFIG_PATH")
_PROXIES: Final = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_NO_PLAYWRIGHT: Final = (
    "browser steps need the package playwright: `pip install 'casare[browser]'` where the robot runs"
)
_NO_CHROMIUM: Final = (
    "there is no Chromium for browser steps: deploy/install-browser.sh installs it, or CASARE_ROBOT_CHROMIUM names one"
)


class Browser:
    """Pages by name, in one context that shares cookies."""

    def __init__(self, playwright: "Playwright", context: "BrowserContext") -> None:
        self._playwright = playwright
        self._context = context
        self._pages: dict[str, Page] = {}

    async def new_page(self, name: str) -> "Page":
        """Returns the page of that name, opened if it is not. Raises OutsideFailed beyond MAX_PAGES."""
        page = self.page(name)
        if page is None:
            if len(self._pages) >= MAX_PAGES:
                raise OutsideFailed(f"a job has at most {MAX_PAGES} pages", error_type="BROWSER_FAILED")
            page = self._pages[name] = await self._context.new_page()
        return page

    def page(self, name: str) -> "Page | None":
        """Returns the open page of that name, or None."""
        page = self._pages.get(name)
        return None if page is None or page.is_closed() else page

    async def close(self) -> None:
        """Ends the browser's processes."""
        try:
            browser = self._context.browser
            if browser is not None:
                await browser.close()
        finally:
            await self._playwright.stop()


async def started(limits: Limits, options: dict[str, Any]) -> Browser:
    """Returns a browser with one context made by Playwright's `options`. Raises OutsideFailed."""
    program = await asyncio.to_thread(_chromium, limits)
    playwright = await _playwright()
    try:
        async with asyncio.timeout(START_SECONDS):
            browser = await playwright.chromium.launch(
                executable_path=program,
                headless=True,
                # The sandbox keeps a hostile page in; as root Chromium does not start with it.
                chromium_sandbox=os.geteuid() != 0,
                args=["--disable-dev-shm-usage"],
                env=dict(_environment(limits.addresses)),
            )
            context = await browser.new_context(service_workers="block", **options)
            if limits.addresses.block_internal:
                await _guard(context, limits.addresses)
    except BaseException as error:
        await playwright.stop()
        if isinstance(error, Exception):
            message = f"the browser {Path(program).name} does not start: {type(error).__name__}"
            raise OutsideFailed(message, error_type="BROWSER_FAILED", retryable=True) from error
        raise
    return Browser(playwright, context)


async def _playwright() -> "Playwright":
    try:
        # Half a second of imports.
        await asyncio.to_thread(__import__, "playwright.async_api")
        from playwright.async_api import async_playwright
    except ImportError as error:
        raise OutsideFailed(_NO_PLAYWRIGHT, error_type="BROWSER_MISSING") from error
    return await async_playwright().start()


def _chromium(limits: Limits) -> str:
    if limits.chromium is not None:
        found = shutil.which(str(limits.chromium))
    else:
        found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        raise OutsideFailed(_NO_CHROMIUM, error_type="BROWSER_MISSING")
    return found


def _environment(rules: AddressRules) -> dict[str, str | float | bool]:
    names = _PASSED_ON if rules.block_internal else _PASSED_ON + _PROXIES
    return {name: os.environ[name] for name in names if name in os.environ}


async def _guard(context: "BrowserContext", rules: AddressRules) -> None:
    """Stops requests whose host leads to an internal address.

    Best effort: the browser looks the name up again by itself, and may be told another address than was checked. The
    network around the robot has to keep what must not be reached by names that change.
    """

    async def decide(route: "Route") -> None:
        if await is_refused(route.request.url, rules):
            await route.abort("blockedbyclient")
        else:
            await route.continue_()

    async def decide_socket(socket: "WebSocketRoute") -> None:
        if await is_refused(socket.url, rules):
            await socket.close()
        else:
            socket.connect_to_server()

    await context.route("**/*", decide)
    await context.route_web_socket("**/*", decide_socket)


async def is_refused(address: str, rules: AddressRules) -> bool:
    """Returns whether the address's host is internal and not allowed; a name that leads nowhere is not."""
    parts = urlsplit(address)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return True
    if parts.scheme not in {"http", "https", "ws", "wss"} or rules.trusts(host, port or _port(parts.scheme)):
        return False
    try:
        for entry in await asyncio.get_running_loop().getaddrinfo(host, None):
            rules.check(str(entry[4][0]))
    except InternalAddress:
        return True
    except OSError:
        return False
    return False


def _port(scheme: str) -> int:
    return 443 if scheme in {"https", "wss"} else 80
