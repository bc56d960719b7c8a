"""The auth service, wired: its parts, the routers over them, and the application."""

from services.auth.app.service import OUTBOX_COLLECTIONS, create_app

__all__ = ["OUTBOX_COLLECTIONS", "create_app"]
