#!/usr/bin/env bash
# Real IRC servers on loopback for the tests of backends/irc.
#
#   eval "$(tests/servers/irc.sh start DIR)"     starts them with all their files in DIR and sets FULMAR_TEST_*
#   tests/servers/irc.sh stop DIR                stops them; DIR can be removed then
#
# ngircd with anope: plain, with a server password; NickServ but no SASL. inspircd with anope: TLS with an authority of
# its own, SASL with passwords and certificates. Each has one account.
# Needs the Debian packages ngircd, inspircd, anope and openssl.
set -euo pipefail

account=tester
password=correct-horse
server_password=open-sesame

. "$(dirname "${BASH_SOURCE[0]}")/loopback.sh"

# Runs a server in the background, in DIR and without core dumps (inspircd can crash when it stops), and notes
# its process for stop.
run() {
  local name=$1
  shift
  (cd "$dir" && ulimit -c 0 && exec "$@") >"$dir/$name.log" 2>&1 </dev/null &
  echo $! >>"$dir/pids"
}

start_ngircd() {
  cat >"$dir/ngircd.conf" <<CONF
[Global]
  Name = ngircd.test
  Info = Fulmar test server
  Listen = 127.0.0.1
  Ports = $ngircd_port
  Password = $server_password
  MotdPhrase = hello
[Limits]
  MaxConnectionsIP = 0
  MaxNickLength = 30
  MaxPenaltyTime = 0
  MaxJoins = 0
[Options]
  DNS = no
  Ident = no
  PAM = no
[Server]
  Name = services.test
  MyPassword = link
  PeerPassword = link
  ServiceMask = *Serv
CONF
  run ngircd ngircd --nodaemon --config "$dir/ngircd.conf"
}

start_inspircd() {
  mkdir -p "$dir/inspircd"
  cat >"$dir/inspircd.conf" <<CONF
<server name="inspircd.test" description="Fulmar test server" network="FulmarTest" id="0FT">
<admin name="test" nick="test" email="test@localhost">
<bind address="127.0.0.1" port="$inspircd_port" type="clients" ssl="own">
<bind address="127.0.0.1" port="$plain_port" type="clients">
<bind address="127.0.0.1" port="$link_port" type="servers">
<module name="ssl_gnutls">
<sslprofile name="own" provider="gnutls" certfile="$dir/server.crt" keyfile="$dir/server.key" hash="sha256">
<module name="cap"><module name="sasl"><sasl target="services.test">
<module name="ircv3"><module name="ircv3_accounttag"><module name="ircv3_batch"><module name="ircv3_ctctags">
<module name="ircv3_echomessage"><module name="ircv3_msgid"><module name="ircv3_servertime">
<module name="spanningtree"><module name="services_account"><module name="svshold"><module name="globops">
<module name="hidechans"><module name="chghost"><module name="sslinfo"><module name="botmode"><module name="monitor">
<module name="blockcolor">
<module name="cloaking"><cloak mode="half" key="only-for-tests-only-for-tests-only-for-tests" prefix="t-">
<link name="services.test" ipaddr="127.0.0.1" port="$link_port" allowmask="127.0.0.0/8" sendpass="link" recvpass="link">
<uline server="services.test" silent="yes">
<connect name="all" allow="*" timeout="10" pingfreq="30" threshold="1000000" commandrate="100000000" fakelag="no"
  softsendq="4194304" hardsendq="4194304" maxchans="100" recvq="65536" localmax="1000" globalmax="1000" resolvehostnames="no" useident="no" modes="">
<performance nouserdns="yes">
<options casemapping="ascii">
<path configdir="$dir/inspircd" datadir="$dir/inspircd" logdir="$dir/inspircd" runtimedir="$dir/inspircd">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="$dir/inspircd/server.log">
<pid file="$dir/inspircd/pid">
CONF
  local as_root=()
  [[ $(id -u) != 0 ]] || as_root=(--runasroot)
  run inspircd inspircd "${as_root[@]}" --nofork --config="$dir/inspircd.conf"
}

