"""Refusals that auth will never take do not hold up the others."""

from prometheus_client import CollectorRegistry

from gateway.rate_limits import Limit
from gateway.refusals import Refusals
from gateway.routing import Route
from shared.kernel.errors import Invalid
from shared.kernel.identity import ANONYMOUS
from shared.kernel.ids import new_id
from shared.web.refusals import RefusedCalls
from tests.support.clock import ManualClock

ROUTE = Route("GET", "/api/v1/robots", "dispatcher", Limit("list", 100))


async def test_what_auth_cannot_read_is_given_up_and_counted() -> None:
    async def cannot_read(refused: RefusedCalls) -> None:
        raise Invalid("no")

    registry = CollectorRegistry()
    refusals = Refusals(cannot_read, ManualClock(), new_id, registry)
    refusals.note(ROUTE, path="/\ud800" + "x" * 9999, status=401, caller=ANONYMOUS, address="a", request_id="r")

    await refusals.flush()

    assert registry.get_sample_value("casare_gateway_refusals_lost_total") == 1
    assert registry.get_sample_value("casare_gateway_refusals_waiting") == 0
