#!/usr/bin/env bash
# Installs Debian packages unless the program is there already; needs apt-get and root for it.
#
#   tests/servers/need.sh PROGRAM PACKAGE...
set -euo pipefail
PATH=$PATH:/usr/sbin:/usr/local/sbin

program=$1
shift
command -v "$program" >/dev/null && exit
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "cannot install $*: needs apt-get and root" >&2
  exit 1
fi
log=$(mktemp)
trap 'rm "$log"' EXIT
install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$log" 2>&1; }
install "$@" || { apt-get update -qq && install "$@"; } || { cat "$log" >&2; exit 1; }
