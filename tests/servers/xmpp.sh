#!/usr/bin/env bash
# A real XMPP server on loopback for the tests of backends/xmpp.
#
#   eval "$(tests/servers/xmpp.sh start DIR)"     starts it with all its files in DIR and sets FULMAR_TEST_*
#   tests/servers/xmpp.sh kill DIR                kills it without a warning
#   tests/servers/xmpp.sh again DIR               starts it again as it was
#   tests/servers/xmpp.sh stop DIR                stops it; DIR can be removed then
#
# prosody: STARTTLS and direct TLS with an authority of its own, rooms, archives, uploads. Anybody may register accounts.
# Needs the Debian packages prosody and openssl.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/loopback.sh"

configure() {
  cat >"$dir/prosody.cfg.lua" <<CONF
pidfile = "$dir/prosody.pid"
data_path = "$dir/data"
certificates = "$dir"
run_as_root = true
interfaces = { "127.0.0.1" }
c2s_ports = { $port }; c2s_direct_tls_ports = { $direct_port }
s2s_ports = {}; http_ports = {}; https_ports = { $https_port }; https_interfaces = { "127.0.0.1" }
modules_enabled = { "saslauth", "tls", "disco", "ping", "posix", "register_ibr", "time", "version", "smacks", "carbons",
  "mam", "admin_shell" }
modules_disabled = { "s2s" }
allow_registration = true
c2s_require_encryption = true
allow_unencrypted_plain_auth = false
authentication = "internal_hashed"
storage = "internal"
default_archive_policy = true
max_archive_query_results = 20
log = { info = "$dir/prosody.log" }
ssl = { certificate = "$dir/server.crt", key = "$dir/server.key" }
VirtualHost "localhost"
Component "conference.localhost" "muc"
  modules_enabled = { "muc_mam" }
  muc_log_by_default = true
  restrict_room_creation = false
  muc_room_locking = false
Component "upload.localhost" "http_file_share"
  http_host = "localhost"
  http_external_url = "https://localhost:$https_port/"
  http_file_share_size_limit = 1048576
CONF
}

run() {
  (cd "$dir" && exec prosody --config "$dir/prosody.cfg.lua" -F) >>"$dir/output.log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  await_port "$port"
  await_port "$direct_port"
}

start() {
  mkdir -p "$dir/data"
  port=$(free_port) direct_port=$(free_port) https_port=$(free_port)
  printf 'port=%s direct_port=%s\n' "$port" "$direct_port" >"$dir/ports"
  make_certificates DNS:localhost,DNS:upload.localhost,DNS:conference.localhost,IP:127.0.0.1 >"$dir/openssl.log" 2>&1
  configure
  run
  cat <<VARIABLES
export FULMAR_TEST_PROSODY=127.0.0.1:$port
export FULMAR_TEST_PROSODY_DIRECT=127.0.0.1:$direct_port
export FULMAR_TEST_PROSODY_CA=$dir/ca.crt
VARIABLES
}

signal() {
  [[ -f $dir/pid ]] || return 0
  pid=$(cat "$dir/pid")
  kill "$1" "$pid" 2>/dev/null || true
  # It writes its data until it is gone.
  for _ in {1..50}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  rm "$dir/pid"
}

[[ $# == 2 ]] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 64; }
dir=$(realpath -m "$2")
case $1 in
  start) trap 'signal -TERM' EXIT; start; trap - EXIT ;;
  kill) signal -KILL ;;
  again) . "$dir/ports"; run ;;
  stop) signal -TERM ;;
  *) echo "expected start, kill, again or stop, got $1" >&2; exit 64 ;;
esac
