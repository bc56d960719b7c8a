"""The rows, one file per area of the API."""

from typing import Final

from tests.support.contract.endpoint import Endpoint
from tests.support.contract.rows.administration import ADMINISTRATION
from tests.support.contract.rows.auth import AUTH
from tests.support.contract.rows.jobs import JOBS
from tests.support.contract.rows.keys import KEYS
from tests.support.contract.rows.leases import LEASES
from tests.support.contract.rows.metrics import METRICS
from tests.support.contract.rows.robots import ROBOTS
from tests.support.contract.rows.schedules import SCHEDULES
from tests.support.contract.rows.webhooks import WEBHOOKS
from tests.support.contract.rows.workflows import WORKFLOWS

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *AUTH,
    *WORKFLOWS,
    *WEBHOOKS,
    *JOBS,
    *LEASES,
    *ROBOTS,
    *SCHEDULES,
    *METRICS,
    *KEYS,
    *ADMINISTRATION,
)
"""Every endpoint of the API."""
