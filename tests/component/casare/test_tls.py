"""Certificates are verified unless somebody says that they need not be."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from starlette.responses import JSONResponse

from casare import AsyncClient, ConnectionFailed, Retries
from tests.component.casare.server import ScriptedServer
from tests.support.eventually import eventually
from tests.support.ports import LOOPBACK, free_port


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """One for this machine that no authority has signed, with its key in the same file."""
    path = tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run(
        [*command, "-addext", f"subjectAltName=IP:{LOOPBACK}", "-keyout", "key.pem", "-out", path.name],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + (tmp_path / "key.pem").read_text())
    return path


@pytest.fixture
async def secure_url(certificate: Path) -> AsyncIterator[str]:
    """A server with that certificate."""
    server = ScriptedServer(answer=lambda _asked: JSONResponse({"user_id": "ann", "roles": [], "tenant_id": "t"}))
    port = free_port()
    config = uvicorn.Config(
        server, host=LOOPBACK, port=port, lifespan="off", log_level="critical", ws="none", ssl_certfile=certificate
    )
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve())
    await eventually(lambda: running.started)
    yield f"https://{LOOPBACK}:{port}"
    running.should_exit = True
    await task


async def test_a_certificate_that_nobody_vouches_for_is_refused(secure_url: str) -> None:
    retries = Retries(first_wait_seconds=1000, longest_wait_seconds=1000)  # would outlast the test
    async with AsyncClient(secure_url, token="t", retries=retries) as client:
        with pytest.raises(ConnectionFailed, match="`verify` names"):
            await client.whoami()


@pytest.mark.parametrize("as_context", [False, True])
async def test_ones_own_authority_is_trusted(secure_url: str, certificate: Path, as_context: bool) -> None:
    verify = ssl.create_default_context(cafile=certificate) if as_context else certificate
    async with AsyncClient(secure_url, token="t", verify=verify) as client:
        assert (await client.whoami()).user_id == "ann"


async def test_verification_can_be_turned_off(secure_url: str) -> None:
    async with AsyncClient(secure_url, token="t", verify=False) as client:
        assert (await client.whoami()).user_id == "ann"
