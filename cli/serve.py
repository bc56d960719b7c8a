"""`casare serve <target>`: one service per process."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import uvloop

from cli.errors import StartError
from cli.gateway import open_gateway, require_addresses
from cli.server import listen, serve
from cli.targets import TARGETS, Target
from shared.config import ServiceSettings, SettingsError, load
from shared.web.app import drain
from shared.web.logs import configure_logs
from shared.web.runtime import Runtime, open_runtime

EXIT_CANNOT_START: Final = 2


def main(target_name: str) -> int:
    """Serve one target until SIGTERM; the exit code: 0, or 2 when it cannot start."""
    target = TARGETS[target_name]
    try:
        settings = _settings(target)
        configure_logs(settings, target.name)
        listener = listen(settings.host, settings.port)
        uvloop.run(_serve(target, settings, listener))
    except (SettingsError, StartError) as error:
        print(f"casare serve {target_name}: {error}", file=sys.stderr)
        return EXIT_CANNOT_START
    return 0


def _settings(target: Target) -> ServiceSettings:
    settings = load(target.settings)
    missing = [
        name
        for name, value in (
            ("CASARE_MONGODB_URL", settings.mongodb_url.get_secret_value()),
            ("CASARE_AMQP_URL", settings.amqp_url.get_secret_value()),
        )
        if not value
    ]
    if missing:
        raise SettingsError(f"a service of its own needs {' and '.join(missing)}; `casare up` runs everything embedded")
    if target.name == "gateway":
        require_addresses(settings)
    return settings


async def _serve(target: Target, settings: ServiceSettings, listener: Any) -> None:
    async with (
        open_runtime(settings, target.outbox_collections) as runtime,
        _application(target, settings, runtime) as (app, stop),
    ):
        await serve(app, listener, on_stop=stop)


@asynccontextmanager
async def _application(target: Target, settings: ServiceSettings, runtime: Runtime) -> AsyncIterator[tuple[Any, Any]]:
    """The running application, and what to call when the process is told to stop."""
    async with AsyncExitStack() as stack:
        if target.name == "gateway":
            gateway = await stack.enter_async_context(open_gateway(settings, runtime))
            yield gateway, gateway.drain
            return
        app = target.create_app(settings, runtime)
        await stack.enter_async_context(app.router.lifespan_context(app))
        yield app, lambda: drain(app)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
