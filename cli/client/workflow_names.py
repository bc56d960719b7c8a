"""Workflows by what people call them."""

import re
from typing import Final

from cli.client.api import Answer, Api
from cli.client.pages import read_list
from cli.failures import NotThere, UsageProblem

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MOST_NAMED: Final = 5


def workflow_id_of(api: Api, reference: str) -> str:
    """The id of the workflow that `reference` names, or is. Raises NotThere; UsageProblem when several are so called.

    An id is taken as it is: whether there is such a workflow, the call that uses it will say.
    """
    if _UUID.fullmatch(reference):
        return reference
    found = named(api, reference)
    if not found:
        raise NotThere(f"There is no workflow called {reference!r}.", advice=_similar(api, reference))
    return str(only(found, reference)["workflow_id"])


def named(api: Api, name: str) -> list[Answer]:
    """The workflows whose name is exactly this, newest first."""
    found = read_list(api, "/workflows", "workflows", {"search": name}, limit=None).entries
    return [workflow for workflow in found if workflow.get("workflow_name") == name]


def only(found: list[Answer], name: str) -> Answer:
    """The one found. Raises UsageProblem when there are several."""
    if len(found) > 1:
        ids = ", ".join(str(workflow.get("workflow_id")) for workflow in found[:_MOST_NAMED])
        more = " …" if len(found) > _MOST_NAMED else ""
        raise UsageProblem(f"{len(found)} workflows are called {name!r}: {ids}{more}.", advice="Use the id of one.")
    return found[0]


def _similar(api: Api, name: str) -> str:
    found = read_list(api, "/workflows", "workflows", {"search": name}, limit=_MOST_NAMED).entries
    if not found:
        return "`casare workflow list` shows what there is."
    return f"Did you mean {' or '.join(repr(workflow.get('workflow_name')) for workflow in found)}?"
