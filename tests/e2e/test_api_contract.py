"""Every endpoint, called well and badly, as the table in `tests/support/contract` has it."""

import pytest

from tests.support.contract.calls import Row
from tests.support.contract.cast import Cast
from tests.support.contract.document import ApiDocument
from tests.support.contract.endpoint import Endpoint
from tests.support.contract.rows import ENDPOINTS
from tests.support.system import System


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
async def test_an_endpoint_answers_as_documented(system: System, document: ApiDocument, endpoint: Endpoint) -> None:
    row = Row(endpoint, system, document)
    async with Cast(system) as shared:
        async with row.cast(shared) as cast:
            row.expect_good(await row.send(cast), "the good call")
        for values in endpoint.parameters:
            await row.try_values(shared, values, in_query=True)
        for values in endpoint.fields:
            await row.try_values(shared, values, in_query=False)
        for refusal in endpoint.refusals:
            await row.try_refusal(shared, refusal)
    assert row.faults == [], "\n".join(row.faults)
