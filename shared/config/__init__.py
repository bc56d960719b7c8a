"""Configuration from `CASARE_*` environment variables and `CASARE_*_FILE` secret files."""

from shared.config.settings import (
    Environment,
    InsecureSecret,
    ServiceSettings,
    SettingsError,
    describe,
    load,
)

__all__ = ["Environment", "InsecureSecret", "ServiceSettings", "SettingsError", "describe", "load"]
