"""The public API as its clients call it. Answers are JSON as received: what they must hold is for tests to say."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Self

import httpx

API: Final = "/api/v1"
_TIMEOUT_SECONDS: Final = 40.0  # more than the longest long poll
_LONGEST_ACTIVITY: Final = 200

Json = dict[str, Any]

CLOCKS_DIFFER: Final = timedelta(milliseconds=500)
"""More than two replicas' clocks do on one machine."""


class Refused(AssertionError):
    """A call that should have succeeded did not; the message shows its answer."""

    def __init__(self, response: httpx.Response) -> None:
        request = response.request
        super().__init__(f"{request.method} {request.url.path}: {response.status_code} {response.text[:500]}")


class Api:
    """Calls with one credential, or with none."""

    def __init__(self, base_url: str, headers: Mapping[str, str] | None = None) -> None:
        # No proxies of the environment, and no certificates to load: all is on loopback.
        self._http = httpx.AsyncClient(
            base_url=base_url, headers=headers, timeout=_TIMEOUT_SECONDS, trust_env=False, verify=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Disconnects."""
        await self._http.aclose()

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Whatever is answered; `path` is below `/api/v1`."""
        return await self._http.request(method, API + path, **options)

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The JSON of a successful answer. Raises Refused."""
        response = await self.request(method, path, **({} if body is None else {"json": body}), **options)
        if response.is_error:
            raise Refused(response)
        return response.json()

    async def page(self, path: str) -> str:
        """The text at a whole path. Raises Refused."""
        response = await self._http.get(path)
        if response.is_error:
            raise Refused(response)
        return response.text


class UserApi(Api):
    """What people do."""

    def __init__(self, base_url: str, access_token: str) -> None:
        super().__init__(base_url, {"Authorization": f"Bearer {access_token}"})

    async def submit(self, workflow_name: str, workflow_json: Json, **fields: Any) -> Json:
        """What became of the submission: `workflow_id`, `job_id` or `schedule_id`."""
        body = {"workflow_name": workflow_name, "workflow_json": workflow_json, **fields}
        answer: Json = await self.call("POST", "/workflows", body)
        return answer

    async def job(self, job_id: str) -> Json:
        """The job as it is now."""
        answer: Json = await self.call("GET", f"/jobs/{job_id}")
        return answer

    async def cancel(self, job_id: str) -> Json:
        """Whether it was cancelled, and what it was before."""
        answer: Json = await self.call("POST", f"/jobs/{job_id}/cancel")
        return answer

    async def robots(self) -> list[Json]:
        """All robots by id."""
        answer = await self.call("GET", "/robots", params={"limit": 500})
        robots: list[Json] = answer["robots"]
        assert answer["total"] == len(robots), answer["total"]
        return robots

    async def history(self, **filters: str | int) -> list[Json]:
        """Jobs, newest first."""
        answer: list[Json] = await self.call("GET", "/metrics/jobs", params={"limit": 500, **filters})
        return answer

    async def fleet(self) -> dict[str, int]:
        """The fleet's figures."""
        answer: dict[str, int] = await self.call("GET", "/metrics/fleet")
        return answer

    async def activity(self, **filters: str) -> list[Json]:
        """The latest events that match, oldest first."""
        parameters = {"limit": str(_LONGEST_ACTIVITY), **filters}
        answer = await self.call("GET", "/metrics/activity", params=parameters)
        events: list[Json] = answer["events"]
        return events[::-1]

    async def trail(self, job_id: str) -> Counter[str]:
        """How often each type of the job's events is among the latest activity.

        Events of several replicas that are milliseconds apart have no certain order: each replica has its own clock.
        """
        events = [event for event in await self.activity() if event["data"].get("job_id") == job_id]
        return Counter(event["event_type"] for event in events if event["event_type"].startswith("job_"))

    async def create_key(self, name: str, **fields: Any) -> str:
        """The text of a new robot API key."""
        key: str = (await self.call("POST", "/robot-api-keys", {"name": name, **fields}))["api_key"]
        return key


class RobotApi(Api):
    """What a robot does."""

    def __init__(self, base_url: str, robot_id: str, api_key: str) -> None:
        super().__init__(base_url, {"X-Api-Key": api_key})
        self.robot_id = robot_id

    async def register(self, **fields: Any) -> Json:
        """The robot as registered."""
        body = {"robot_id": self.robot_id, "name": self.robot_id, "hostname": "tests.invalid", **fields}
        answer: Json = await self.call("POST", "/robots/register", body)
        return answer

    async def claim(self, *, lease_seconds: int = 30, wait_seconds: float = 10) -> Json | None:
        """A job, or None when there is none within `wait_seconds`."""
        body = {"visibility_timeout_seconds": lease_seconds, "wait_seconds": wait_seconds}
        answer: Json | None = await self.call("POST", "/jobs/claim", body)
        return answer

    async def progress(self, job: Json, percent: int) -> Json:
        """The answer to a report under the job's lease, as for the calls below."""
        answer: Json = await self.call(
            "PUT", f"/jobs/{job['job_id']}/progress", {"progress": percent, "lease_token": job["lease_token"]}
        )
        return answer

    async def complete(self, job: Json, result: Json | None = None) -> Json:
        answer: Json = await self.call(
            "POST", f"/jobs/{job['job_id']}/complete", {"result": result or {}, "lease_token": job["lease_token"]}
        )
        return answer


async def log_in(base_url: str, username: str, password: str) -> Json:
    """Tokens of a new session. Raises Refused."""
    async with Api(base_url) as api:
        tokens: Json = await api.call("POST", "/auth/login", {"username": username, "password": password})
    return tokens


def at(timestamp: str) -> datetime:
    """The moment an answer names; it must name its zone."""
    moment = datetime.fromisoformat(timestamp)
    assert moment.tzinfo is not None, timestamp
    return moment
