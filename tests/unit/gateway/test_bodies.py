"""Request bodies on their way through: caps, time limits, and what the headers already give away."""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.types import Message

from gateway.bodies import Body, BodyRule
from gateway.errors import Refusal
from gateway.headers import sort_out
from shared.kernel.errors import Invalid, TooLarge

RULE = BodyRule(max_bytes=10, timeout_seconds=30)


class Client:
    """Sends chunks, then nothing more."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]

    def ends(self) -> "Client":
        self._messages[-1]["more_body"] = False
        return self

    async def receive(self) -> Message:
        if not self._messages:
            await asyncio.get_running_loop().create_future()
        return self._messages.pop(0)


async def test_a_body_up_to_the_cap_passes_unchanged() -> None:
    body = Body(Client([b"12345", b"67890"]).ends().receive, RULE)
    assert [(await body.receive())["body"] for _ in range(2)] == [b"12345", b"67890"]
    assert body.complete
    assert body.refusal is None


async def test_a_body_is_refused_with_the_first_byte_over_the_cap_and_stays_refused() -> None:
    body = Body(Client([b"12345", b"67890", b"1"]).receive, RULE)
    await body.receive()
    await body.receive()
    for _ in range(2):
        with pytest.raises(TooLarge):
            await body.receive()
    assert isinstance(body.refusal, TooLarge)
    assert not body.complete


async def test_a_body_that_does_not_arrive_in_time_is_refused() -> None:
    body = Body(Client([b"1"]).receive, BodyRule(max_bytes=10, timeout_seconds=0.01))
    await body.receive()
    with pytest.raises(Refusal) as refused:
        await body.receive()
    assert refused.value.status == 408


async def test_after_the_body_nothing_is_hurried() -> None:
    body = Body(Client([b"1"]).ends().receive, BodyRule(max_bytes=10, timeout_seconds=0.01))
    await body.receive()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(body.receive(), 0.05)
    assert body.refusal is None


@pytest.mark.parametrize("length", [b"11", b"9" * 5000])
async def test_a_length_over_the_cap_is_refused_before_a_byte_is_read(length: bytes) -> None:
    body = Body(Client([]).receive, RULE)
    with pytest.raises(TooLarge):
        body.refuse_at_once(sort_out([(b"content-length", length)]))


async def test_a_length_that_is_no_number_is_invalid() -> None:
    with pytest.raises(Invalid):
        Body(Client([]).receive, RULE).refuse_at_once(sort_out([(b"content-length", b"-1")]))


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"zstd", b"gzip, identity", b""])
async def test_a_compressed_body_is_refused(encoding: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        Body(Client([]).receive, RULE).refuse_at_once(sort_out([(b"content-encoding", encoding)]))
    assert refused.value.status == 415


async def test_a_body_said_not_to_be_compressed_is_taken() -> None:
    body = Body(Client([]).receive, RULE)
    body.refuse_at_once(sort_out([(b"content-encoding", b"Identity"), (b"content-length", b"10")]))
    assert body.refusal is None