# Runs services for the server that speaks PROTOCOL and listens on PORT.
start_anope() {
  local protocol=$1 port=$2 home=$dir/$1-services
  mkdir -p "$home/backups"
  cat >"$home/services.conf" <<CONF
uplink { host = "127.0.0.1"; ipv6 = no; ssl = no; port = $port; password = "link" }
serverinfo { name = "services.test"; description = "Services"; pid = "$home/pid"; motd = "$home/motd" }
networkinfo { networkname = "FulmarTest"; nicklen = 30; userlen = 10; hostlen = 64; chanlen = 64; modelistsize = 100
  vhost_chars = "abcdefghijklmnopqrstuvwxyz0123456789.-"; disallow_start_or_end = ".-" }
options { casemap = "ascii"; strictpasswords = no; badpasslimit = 0; updatetimeout = 60s; expiretimeout = 30m
  readtimeout = 1s; warningtimeout = 4h; timeoutcheck = 3s; retrywait = 1s }
log { target = "services.log"; logage = 1; admin = "*"; servers = "*"; other = "*" }
module { name = "$protocol"; use_server_side_mlock = no; use_server_side_topiclock = no }
module { name = "enc_sha256" }
module { name = "db_flatfile"; database = "anope.db"; fork = no }
module { name = "ns_cert"; max = 5 }
module { name = "m_sasl" }
service { nick = "NickServ"; user = "services"; host = "services.test"; gecos = "Nick service" }
module { name = "nickserv"; client = "NickServ"; forceemail = no; passlen = 32; regdelay = 0s; expire = 0
  guestnickprefix = "Guest"; killquick = 20s; kill = 60s; enforceruser = "enforcer"; enforcerhost = "services.test"
  releasetimeout = 1m }
module { name = "ns_register"; registration = "none"; nickregdelay = 0s; unconfirmedexpire = 1d }
command { service = "NickServ"; name = "REGISTER"; command = "nickserv/register"; }
module { name = "ns_identify" }
command { service = "NickServ"; name = "IDENTIFY"; command = "nickserv/identify"; }
command { service = "NickServ"; name = "CERT"; command = "nickserv/cert"; }
module { name = "ns_recover"; restoreonrecover = no }
command { service = "NickServ"; name = "RECOVER"; command = "nickserv/recover"; }
CONF
  run "$protocol-services" anope --nofork --confdir="$home" --dbdir="$home" --logdir="$home" --localedir="$home" \
    --modulesdir=/usr/lib/anope
}

# Registers the account with the services of the server on PORT, as soon as they answer.
register_account() {
  local line
  exec 3<>"/dev/tcp/127.0.0.1/$1"
  printf 'PASS %s\r\n' "$server_password" >&3
  printf 'NICK %s\r\nUSER test 0 * :test\r\n' "$account" >&3
  for _ in $(seq 60); do
    printf 'PRIVMSG NickServ :REGISTER %s test@example.org\r\n' "$password" >&3
    while read -r -t 0.5 line <&3; do
      case $line in
        PING*) printf 'PONG%s\n' "${line#PING}" >&3 ;;
        *NickServ*NOTICE*registered*) exec 3>&-; return ;;
      esac
    done
  done
  echo "NickServ did not register the account; see the logs in $dir" >&2
  return 1
}

start() {
  mkdir -p "$dir"
  chmod 755 "$dir"
  ngircd_port=$(free_port) inspircd_port=$(free_port) plain_port=$(free_port) link_port=$(free_port)
  make_certificates DNS:localhost,IP:127.0.0.1 >"$dir/openssl.log" 2>&1
  start_ngircd
  start_inspircd
  await_port "$link_port"
  start_anope inspircd3 "$link_port"
  await_port "$ngircd_port"
  start_anope ngircd "$ngircd_port"
  await_port "$inspircd_port"
  register_account "$plain_port"
  register_account "$ngircd_port"
  cat <<VARIABLES
export FULMAR_TEST_NGIRCD=127.0.0.1:$ngircd_port
export FULMAR_TEST_NGIRCD_PASSWORD=$server_password
export FULMAR_TEST_INSPIRCD=127.0.0.1:$inspircd_port
export FULMAR_TEST_INSPIRCD_PLAIN=127.0.0.1:$plain_port
export FULMAR_TEST_CA=$dir/ca.crt
export FULMAR_TEST_ACCOUNT=$account
export FULMAR_TEST_PASSWORD=$password
VARIABLES
}

stop() {
  [[ -f $dir/pids ]] || return 0
  xargs -r kill <"$dir/pids" 2>/dev/null || true
  rm "$dir/pids"
}

[[ $# == 2 ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 64; }
dir=$(realpath -m "$2")
case $1 in
  start) trap stop EXIT; start; trap - EXIT ;;
  stop) stop ;;
  *) echo "expected start or stop, got $1" >&2; exit 64 ;;
esac
