"""Browser nodes that bring something out of a page: texts, tables, pictures, files."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.errors import FileFailed, InvalidConfig
from robot.nodes.browser_page import act, bounded, element_of, failure, milliseconds, page_of
from robot.nodes.context import NodeContext
from robot.nodes.files import told
from robot.nodes.json_files import check_size
from robot.nodes.table import NodeTable, Outcome
from robot.trees import Allowance, copy_file

if TYPE_CHECKING:
    from playwright.async_api import Locator

nodes = NodeTable()

MAX_ELEMENTS = 10_000
_CELLS = """(table, most) => [...table.rows].slice(0, most + 1).map(
    row => [...row.cells].map(cell => cell.innerText.trim()))"""

Read = Callable[["Locator", float], Any]


@nodes.register("browser.extract")
async def extract(context: NodeContext) -> Outcome:
    """Reads from the page: `what` is text (default), value, html, attribute (named by `attribute`) or table.

    Outputs `value`; of a table the `rows`, records by its first row, unless `has_header` is false. With `all` (false)
    every element that matches is read, none included: `values`, `count`.
    """
    what = context.text("what", "text")
    if what == "table":
        return await _table(context)
    read = _reader(context, what)
    if context.flag("all", default=False):
        return await _all(context, read)
    value = await act(context, read)
    check_size(value, context.run.limits.max_response_bytes)
    return Outcome({"value": value})


def _reader(context: NodeContext, what: str) -> Read:
    readers: Mapping[str, Read] = {
        "text": lambda element, ms: element.inner_text(timeout=ms),
        "value": lambda element, ms: element.input_value(timeout=ms),
        "html": lambda element, ms: element.inner_html(timeout=ms),
        "attribute": lambda element, ms: element.get_attribute(context.text("attribute"), timeout=ms),
    }
    if what not in readers:
        raise InvalidConfig(f"`what` is one of {', '.join([*readers, 'table'])}")
    return readers[what]


async def _all(context: NodeContext, read: Read) -> Outcome:
    found, timeout = element_of(context, page_of(context)), milliseconds(context)
    try:
        elements = await bounded(context, found.all(), timeout)
        if len(elements) > MAX_ELEMENTS:
            raise InvalidConfig(f"`selector` matches more than {MAX_ELEMENTS:,} elements")
        values = [await bounded(context, read(element, timeout), timeout) for element in elements]
    except Exception as error:
        raise await failure(context, error) from error
    check_size(values, context.run.limits.max_response_bytes)
    return Outcome({"values": values, "count": len(values)})


async def _table(context: NodeContext) -> Outcome:
    most = context.run.limits.max_rows
    lines: list[list[str]] = await act(context, lambda element, ms: element.evaluate(_CELLS, most, timeout=ms))
    if len(lines) > most:
        raise InvalidConfig(f"the table has more than {most:,} rows")
    check_size(lines, context.run.limits.max_response_bytes)
    headers = lines.pop(0) if lines and context.flag("has_header", default=True) else []
    if len(set(headers)) < len(headers):
        raise InvalidConfig("two columns of the table have the same header; read it with `has_header` false")
    rows = [dict(zip(headers, [*line, *[""] * len(headers)], strict=False)) for line in lines] if headers else lines
    return Outcome({"rows": rows, "headers": headers, "count": len(rows)})


@nodes.register("browser.screenshot")
async def screenshot(context: NodeContext) -> Outcome:
    """Keeps a picture of the page, or of the element `selector`, in `file_path` (.png or .jpg); `full_page` (false).

    Outputs `file_path` and `size_bytes`.
    """
    name = context.text("file_path")
    kind = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}.get(Path(name).suffix.lower())
    if kind is None:
        raise InvalidConfig("`file_path` has to end in .png or .jpg")
    context.run.files.resolve(name)
    if context.value("selector") is not None:
        content = await act(context, lambda element, ms: element.screenshot(type=kind, timeout=ms))  # type: ignore[arg-type]  # from the table above
    else:
        page, timeout, full = page_of(context), milliseconds(context), context.flag("full_page", default=False)
        taking = page.screenshot(type=kind, full_page=full, timeout=timeout)  # type: ignore[arg-type]  # from the table above
        try:
            content = await bounded(context, taking, timeout)
        except Exception as error:
            raise await failure(context, error) from error
    path = await asyncio.to_thread(context.run.files.write, name, content)
    return Outcome({"file_path": context.run.files.shown(path), "size_bytes": len(content)})


@nodes.register("browser.download")
async def download(context: NodeContext) -> Outcome:
    """Clicks the element and keeps the file it downloads in `save_to`; `timeout_seconds` (60) is for all of it.

    Outputs `file_path`, `size_bytes` and `suggested_name`. A file that is there already is replaced.
    """
    name, timeout = context.text("save_to"), milliseconds(context, 60)
    target, page = context.run.files.resolve(name), page_of(context)

    async def click_and_wait(element: "Locator", _ms: float) -> tuple[Path, str]:
        async with page.expect_download(timeout=timeout) as waiting:
            await element.click(timeout=timeout)
        found = await waiting.value
        return Path(await found.path()), found.suggested_filename

    source, suggested = await act(context, click_and_wait)
    allowance = Allowance(entries=1, n_bytes=context.run.limits.max_transfer_bytes)

    def keep() -> int:
        with told(f"write {name!r}"):
            if target.is_dir():
                raise FileFailed(f"{name!r} is a folder")
            copy_file(source, target, allowance, context.run.cancel.check)
            source.unlink(missing_ok=True)
            return target.stat().st_size

    size = await asyncio.to_thread(keep)
    outputs = {"file_path": context.run.files.shown(target), "size_bytes": size, "suggested_name": suggested[:255]}
    return Outcome(outputs)
