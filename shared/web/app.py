"""The FastAPI application every service starts from."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from shared.kernel.errors import CasareError, FieldError, Invalid, Unavailable
from shared.web.example_nulls import restore_nulls
from shared.web.middleware import ServiceMiddleware, request_id_of
from shared.web.problems import http_problem, problem_response, problem_schema
from shared.web.tokens import InternalTokens

HealthCheck = Callable[[], Awaitable[None]]
"""Returns when a dependency works; raises `Unavailable` when not."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_DETAILS: Final = {404: "There is no such route.", 405: "This route does not have that method."}


def create_service_app(
    *,
    name: str,
    title: str,
    registry: CollectorRegistry,
    tokens: InternalTokens,
    checks: Mapping[str, HealthCheck],
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """An application with problem details, identities, `/health/*` and `/metrics`; routers are added by the caller."""
    app = FastAPI(
        title=title, version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url="/openapi.json"
    )
    app.state.drain_actions = []
    app.add_middleware(ServiceMiddleware, service=name, tokens=tokens, registry=registry)
    app.add_exception_handler(CasareError, _on_casare_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    add_health_routes(app, checks)
    _add_metrics_route(app, registry)
    _describe_problems(app)
    return app


def on_drain(app: FastAPI, action: Callable[[], None]) -> None:
    """Call `action` when the process is told to stop, while requests under way may still finish."""
    app.state.drain_actions.append(action)


def drain(app: FastAPI) -> None:
    """Tell the application that the process stops: what waits (long polls) should go home now."""
    for action in app.state.drain_actions:
        action()


def add_health_routes(app: FastAPI, checks: Mapping[str, HealthCheck]) -> None:
    """`/health/live` (the process answers) and `/health/ready` (503 while a dependency is down)."""

    @app.get("/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> Response:
        return readiness_response(await run_checks(checks))


async def run_checks(checks: Mapping[str, HealthCheck]) -> dict[str, str]:
    """Each check's outcome: `ok`, or what is wrong."""
    outcomes = {}
    for name, check in checks.items():
        try:
            await check()
            outcomes[name] = "ok"
        except Unavailable as error:
            outcomes[name] = error.detail
    return outcomes


def readiness_response(outcomes: Mapping[str, str]) -> Response:
    """200 when all is `ok`, else 503 with `Retry-After`."""
    ready = all(outcome == "ok" for outcome in outcomes.values())
    body = {"status": "ok" if ready else "unavailable", "checks": dict(outcomes)}
    return JSONResponse(body, status_code=200 if ready else 503, headers={} if ready else {"Retry-After": "2"})


def _add_metrics_route(app: FastAPI, registry: CollectorRegistry) -> None:
    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def _on_casare_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CasareError)
    return problem_response(error, instance=request.url.path, request_id=request_id_of(request.scope))


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [FieldError(_field_of(e["loc"]), str(e["msg"])) for e in error.errors()]
    shown = "; ".join(f"{field.field}: {field.message}" for field in fields[:5])
    problem = Invalid(shown or "The request is not valid.", fields[:100])
    return problem_response(problem, instance=request.url.path, request_id=request_id_of(request.scope))


def _field_of(location: tuple[Any, ...]) -> str:
    """`('body', 'priority')` → `priority`; the body itself is `body`."""
    parts = [str(part) for part in location if part not in ("body", "query", "path", "header")]
    return ".".join(parts) or "body"


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return http_problem(
        error.status_code,
        _DETAILS.get(error.status_code, str(error.detail)),
        instance=request.url.path,
        request_id=request_id_of(request.scope),
        headers=dict(error.headers or {}),
    )


def _describe_problems(app: FastAPI) -> None:
    """OpenAPI: the problem schema, whole examples, and no 422, which this API never answers (clarifications 2)."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = problem_schema()
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            restore_nulls(schemas)
            for operations in schema["paths"].values():
                for operation in operations.values():
                    operation["responses"].pop("422", None)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema
