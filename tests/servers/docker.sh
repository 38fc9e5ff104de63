#!/usr/bin/env bash
# A Docker daemon of its own for a test, where none is running. It touches neither the machine's firewall nor its
# bridges: containers reach each other and are reached on loopback; to build an image takes --network host.
#
#   eval "$(tests/servers/docker.sh start DIR)"     starts it with all its files in DIR and sets DOCKER_HOST
#   tests/servers/docker.sh base TAG                makes the image TAG of Debian bookworm, as debian:bookworm-slim is
#   tests/servers/docker.sh stop DIR                ends it and removes its files
#
# Needs root, the Debian packages docker.io and iptables, and debootstrap where the image cannot be pulled.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

start() {
  mkdir -p "$dir"
  # Where a file system cannot be laid over this one, each layer is a copy, which takes a while.
  run_with overlay2 || run_with vfs || { tail -n 5 "$dir/dockerd.log" >&2; return 1; }
  echo "export DOCKER_HOST=unix://$dir/socket"
}

# Runs the daemon with a storage driver, until it answers.
run_with() {
  # Names are resolved within a container by iptables in its own namespace, whatever --iptables says.
  dockerd --host "unix://$dir/socket" --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" \
    --storage-driver "$1" --bridge none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
    --cgroup-parent "/$parent" >"$dir/dockerd.log" 2>&1 </dev/null &
  until docker --host "unix://$dir/socket" version >/dev/null 2>&1; do
    kill -0 $! 2>/dev/null || return 1
    sleep 0.1
  done
}

stop() {
  local daemon
  if daemon=$(cat "$dir/pid" 2>/dev/null); then
    kill "$daemon" 2>/dev/null || true
    for _ in $(seq 300); do
      kill -0 "$daemon" 2>/dev/null || break
      sleep 0.1
    done
  fi
  awk -v dir="$dir/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount || true
  find /sys/fs/cgroup -depth -type d -path "*/$parent*" -exec rmdir {} + 2>/dev/null || true
  rm -rf "$dir"
}

# Makes the base image: pulled, else of packages, which takes half a minute and is kept for the next time.
base() {
  local pulled=debian:bookworm-slim archive
  if docker image inspect "$pulled" >/dev/null 2>&1 || timeout 120 docker pull --quiet "$pulled" >/dev/null 2>&1; then
    docker tag "$pulled" "$1"
    return
  fi
  archive=${XDG_CACHE_HOME:-$HOME/.cache}/fulmar/bookworm-slim.tar
  [[ -f $archive ]] || bootstrap "$archive"
  docker import "$archive" "$1" >/dev/null
}

bootstrap() {
  tests/servers/need.sh debootstrap debootstrap
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  debootstrap --variant=minbase bookworm "$scratch/root" >"$scratch/log" 2>&1 || { tail -n 20 "$scratch/log" >&2; return 1; }
  # As in the image on the registry: no fsync for each file, nothing but what apt needs.
  echo force-unsafe-io >"$scratch/root/etc/dpkg/dpkg.cfg.d/speed"
  echo 'Acquire::Languages "none"; Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";' >"$scratch/root/etc/apt/apt.conf.d/small"
  tar --directory "$scratch/root" --exclude './dev/*' --exclude './usr/share/doc/*' --exclude './usr/share/locale/*' \
    --exclude './usr/share/man/*' --exclude './var/cache/apt/*' --exclude './var/lib/apt/lists/*' \
    --exclude './var/log/*' --create --file "$scratch/base.tar" .
  mkdir -p "$(dirname "$1")"
  mv "$scratch/base.tar" "$1"
}

[[ $# == 2 ]] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 64; }
cd "$(dirname "$0")/../.."
dir=$(realpath -m "$2")
parent=fulmar-test-$(basename "$dir")
case $1 in
  start) trap '[ $? = 0 ] || stop' EXIT; start ;;
  base) base "$2" ;;
  stop) stop ;;
  *) echo "expected start, base or stop, got $1" >&2; exit 64 ;;
esac
