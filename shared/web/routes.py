"""Routes that declare what they need: one permission each, and the errors they may answer."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, ClassVar, Final, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.kernel.errors import Unauthenticated
from shared.kernel.identity import ANONYMOUS, Identity
from shared.kernel.permissions import Permission
from shared.web.problems import PROBLEM_TYPE

API_PREFIX: Final = "/api/v1"
PERMISSION_KEY: Final = "x-permission"
"""Where a route's OpenAPI operation names its permission; the architecture tests read it too."""

_ERROR_TEXTS: Final = {
    400: "The input breaks a rule; `errors` names the fields.",
    401: "No credential, or one that is malformed, expired or revoked.",
    403: "The credential lacks the permission.",
    404: "No such thing in the caller's tenant.",
    409: "The present state refuses this.",
    413: "The body is over its cap.",
    429: "Rate limit exceeded; `Retry-After` says when to come back.",
    503: "A dependency is down; `Retry-After` says when to come back.",
}

EndpointT = TypeVar("EndpointT", bound=Callable[..., Any])


class StrictJSONRequest(Request):
    """Reads JSON as RFC 8259 has it: no NaN, no lone surrogates, bounded nesting."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            try:
                self._json = msgspec.json.decode(await self.body())
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
                raise HTTPException(400, f"The body is not valid JSON: {error}") from error
        return self._json


class ContractRoute(APIRoute):
    """A route whose bodies are read by `request_class`."""

    request_class: ClassVar[type[StrictJSONRequest]] = StrictJSONRequest

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(self.request_class(request.scope, request.receive))

        return handle_strictly


async def current_identity(request: Request) -> Identity:
    """The verified caller that the service's middleware found in the request."""
    identity: Identity = request.scope["state"].get("identity", ANONYMOUS)
    return identity


Caller = Annotated[Identity, Depends(current_identity)]


def requires(permission: Permission) -> Callable[[Identity], Awaitable[None]]:
    """A dependency that lets only holders of `permission` pass: 401 without identity, 403 without permission."""

    async def check(caller: Caller) -> None:
        if permission is Permission.PUBLIC:
            return
        if caller.kind == "anonymous":
            raise Unauthenticated("This route needs a credential.")
        caller.require(permission)

    return check


class ContractRouter(APIRouter):
    """A router whose every endpoint names its permission (default deny: a plain `get`/`post` fails the suite)."""

    def __init__(self, *, tag: str, prefix: str = API_PREFIX, route_class: type[ContractRoute] = ContractRoute) -> None:
        super().__init__(prefix=prefix, tags=[tag], route_class=route_class)

    def endpoint(
        self,
        method: str,
        path: str,
        *,
        permission: Permission,
        errors: Sequence[int] = (),
        **options: Any,
    ) -> Callable[[EndpointT], EndpointT]:
        """Declare an endpoint; `errors` adds the statuses it may answer beyond the ones every route has."""
        always = (400, 503) if permission is Permission.PUBLIC else (400, 401, 403, 503)
        return self.api_route(
            path,
            methods=[method],
            dependencies=[Depends(requires(permission))],
            responses={**error_responses({*always, 429, *errors}), **options.pop("responses", {})},
            openapi_extra={PERMISSION_KEY: permission.value, **options.pop("openapi_extra", {})},
            **options,
        )


def error_responses(statuses: set[int]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for error `statuses`."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": _ERROR_TEXTS[status], "content": {PROBLEM_TYPE: {"schema": schema}}}
        for status in sorted(statuses)
    }
