"""Answers, as the errors they mean."""

import pickle
from datetime import UTC, datetime

import httpx
import msgspec
import pytest

from casare import errors
from casare._answers import decode
from casare._calls import encode_json, get
from casare._submitting import definition_of, is_stored, with_variables
from casare.models import Identity, JobRecord

CALL = get("/auth/me", Identity)


def refused(status: int, content: bytes | None = None, **headers: str) -> errors.CasareError:
    problem = {
        "detail": "It is so",
        "code": "SO_IT_IS",
        "request_id": "r-1",
        "errors": [{"field": "a", "message": "b"}],
    }
    request = httpx.Request("GET", "http://casare.example/")
    response = httpx.Response(
        status,
        content=msgspec.json.encode(problem) if content is None else content,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        request=request,
    )
    with pytest.raises(errors.CasareError) as raised:
        decode(response, CALL, 0.0)
    return raised.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidInput),
        (401, errors.NotAuthenticated),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (413, errors.InvalidInput),
        (418, errors.ApiError),
        (429, errors.RateLimited),
        (500, errors.Unavailable),
        (503, errors.Unavailable),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[errors.ApiError]) -> None:
    error = refused(status)
    assert type(error) is kind
    assert isinstance(error, errors.ApiError)
    assert (error.status, error.code, error.request_id) == (status, "SO_IT_IS", "r-1")
    assert error.errors == (errors.FieldError("a", "b"),)
    assert "It is so" in str(error)
    assert "r-1" in str(error)


def test_errors_cross_from_a_worker_process() -> None:
    refusal = refused(429, retry_after="240")
    record = JobRecord(job_id="j-1", workflow_id="w-1", created_at=datetime(2026, 1, 1, tzinfo=UTC))
    for error in (refusal, errors.JobFailed(record, "It failed."), errors.ConnectionFailed("Nobody answers.")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_who_is_limited_is_told_for_how_long() -> None:
    error = refused(429, retry_after="240")
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == 240
    assert "Try again in 4 min" in str(error)


def test_what_is_not_this_apis_is_told_so() -> None:
    assert type(refused(404, b"<html>")) is errors.UnexpectedAnswer
    assert type(refused(200, b"<html>")) is errors.UnexpectedAnswer
    assert type(refused(200, b"[]")) is errors.UnexpectedAnswer
    assert type(refused(502, b"<html>")) is errors.Unavailable


def test_fields_of_a_newer_server_are_ignored() -> None:
    content = b'{"user_id": "ann", "roles": ["viewer"], "tenant_id": "t", "moon_phase": "full"}'
    assert decode(httpx.Response(200, content=content), CALL, 0.0) == Identity(
        user_id="ann", roles=["viewer"], tenant_id="t"
    )


def test_a_number_that_json_has_not_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode_json({"variables": {"x": float("nan")}})


def test_a_text_is_an_id_unless_it_is_a_files_name() -> None:
    assert is_stored("01a20ee8-e280-7489-ac7f-8751f57e4486")
    assert not is_stored("flows/check.json")
    assert not is_stored({"nodes": {}})


def test_variables_go_over_the_definitions_own() -> None:
    definition = definition_of({"nodes": {}, "variables": {"a": 1, "b": 2}, "metadata": {"name": "Sum"}}, None)
    assert definition.name == "Sum"
    assert with_variables(definition, {"b": 3}).workflow_json["variables"] == {"a": 1, "b": 3}
