"""What the shell offers after the tabulator key: ids and names of what the server has.

Quick or nothing: one short call with the token at hand, which is never renewed for this. Whatever goes wrong, there is
nothing to offer, and nothing is said into the line that somebody is typing.
"""

import os
from typing import Any, Final

import typer

_TIMEOUT_SECONDS: Final = 0.3
_MOST: Final = 100
_LONGEST_ANSWER: Final = 1_000_000
_FINE: Final = 200

Offers = list[tuple[str, str]]


def complete_workflow(ctx: typer.Context, incomplete: str) -> Offers:
    """Workflows: by id while one is typed, else by name."""
    found = _ask(ctx, f"/workflows?limit={_MOST}").get("workflows", ())
    pairs = [(str(one.get("workflow_id")), str(one.get("workflow_name"))) for one in found]
    names = [name for _, name in pairs]
    by_name = [(name, workflow_id) for workflow_id, name in pairs if names.count(name) == 1]
    return _beginning(incomplete, by_name) or _beginning(incomplete, pairs)


def complete_job(ctx: typer.Context, incomplete: str) -> Offers:
    """The latest jobs."""
    found = _ask(ctx, f"/jobs?limit={_MOST}").get("jobs", ())
    return _beginning(
        incomplete, [(str(one.get("job_id")), f"{one.get('workflow_name')}, {one.get('status')}") for one in found]
    )


def complete_robot(ctx: typer.Context, incomplete: str) -> Offers:
    """Robots."""
    found = _ask(ctx, f"/robots?limit={_MOST}").get("robots", ())
    return _beginning(
        incomplete, [(str(one.get("robot_id")), f"{one.get('name')}, {one.get('status')}") for one in found]
    )


def complete_schedule(ctx: typer.Context, incomplete: str) -> Offers:
    """Schedules."""
    found = _ask(ctx, f"/schedules?limit={_MOST}").get("", ())
    return _beginning(incomplete, [(str(one.get("schedule_id")), str(one.get("schedule_name"))) for one in found])


def complete_profile(ctx: typer.Context, incomplete: str) -> Offers:
    """Profiles."""
    del ctx
    try:
        from cli.profiles import ProfileStore, config_folder

        known = ProfileStore(config_folder()).known()
    except Exception:  # noqa: BLE001 - see above: nothing is said into the line
        return []
    return _beginning(incomplete, [(one.name, f"{one.username} at {one.url}") for one in known])


def _beginning(incomplete: str, offers: Offers) -> Offers:
    return [(value, about) for value, about in offers if value.startswith(incomplete) and value.isprintable()]


def _ask(ctx: typer.Context, path: str) -> dict[str, Any]:
    """The answer, a list under the name ""; empty when there is none."""
    try:
        answer = _answer(ctx.find_root().params.get("profile"), path)
    except Exception:  # noqa: BLE001 - see above
        return {}
    return answer if isinstance(answer, dict) else {"": answer}


def _answer(profile: str | None, path: str) -> Any:
    import json
    import time
    from http.client import HTTPConnection, HTTPSConnection
    from urllib.parse import urlsplit

    from cli.client.address import API, choose_server
    from cli.profiles import ProfileStore, config_folder

    store = ProfileStore(config_folder())
    server = choose_server(None, profile or os.environ.get("CASARE_PROFILE"), store)
    login = store.get(server.profile)
    if login is None or login.url != server.url or login.access_expires_ms <= time.time_ns() // 1_000_000:
        return {}
    parts = urlsplit(server.url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", parts.path + API + path, headers={"Authorization": f"Bearer {login.access_token}"})
        response = connection.getresponse()
        return json.loads(response.read(_LONGEST_ANSWER)) if response.status == _FINE else {}
    finally:
        connection.close()
