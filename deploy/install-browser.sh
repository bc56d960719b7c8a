#!/usr/bin/env bash
# Sees that there is a Chromium for browser steps; as root on Debian, installs Debian's.
# Quiet when there is one already; one clear line and exit code 2 when there is none.
set -euo pipefail

stop() { printf 'casare: %s\n' "$1" >&2; exit 2; }

find_browser() {
  local name
  for name in "${CASARE_ROBOT_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [ -n "$name" ] && command -v "$name" >/dev/null && return
  done
  return 1
}

find_browser && exit 0
[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null ||
  stop "there is no Chromium. Install it (Debian: apt install chromium), or set CASARE_ROBOT_CHROMIUM=/path/to/it."
printf 'Installing Chromium (first time only) …\n'
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update >/dev/null || stop "apt-get update failed; see its message above."
apt-get -qq install --yes --no-install-recommends chromium >/dev/null || stop "Chromium could not be installed; see above."
find_browser || stop "the package chromium brought none. Install a Chromium or Chrome, or set CASARE_ROBOT_CHROMIUM."
