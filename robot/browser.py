"""The browser of a job: one, without a window, opened by its first browser step and closed at the job's end."""

import asyncio
import os
import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from robot.addresses import AddressRules
from robot.errors import OutsideFailed
from robot.guarded_socks import GuardedSocks
from robot.limits import Limits

if TYPE_CHECKING:
    from playwright.async_api import Browser as Chromium
    from playwright.async_api import BrowserContext, Page, Playwright, ProxySettings

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

    def __init__(self, ends: AsyncExitStack, context: "BrowserContext", proxy: GuardedSocks | None) -> None:
        self._ends = ends
        self._context = context
        self._proxy = proxy
        self._pages: dict[str, Page] = {}

    @property
    def refusals(self) -> int:
        """Returns how many connections to internal addresses were not allowed so far."""
        return 0 if self._proxy is None else self._proxy.refusals

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
        await self._ends.aclose()


async def started(limits: Limits, options: dict[str, Any]) -> Browser:
    """Returns a browser with one context made by Playwright's `options`. Raises OutsideFailed.

    Where internal addresses are blocked, all it does goes through a proxy of ours that checks where it leads.
    """
    program = await asyncio.to_thread(_chromium, limits)
    async with AsyncExitStack() as ends:
        proxy = None
        if limits.addresses.block_internal:
            proxy = await GuardedSocks(limits.addresses).start()
            ends.push_async_callback(proxy.close)
        playwright = await _playwright()
        ends.push_async_callback(playwright.stop)
        try:
            async with asyncio.timeout(START_SECONDS):
                browser = await _launched(playwright, program, limits.addresses, proxy)
                ends.push_async_callback(browser.close)
                context = await browser.new_context(service_workers="block", **options)
        except Exception as error:
            message = f"the browser {Path(program).name} does not start: {type(error).__name__}"
            raise OutsideFailed(message, error_type="BROWSER_FAILED", retryable=True) from error
        return Browser(ends.pop_all(), context, proxy)


async def _launched(
    playwright: "Playwright", program: str, rules: AddressRules, proxy: GuardedSocks | None
) -> "Chromium":
    # Loopback is what a browser would otherwise reach without its proxy, and web calls (WebRTC) go by UDP.
    through: ProxySettings | None = None if proxy is None else {"server": proxy.address, "bypass": "<-loopback>"}
    no_udp = [] if proxy is None else ["--force-webrtc-ip-handling-policy=disable_non_proxied_udp"]
    return await playwright.chromium.launch(
        executable_path=program,
        headless=True,
        # The sandbox keeps a hostile page in; as root Chromium does not start with it.
        chromium_sandbox=not _is_root(),
        args=["--disable-dev-shm-usage", *no_udp],
        env=dict(_environment(rules)),
        proxy=through,
    )


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


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _environment(rules: AddressRules) -> dict[str, str | float | bool]:
    names = _PASSED_ON if rules.block_internal else _PASSED_ON + _PROXIES
    return {name: os.environ[name] for name in names if name in os.environ}
