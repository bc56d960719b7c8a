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
from shared.kernel.json_limits import repeats_names
from shared.kernel.permissions import Permission
from shared.web.error_responses import error_responses

API_PREFIX: Final = "/api/v1"
PERMISSION_KEY: Final = "x-permission"
"""Where a route's OpenAPI operation names its permission; the architecture tests read it too."""

REPEATED_NAME: Final = "The body is not valid JSON: an object in it has the same name twice."

EndpointT = TypeVar("EndpointT", bound=Callable[..., Any])


class StrictJSONRequest(Request):
    """Reads JSON as RFC 8259 has it: no NaN, no lone surrogates, bounded nesting, no name twice in one object."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            body = await self.body()
            try:
                self._json = msgspec.json.decode(body)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
                raise HTTPException(400, f"The body is not valid JSON: {error}") from error
            if repeats_names(body, self._json):
                raise HTTPException(400, REPEATED_NAME)
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
        always = (400, 429, 500, 503) if permission is Permission.PUBLIC else (400, 401, 403, 429, 500, 503)
        return self.api_route(
            path,
            methods=[method],
            dependencies=[Depends(requires(permission))],
            responses={**error_responses({*always, *errors}), **options.pop("responses", {})},
            openapi_extra={PERMISSION_KEY: permission.value, **options.pop("openapi_extra", {})},
            **options,
        )
