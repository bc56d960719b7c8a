"""A real installation, as operators' commands find it."""

from dataclasses import dataclass

from tests.support.embedded_deployment import EmbeddedDeployment


@dataclass(frozen=True, slots=True)
class Installation:
    """A running `casare up`."""

    deployment: EmbeddedDeployment

    @property
    def data(self) -> str:
        """`CASARE_DATA_DIR` of it."""
        return str(self.deployment.home / "data")

    @property
    def url(self) -> str:
        """Of its gateway."""
        return self.deployment.base_url

    @property
    def store_url(self) -> str:
        """Of its document store."""
        return self.deployment.store_url
