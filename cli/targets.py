"""The deployment map as data: what can run as a process of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from fastapi import FastAPI

from shared.config import ServiceSettings

CreateApp = Callable[..., FastAPI]


@dataclass(frozen=True, slots=True)
class Target:
    """A service; its modules are imported when first asked for, so that one process loads one service."""

    name: str
    port: int
    """Where it listens when it runs by itself and nothing else is said."""
    settings_class: str

    @property
    def settings(self) -> type[ServiceSettings]:
        """Its settings class."""
        settings: type[ServiceSettings] = getattr(import_module(f"services.{self.name}.settings"), self.settings_class)
        return settings

    @property
    def create_app(self) -> CreateApp:
        """Its app factory."""
        create: CreateApp = import_module(f"services.{self.name}.app").create_app
        return create

    @property
    def outbox_collections(self) -> tuple[str, ...]:
        """The collections whose outboxes it fills and therefore sweeps."""
        collections: tuple[str, ...] = import_module(f"services.{self.name}.app").OUTBOX_COLLECTIONS
        return collections


SERVICES: Final = {
    target.name: target
    for target in (
        Target("auth", 8001, "AuthSettings"),
        Target("workflows", 8002, "WorkflowsSettings"),
        Target("dispatcher", 8003, "DispatcherSettings"),
        Target("scheduler", 8004, "SchedulerSettings"),
        Target("metrics", 8005, "MetricsSettings"),
    )
}
"""The five services, by name."""


class GatewayTarget(Target):
    """The gateway: it has no FastAPI application and no outbox of its own."""

    @property
    def settings(self) -> type[ServiceSettings]:
        return import_module("gateway.settings").GatewaySettings  # type: ignore[no-any-return]  # found by name

    @property
    def outbox_collections(self) -> tuple[str, ...]:
        return ()


TARGETS: Final[dict[str, Target]] = {**SERVICES, "gateway": GatewayTarget("gateway", 8000, "GatewaySettings")}
"""Everything `casare serve` can run."""
