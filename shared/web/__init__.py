"""What every HTTP service shares: problem details, verified identities, declared routes, health and metrics."""

from shared.web.app import HealthCheck, create_service_app
from shared.web.routes import Caller, ContractRouter, requires
from shared.web.tokens import InternalTokens

__all__ = ["Caller", "ContractRouter", "HealthCheck", "InternalTokens", "create_service_app", "requires"]
