"""Writes the reference in `docs/sdk.md` from the client's own signatures and docstrings.

.venv/bin/python docs/generate_sdk_reference.py
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "sdk.md"
PACKAGE: Final = ROOT / "casare"
BEGIN: Final = "<!-- Written by docs/generate_sdk_reference.py from the code. Do not edit below. -->"
WIDTH: Final = 100

CLASSES: Final = (
    ("Client", "_sync/client.py", "Client", "client"),
    ("Submitting", "_sync/submitting.py", "Submitting", "client"),
    ("Jobs", "_sync/jobs.py", "Jobs", "client.jobs"),
    ("One job", "_sync/job.py", "Job", "job"),
    ("Workflows", "_sync/workflows.py", "Workflows", "client.workflows"),
    ("Webhooks", "_sync/workflows.py", "Webhooks", "client.webhooks"),
    ("Schedules", "_sync/schedules.py", "Schedules", "client.schedules"),
    ("Robots", "_sync/robots.py", "Robots", "client.robots"),
    ("Robots' keys", "_sync/robots.py", "Keys", "client.keys"),
    ("Dead letters", "_sync/dead_letters.py", "DeadLetters", "client.dlq"),
    ("Users", "_sync/people.py", "Users", "client.users"),
    ("Tenants", "_sync/people.py", "Tenants", "client.tenants"),
    ("Audit", "_sync/people.py", "Audit", "client.audit"),
    ("Figures", "_sync/metrics.py", "Metrics", "client.metrics"),
)
VALUES: Final = (("_submitting.py", "Run"), ("_retrying.py", "Retries"), ("progress.py", "Progress"))
MODELS: Final = ("jobs", "workflows", "schedules", "robots", "dead_letters", "access", "figures")
INTERNAL: Final = re.compile(r"(Page|List|Versions|Batch|Retried|Triggered|RevokedKey)$")
"""Models that only carry others."""

Function = ast.FunctionDef


def page() -> str:
    """The whole page: what is above the mark as it is, the reference below it anew."""
    guide = PAGE.read_text("utf-8").partition(BEGIN)[0]
    return f"{guide}{BEGIN}\n\n{chr(10).join(reference())}"


def reference() -> Iterator[str]:
    """The lines of the reference."""
    yield "## Reference\n"
    yield "For `Client`. `AsyncClient` and `AsyncJob` have the same methods to `await`, iterators for `async for`.\n"
    for title, path, name, access in CLASSES:
        yield from _class(title, _find(path, name), access)
    yield "### Signing webhooks\n"
    for function in _functions(_tree("webhooks.py").body):
        yield from _method(function, "casare.webhooks")
    yield "### Values you pass and get\n"
    for path, name in VALUES:
        yield from _model(_find(path, name))
    yield "### Models\n"
    for module in MODELS:
        for node in _tree(f"models/{module}.py").body:
            if isinstance(node, ast.ClassDef) and not INTERNAL.search(node.name):
                yield from _model(node)
    yield from _errors()


def _class(title: str, node: ast.ClassDef, access: str) -> Iterator[str]:
    yield f"### {title}\n"
    yield f"{_doc(node)}\n"
    for function in _functions(node.body):
        if function.name == "__init__" and node.name == "Client":
            yield from _signature(function, "Client")
        elif not function.name.startswith("_"):
            yield from _method(function, access)


def _method(function: Function, access: str) -> Iterator[str]:
    decorated = {each.id for each in function.decorator_list if isinstance(each, ast.Name)}
    if "property" in decorated:
        yield f"```python\n{access}.{function.name}: {_text(function.returns)}\n```\n"
    else:
        yield from _signature(function, f"{access}.{function.name}")
    yield f"{_doc(function)}\n"


def _signature(function: Function, name: str) -> Iterator[str]:
    returns = "" if function.name == "__init__" else f" -> {_text(function.returns)}"
    parameters = _parameters(function.args)
    line = f"{name}({', '.join(parameters)}){returns}"
    if len(line) > WIDTH:
        line = f"{name}(\n" + "".join(f"    {each},\n" for each in parameters) + f"){returns}"
    yield f"```python\n{line}\n```\n"


def _parameters(arguments: ast.arguments) -> list[str]:
    plain = [each for each in arguments.args if each.arg != "self"]
    without = [None] * (len(plain) - len(arguments.defaults))
    shown = [_parameter(each, default) for each, default in zip(plain, [*without, *arguments.defaults], strict=True)]
    if arguments.kwonlyargs:
        shown.append("*")
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return shown + [_parameter(each, default) for each, default in pairs]


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    value = "" if default is None else f" = {ast.unparse(default).replace('_DEFAULT_RETRIES', 'Retries()')}"
    return f"{argument.arg}: {_text(argument.annotation)}{value}"


def _model(node: ast.ClassDef) -> Iterator[str]:
    yield f"#### {node.name}\n"
    yield f"{_doc(node)}\n"
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)]
    bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id != "Model"]
    if bases:
        yield f"All that `{bases[0]}` has, and:\n"
    yield "| Field | Type |"
    yield "|---|---|"
    yield from (f"| `{_text(each.target)}` | {_cell(_text(each.annotation))} |" for each in fields)
    for function in _functions(node.body):
        if any(isinstance(each, ast.Name) and each.id == "property" for each in function.decorator_list):
            yield f"| `{function.name}` | {_cell(_text(function.returns))}: {_doc(function)} |"
    yield ""


def _errors() -> Iterator[str]:
    tree = _tree("errors.py")
    yield "### Errors\n"
    yield f"```text\n{(ast.get_docstring(tree) or '').partition(chr(10))[2].strip()}\n```\n"
    yield "| Error | Means |"
    yield "|---|---|"
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield f"| `{node.name}` | {_doc(node)} |"
    yield ""


def _functions(body: list[ast.stmt]) -> Iterator[Function]:
    yield from (
        node
        for node in body
        if isinstance(node, ast.FunctionDef) and (node.name == "__init__" or not node.name.startswith("_"))
    )


def _find(path: str, name: str) -> ast.ClassDef:
    return next(node for node in _tree(path).body if isinstance(node, ast.ClassDef) and node.name == name)


def _tree(path: str) -> ast.Module:
    return ast.parse((PACKAGE / path).read_text("utf-8"))


def _doc(node: ast.ClassDef | Function) -> str:
    """The docstring with each paragraph on one line, as the page's own are not wrapped by hand."""
    paragraphs = (ast.get_docstring(node) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _text(node: ast.expr | None) -> str:
    return "None" if node is None else ast.unparse(node).replace("'Job'", "Job").replace("ListOf[", "list[")


def _cell(text: str) -> str:
    escaped = text.replace("|", "\\|")
    return f"`{escaped}`"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
