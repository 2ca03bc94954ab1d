# Questions to local ports, with nothing but bash: is it taken, by whom, does a service there say it is ready.
# shellcheck shell=bash

# port_taken PORT
port_taken() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# port_owner PORT: "name (pid N)" of the process that listens there, nothing if that cannot be known
port_owner() {
  local hex inode fd pid
  if [ ! -r /proc/net/tcp ]; then
    lsof -nP -iTCP:"$1" -sTCP:LISTEN 2>/dev/null | sed -n '2s/^\([^ ]*\) *\([0-9]*\) .*/\1 (pid \2)/p' || true
    return 0
  fi
  hex=$(printf ':%04X' "$1")
  inode=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    while read -r _ local _ state _ _ _ _ _ inode _; do
      [ "$state" != 0A ] || [ "${local%"$hex"}" = "$local" ] || echo "$inode"
    done | head -n 1)
  [ -n "$inode" ] || return 0
  for fd in /proc/[0-9]*/fd/*; do
    if [ "$(readlink "$fd" 2>/dev/null)" = "socket:[$inode]" ]; then
      pid=${fd#/proc/} pid=${pid%%/*}
      echo "$(cat "/proc/$pid/comm" 2>/dev/null) (pid $pid)"
      return 0
    fi
  done
}

need_port_number() {
  [[ $1 =~ ^[1-9][0-9]{0,4}$ ]] || fail_usage "'$1' is no port (1–65535)"
  [ "$1" -le 65535 ] || fail_usage "'$1' is no port (1–65535)"
}

# need_port PORT: fails, naming the owner, when it is taken
need_port() {
  local owner
  port_taken "$1" || return 0
  owner=$(port_owner "$1")
  die "port $1 is taken${owner:+ by $owner}" \
    "choose another: ./andante up --port $(free_port_after "$1")" \
    'or stop that process; if it is an Andante of another ANDANTE_CACHE, run ./andante down with that one'
}

free_port_after() {
  local port=$(($1 + 1))
  while [ "$port" -lt $(($1 + 100)) ] && port_taken "$port"; do port=$((port + 1)); done
  echo "$port"
}

# http_status PORT PATH: the status code of GET http://127.0.0.1:PORT/PATH, nothing if nobody answers within 3 s
http_status() {
  local code=''
  {
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$2" "$1" >&3
    IFS=' ' read -r -t 3 _ code _ <&3 || true
  } 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1" || return 0
  echo "$code"
}

# ready PORT
is_ready() {
  [ "$(http_status "$1" /ready 2>/dev/null)" = 200 ]
}
