"""Installing a backend from Debian's archive, unattended, without starting it as a service."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.backends.ladder import NotHere
from tests.support.run import one_at_a_time, run_directory

# Debian's service scripts ask this file before they start anything; 101 forbids it.
_POLICY: Final = Path("/usr/sbin/policy-rc.d")
_FORBID_ALL: Final = "#!/bin/sh\nexit 101\n"
_SECONDS: Final = 900
_ERROR_LINES: Final = 3


def install(package: str) -> None:
    """Installs it as root. Raises NotHere where that cannot be, or when `apt-get` fails."""
    if os.geteuid() != 0:
        raise NotHere("not root")
    if shutil.which("apt-get") is None:
        raise NotHere("no apt-get")
    with one_at_a_time("apt-get"), services_stay_down(_POLICY):
        _update_once()
        _apt_get("install", "--yes", "--no-install-recommends", package)


@contextmanager
def services_stay_down(policy: Path) -> Iterator[None]:
    """Within it, installed packages start no service. A policy that the machine has already is left as it is."""
    if policy.exists():
        yield
        return
    policy.write_text(_FORBID_ALL)
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


def _update_once() -> None:
    done = run_directory() / "apt-get.updated"
    if not done.exists():
        _apt_get("update")
        done.touch()


def _apt_get(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", "--quiet", "--option", f"DPkg::Lock::Timeout={_SECONDS}", *arguments],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        complaint = " ".join(done.stderr.splitlines()[-_ERROR_LINES:])
        raise NotHere(f"apt-get {arguments[0]} failed: {complaint}")
