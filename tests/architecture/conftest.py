"""What the architecture tests look at."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from tests.support.unstarted import unstarted_services


@pytest.fixture
async def apps() -> AsyncIterator[dict[str, FastAPI]]:
    """The services' applications; nothing is started, no store is asked."""
    async with unstarted_services() as applications:
        yield applications
