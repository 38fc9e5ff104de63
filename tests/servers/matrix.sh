#!/usr/bin/env bash
# A real Matrix homeserver on loopback for the tests of backends/matrix.
#
#   eval "$(tests/servers/matrix.sh start DIR)"     starts it with all its files in DIR and sets FULMAR_TEST_*
#   tests/servers/matrix.sh stop DIR                stops it; DIR can be removed then
#   tests/servers/matrix.sh install                 only installs what it needs
#
# synapse with SQLite, which lets everybody register. It and matrix-nio, a second client with encryption of its own, live
# in a virtual environment that is made once, in ~/.cache/fulmar. Needs Python 3.10 or newer with venv.
set -euo pipefail

synapse=1.163.0
nio=0.26.0
place=${XDG_CACHE_HOME:-$HOME/.cache}/fulmar/matrix-$synapse-$nio

. "$(dirname "${BASH_SOURCE[0]}")/loopback.sh"

# Waits until the server on PORT answers.
await_server() {
  for _ in $(seq 600); do
    kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
    curl -sf -o /dev/null "http://127.0.0.1:$1/_matrix/client/versions" && return
    sleep 0.1
  done
  echo "the homeserver does not answer; see the logs in $dir" >&2
  return 1
}

# Two who install at once make one environment: whoever is first, by a lock.
install() {
  [[ -e $place/ready ]] && return
  mkdir -p "$(dirname "$place")"
  exec 9>"$place.lock"
  flock 9
  if [[ ! -e $place/ready ]]; then
    rm -rf "$place"
    python3 -m venv "$place"
    "$place/bin/pip" install --quiet --disable-pip-version-check \
      "matrix-synapse==$synapse" "matrix-nio[e2e]==$nio" >&2
    touch "$place/ready"
  fi
  exec 9>&-
}

configure() {
  cat >"$dir/homeserver.yaml" <<CONF
server_name: localhost
pid_file: $dir/homeserver.pid
public_baseurl: http://127.0.0.1:$port/
listeners:
  - {port: $port, bind_addresses: ["127.0.0.1"], type: http, tls: false, resources: [{names: [client, media]}]}
database: {name: sqlite3, args: {database: $dir/homeserver.db}}
log_config: $dir/log.yaml
media_store_path: $dir/media
signing_key_path: $dir/signing.key
macaroon_secret_key: tests
form_secret: tests
enable_registration: true
enable_registration_without_verification: true
report_stats: false
trusted_key_servers: []
federation_domain_whitelist: []
bcrypt_rounds: 4
rc_message: &none {per_second: 100000, burst_count: 100000}
rc_registration: *none
rc_login: {address: *none, account: *none, failed_attempts: *none}
rc_joins: {local: *none, remote: *none}
rc_joins_per_room: *none
rc_invites: {per_room: *none, per_user: *none, per_issuer: *none}
rc_room_creation: *none
rc_media_create: *none
CONF
  cat >"$dir/log.yaml" <<CONF
version: 1
formatters: {plain: {format: '%(asctime)s %(levelname)s %(name)s %(message)s'}}
handlers: {console: {class: logging.StreamHandler, formatter: plain}}
root: {level: WARNING, handlers: [console]}
CONF
}

run() {
  (cd "$dir" && exec "$place/bin/python" -m synapse.app.homeserver --config-path "$dir/homeserver.yaml") \
    >>"$dir/synapse.log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  await_server "$1"
}

start() {
  install
  mkdir -p "$dir"
  port=$(free_port)
  configure
  (cd "$dir" && "$place/bin/python" -m synapse.app.homeserver --config-path "$dir/homeserver.yaml" --generate-keys) \
    >"$dir/synapse.log" 2>&1
  run "$port"
  cat <<VARIABLES
export FULMAR_TEST_SYNAPSE=http://127.0.0.1:$port
export FULMAR_TEST_NIO=$place/bin/python
VARIABLES
}

stop() {
  [[ -f $dir/pid ]] || return 0
  local pid
  pid=$(cat "$dir/pid")
  rm "$dir/pid"
  kill "$pid" 2>/dev/null || return 0
  # Who starts it again wants its port.
  for _ in $(seq 200); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.05
  done
  kill -KILL "$pid" 2>/dev/null || true
}

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 64; }
[[ $# == 2 || ${1:-} == install ]] || usage
dir=$(realpath -m "${2:-.}")
case $1 in
  install) install ;;
  start) trap stop EXIT; start; trap - EXIT ;;
  stop) stop ;;
  *) usage ;;
esac
