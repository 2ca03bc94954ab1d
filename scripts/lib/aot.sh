# Start-up caches of the JVM (JEP 483, 514, 515): the first run of a build records one when it ends, later ones start from it.
# shellcheck shell=bash

readonly AOT=$cache/aot
readonly AOT_DISK_MIB=1000 # free disk below which nothing is recorded

# aot_file NAME JAR: where the cache of this build, this JVM and these options is
aot_file() {
  local key
  key=$({ cat "$JAVA_HOME/release"; mtime "$2" "$BUILD_STAMP"; echo "$2 ${JVM_OPTIONS[*]} ${ANDANTE_JAVA_OPTS:-}"; } \
    2>/dev/null | cksum)
  echo "$AOT/$1-${key%% *}.aot"
}

# aot_option NAME JAR: the JVM option that uses or records it, nothing if neither is possible
aot_option() {
  local file
  [ "${ANDANTE_AOT:-on}" = on ] || return 0
  file=$(aot_file "$1" "$2")
  if [ -e "$file" ]; then
    echo "-XX:AOTCache=$file"
  elif mkdir -p "$AOT" 2>/dev/null && [ "$(free_kib "$AOT")" -ge $((AOT_DISK_MIB * 1024)) ]; then
    rm -f "$AOT/$1"-*
    echo "-XX:AOTCacheOutput=$file.new"
  fi
}

# aot_recording NAME…: whether one of them records
aot_recording() {
  local name
  for name in "$@"; do
    case $(command_line "$(pid_of "$name")") in *-XX:AOTCacheOutput=*) return 0 ;; esac
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
