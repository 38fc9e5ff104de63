#!/bin/sh
# Drives a sandbox with StackStorm's own command-line client.
#
#   tests/st2client.sh http://127.0.0.1:9101 [USER PASSWORD COMMAND]
#
# Installs the client from PyPI into a virtual environment, $ST2CLIENT_VENV or one of its own, and exits non-zero when
# the client does not get what it asks for.
set -eu

url=${1:?the URL of the sandbox}
user=${2:-demo}
password=${3:-demo}
command=${4:-"echo hello from the client"}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
venv=${ST2CLIENT_VENV:-$scratch/venv}
if [ ! -x "$venv/bin/st2" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet st2client
fi

export HOME="$scratch" ST2_AUTH_URL="$url/auth/v1" ST2_API_URL="$url/api/v1" ST2_STREAM_URL="$url/stream/v1"

st2() {
    "$venv/bin/st2" "$@"
}

# Fails unless the text on standard input has a part $1.
has() {
    text=$(cat)
    case $text in
    *"$1"*) echo "ok: $1" ;;
    *)
        printf 'not found: %s, in:\n%s\n' "$1" "$text" >&2
        exit 1
        ;;
    esac
}

ST2_AUTH_TOKEN=$(st2 auth "$user" -p "$password" -t)
export ST2_AUTH_TOKEN
[ -n "$ST2_AUTH_TOKEN" ]
echo "ok: a token"
if st2 auth "$user" -p "not $password" -t >"$scratch/refused" 2>&1; then
    echo "a wrong password was taken" >&2
    exit 1
fi
has "Invalid or missing credentials" <"$scratch/refused"

st2 whoami | has "$user"
st2 action-alias list | has "description"
st2 action-alias match "$command" | has "description"
st2 action-alias execute "$command" >"$scratch/executed"
has "st2 execution get" <"$scratch/executed"
id=$(sed -n 's/.*st2 execution get \([0-9a-f]*\).*/\1/p' "$scratch/executed")
st2 execution tail "$id" | has "has completed"
st2 execution get "$id" | has "succeeded"
st2 execution list | has "$id"
st2 rule list | has "chatops.notify"
echo "all is well"
