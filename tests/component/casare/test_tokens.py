"""Tokens: renewed in time, by one call for all, and shared with the command's stored login."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from casare import AsyncClient, Client, ConfigurationProblem, NotAuthenticated
from cli.profiles import Profile, ProfileStore
from tests.component.casare.server import ScriptedServer
from tests.support.eventually import eventually

ME = {"user_id": "ann", "roles": ["viewer"], "tenant_id": "t"}


@pytest.fixture(autouse=True)
def _who(server: ScriptedServer) -> None:
    server.answer = lambda _asked: JSONResponse(ME)


def password_client(url: str) -> AsyncClient:
    return AsyncClient(url, username="ann", password="p")


async def test_many_first_calls_log_in_once(server: ScriptedServer, url: str) -> None:
    server.latency_seconds = 0.05
    async with password_client(url) as client:
        await asyncio.gather(*(client.whoami() for _ in range(20)))
    assert len(server.calls("/auth/login")) == 1
    assert {asked.token for asked in server.calls("/auth/me")} == {"access-100"}


async def test_many_refused_calls_renew_once_and_each_is_made_again(server: ScriptedServer, url: str) -> None:
    async with password_client(url) as client:
        await client.whoami()
        server.tokens, server.latency_seconds = set(), 0.05  # revoked, although they had time left
        answers = await asyncio.gather(*(client.whoami() for _ in range(20)))
    assert len(answers) == 20
    assert server.refreshes == ["refresh-100"]


async def test_a_token_that_ends_soon_is_renewed_before_it_is_used(server: ScriptedServer, url: str) -> None:
    server.expires_in = 30  # less than the minute that a token should have left
    async with password_client(url) as client:
        await client.whoami()
        await client.whoami()
    assert server.refreshes == ["refresh-100"]
    assert [asked.token for asked in server.calls("/auth/me")] == ["access-100", "access-101"]


async def test_who_knows_the_password_logs_in_again_when_the_refresh_token_is_spent(
    server: ScriptedServer, url: str
) -> None:
    async with password_client(url) as client:
        await client.whoami()
        server.tokens = set()
        server.spent.add("refresh-100")
        await client.whoami()
    assert len(server.calls("/auth/login")) == 2


async def test_a_fixed_token_that_is_refused_is_an_error(server: ScriptedServer, url: str) -> None:
    server.tokens = set()
    async with AsyncClient(url, token="old") as client:
        with pytest.raises(NotAuthenticated, match="casare login"):
            await client.whoami()
    assert len(server.asked) == 1


def test_threads_share_one_client_and_one_renewal(server: ScriptedServer, blocking: Callable[..., Client]) -> None:
    client = blocking(token=None, username="ann", password="p")
    client.whoami()
    server.tokens, server.latency_seconds = set(), 0.05
    threads = [threading.Thread(target=client.whoami) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert server.refreshes == ["refresh-100"]
    assert len([asked for asked in server.calls("/auth/me") if asked.token == "access-101"]) == 10


async def test_no_secret_is_logged(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with AsyncClient(url, username="ann", password="correct-horse") as client:
        await client.whoami()
    assert "/auth/login" in caplog.text
    assert [secret for secret in ("correct-horse", "access-100", "refresh-100") if secret in caplog.text] == []


class TestStoredLogin:
    """What `casare login` keeps."""

    @pytest.fixture
    def store(self, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: ScriptedServer) -> ProfileStore:
        """The command's own file, with a login whose access token has ended."""
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        for name in ("CASARE_URL", "CASARE_TOKEN", "CASARE_USERNAME", "CASARE_PASSWORD"):
            monkeypatch.delenv(name, raising=False)
        store = ProfileStore(tmp_path / "casare")
        ended_ms = int(time.time() * 1000) - 1
        store.put(Profile(url, "ann", "access-0", "refresh-0", ended_ms), make_current=True)
        server.tokens = {"access-0"}
        return store

    async def test_it_is_found_renewed_and_stored_as_the_command_reads_it(
        self, store: ProfileStore, server: ScriptedServer, url: str
    ) -> None:
        async with AsyncClient() as client:
            assert client.url == url
            await client.whoami()
        kept = store.get(url)
        assert kept is not None
        assert (kept.username, kept.access_token, kept.refresh_token) == ("ann", "access-1", "refresh-1")
        assert kept.access_expires_ms > time.time() * 1000
        assert store.path.stat().st_mode & 0o777 == 0o600

    async def test_many_clients_spend_a_refresh_token_once(self, store: ProfileStore, server: ScriptedServer) -> None:
        server.latency_seconds = 0.05
        clients = [AsyncClient() for _ in range(8)]
        await asyncio.gather(*(client.whoami() for client in clients for _ in range(3)))
        for client in clients:
            await client.close()
        assert server.refreshes == ["refresh-0"]

    async def test_a_renewal_waits_for_the_commands_own(
        self, store: ProfileStore, server: ScriptedServer, url: str
    ) -> None:
        async with AsyncClient() as client:
            with store.locked():
                call = asyncio.create_task(client.whoami())
                await asyncio.wait([call], timeout=0.2)
                assert server.refreshes == []
                store.put(Profile(url, "ann", "access-0b", "refresh-0b", int(time.time() * 1000) + 900_000))
                server.tokens = {"access-0b"}
            await call
        assert server.refreshes == []

    async def test_a_renewal_is_stored_also_when_its_caller_is_cancelled(
        self, store: ProfileStore, server: ScriptedServer
    ) -> None:
        server.latency_seconds = 0.2
        async with AsyncClient() as client:
            asking = asyncio.create_task(client.whoami())
            await eventually(lambda: server.calls("/auth/refresh"))
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        async with AsyncClient() as another:
            assert (await another.whoami()).user_id == "ann"
        assert server.refreshes == ["refresh-0"]

    async def test_a_login_that_ended_says_what_to_do(self, store: ProfileStore, server: ScriptedServer) -> None:
        server.spent.add("refresh-0")
        async with AsyncClient() as client:
            with pytest.raises(NotAuthenticated, match="casare login"):
                await client.whoami()

    def test_a_file_that_is_damaged_is_named(self, store: ProfileStore) -> None:
        store.path.write_text("{")
        with pytest.raises(ConfigurationProblem, match="is damaged"):
            Client()
