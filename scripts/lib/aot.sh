# Start-up caches of the JVM (JEP 483, 514, 515): after a build each service is started once to record one, and every later start uses it.
# shellcheck shell=bash

readonly AOT=$cache/aot
readonly AOT_DISK_MIB=1000 # free disk below which nothing is recorded

# aot_file NAME JAR: where the cache of this build, this JVM and these options is
aot_file() {
  local key
  key=$({ cat "$JAVA_HOME/release"; mtime "$2" "$BUILD_STAMP"; echo "$2 ${service_options[*]} ${ANDANTE_JAVA_OPTS:-}"; } \
    2>/dev/null | cksum)
  echo "$AOT/$1-${key%% *}.aot"
}

aot_records='' # whether services that start now record theirs

# aot_option NAME JAR: the JVM option that uses or records it, if any
aot_option() {
  local file
  [ "${ANDANTE_AOT:-on}" = on ] || return 0
  file=$(aot_file "$1" "$2")
  if [ -n "$aot_records" ]; then
    rm -f "$AOT/$1"-*
    echo "-XX:AOTCacheOutput=$file.new"
  elif [ -e "$file" ]; then
    echo "-XX:AOTCache=$file"
  fi
}

# aot_lacking NAME=JAR…: whether one of them has no cache and can get one
aot_lacking() {
  local pair
  [ "${ANDANTE_AOT:-on}" = on ] && mkdir -p "$AOT" 2>/dev/null || return 1
  for pair in "$@"; do
    [ -e "$(aot_file "${pair%%=*}" "${pair#*=}")" ] || [ "$(free_kib "$AOT")" -lt $((AOT_DISK_MIB * 1024)) ] || return 0
  done
  return 1
}

# aot_keep NAME: what a service recorded that ended by itself becomes the cache
aot_keep() {
  local file
  for file in "$AOT/$1"-*.aot.new; do
    [ ! -s "$file" ] || mv "$file" "${file%.new}"
  done
}
