#!/usr/bin/env bash
# Makes .venv and installs the locked dependencies in it: deploy/install.sh LOCK_FILE
# Another environment holds its lock file alone, without the project: deploy/install.sh LOCK_FILE FOLDER
# Quiet when all is well; one clear line and exit code 2 when something is missing.
set -euo pipefail

lock=$1
venv=${2:-.venv}
python=${PYTHON:-python3}

stop() { printf 'casare: %s\n' "$1" >&2; exit 2; }

command -v "$python" >/dev/null || stop "Python 3.11 or newer is needed; '$python' was not found. Set PYTHON=/path/to/python3."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  stop "Python 3.11 or newer is needed; $("$python" --version 2>&1) is too old. Set PYTHON=/path/to/python3.12."
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  stop "Python's venv module is missing; on Debian or Ubuntu: apt install python3-venv."

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || stop "cannot make the virtual environment in $PWD/$venv."
printf 'Installing the locked dependencies (first time only) …\n'
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock" ||
  stop "the dependencies could not be installed; see pip's message above."
[ "$venv" = .venv ] || exit 0
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . ||
  stop "the project itself could not be linked into .venv; see pip's message above."
