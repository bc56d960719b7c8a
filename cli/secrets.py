"""Secrets of an embedded installation: generated on the first start, kept in the data folder."""

import base64
import os
import secrets
from dataclasses import dataclass
from typing import Final

from cli.data_folder import DataFolder
from cli.up_settings import UpSettings
from shared.config import Environment

SECRET_BYTES: Final = 32
PASSWORD_BYTES: Final = 12
_PENDING_PASSWORD: Final = "pending_admin_password"  # noqa: S105 - the name of an entry


@dataclass(frozen=True, slots=True)
class AdminPassword:
    """Where the first admin's password comes from."""

    value: str
    is_generated: bool

    def told(self, *, is_new: bool) -> str:
        """What the banner says of it."""
        if not is_new:
            return "admin, with the password set at the first start"
        if self.is_generated:
            return f"admin, password {self.value} (generated now and shown only this once)"
        return "admin, with the password from CASARE_ADMIN_PASSWORD"


def fill_environment(settings: UpSettings, folder: DataFolder) -> None:
    """Give every process of this installation the same secrets.

    Production brings its own: there nothing is generated, and what is missing is refused when settings are loaded.
    """
    if settings.environment is Environment.PRODUCTION:
        return
    kept = folder.secrets()
    fresh = {
        "CASARE_INTERNAL_KEY": secrets.token_urlsafe(SECRET_BYTES),
        "CASARE_TOKEN_SIGNING_KEY": base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode(),
    }
    for name, value in fresh.items():
        if name not in os.environ and f"{name}_FILE" not in os.environ:
            os.environ[name] = kept.setdefault(name, value)
    folder.keep_secrets(kept)


def admin_password(settings: UpSettings, folder: DataFolder) -> AdminPassword:
    """The first admin's password. A generated one is kept until it was shown, so that a crash cannot lose it."""
    given = settings.admin_password.get_secret_value()
    if given:
        return AdminPassword(given, is_generated=False)
    kept = folder.secrets()
    if _PENDING_PASSWORD not in kept:
        kept[_PENDING_PASSWORD] = secrets.token_hex(PASSWORD_BYTES)
        folder.keep_secrets(kept)
    return AdminPassword(kept[_PENDING_PASSWORD], is_generated=True)


def forget_shown_password(folder: DataFolder) -> None:
    """The password was shown; it is kept nowhere in clear from now on."""
    kept = folder.secrets()
    if kept.pop(_PENDING_PASSWORD, None) is not None:
        folder.keep_secrets(kept)
