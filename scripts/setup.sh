#!/usr/bin/env bash
# Makes the environment: `scripts/setup.sh VENV`. Installs what is missing as root on Debian and
# Ubuntu; otherwise says what to install.
set -euo pipefail

venv=${1:?usage: scripts/setup.sh VENV}
root=$(cd "$(dirname "$0")/.." && pwd)

# Runs a command whose output helps nobody (caches, indexes, terminals) unless it fails.
quietly() {
  local said
  said=$("$@" 2>&1) && return
  echo "$said" | grep -v '^WARNING' | tail -n 30 >&2
  echo "setup: '$*' failed, as it says above. Mend that, and run the same command again" >&2
  exit 1
}

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

refreshed=
apt_install() {
  if [ -z "$refreshed" ]; then
    quietly apt-get update
    refreshed=1
  fi
  DEBIAN_FRONTEND=noninteractive quietly apt-get install -y "$@"
}

need() { # need WHAT PACKAGES...: install the packages or say which
  local what=$1
  shift
  if can_install; then
    echo "setup: installing $* ($what)"
    apt_install "$@"
  else
    echo "setup: $what is missing. Install it and run the same command again:" >&2
    echo "    sudo apt-get install $*      (Debian, Ubuntu; elsewhere the packages of the same purpose)" >&2
    exit 1
  fi
}

command -v python3 >/dev/null || need "Python 3" python3 python3-venv
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
  echo "setup: Python 3.10 or later is needed, and python3 is $(python3 --version):" >&2
  echo "    install a later one and put it first in PATH" >&2
  exit 1
}
python3 -c 'import ensurepip, venv' 2>/dev/null || need "Python's venv module" python3-venv

command -v mix >/dev/null || need "Elixir 1.14 or later" elixir erlang-dev
elixir -e 'unless Version.match?(System.version(), ">= 1.14.0"), do: System.halt(1)' || {
  echo "setup: Elixir 1.14 or later is needed, and this is $(elixir --short-version):" >&2
  echo "    install a later one (https://elixir-lang.org/install.html) and put it first in PATH" >&2
  exit 1
}

# Only the tests of networks need it, which need root as well.
if [ "$(id -u)" = 0 ] && ! command -v ip >/dev/null; then
  need "ip, for the tests of networks," iproute2
fi

# Only `make lint` needs it.
if ! command -v dialyzer >/dev/null; then
  if can_install; then
    need dialyzer erlang-dialyzer
  else
    echo "setup: dialyzer is missing, which 'make lint' needs: sudo apt-get install erlang-dialyzer" >&2
  fi
fi

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
echo "setup: installing Python packages into $venv (torch is large: the first time takes a while)"
quietly "$venv/bin/python" -m pip install --disable-pip-version-check --no-input \
  --constraint "$root/constraints.txt" --editable "$root[dev]"
