"""Waiting and taking turns, for tasks of one event loop."""

import asyncio

Lock = asyncio.Lock
sleep = asyncio.sleep
