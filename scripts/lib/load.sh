# bench load: requests on a server, and what their readers had of it.
# shellcheck shell=bash

# bench_load [URL] OPTION…: without a URL, on what `up` started, whose processes are measured too
bench_load() {
  local arguments=() port name
  if wants_help "$@"; then
    build_benchmarks >&2
    exec_load --help
  fi
  case ${1:-} in
    -* | '')
      port=$(state port)
      if [ -z "$port" ] || [ -z "$(running_services)" ]; then
        die 'Andante is not running' 'start it: ./andante up' 'or name a server: ./andante bench load http://HOST:PORT'
      fi
      arguments=("http://127.0.0.1:$port")
      for name in $(running_services); do arguments+=(--watch "$name=$(pid_of "$name")"); done
      ;;
  esac
  [[ " $* " == *' --out '* ]] || arguments+=(--out "$ANDANTE_HOME/benchmarks/target/load")
  build_benchmarks >&2
  exec_load "$@" ${arguments[@]+"${arguments[@]}"}
}

# exec_load ARGUMENT…: in place of the launcher, so that signals reach it
exec_load() {
  exec "$JAVA_HOME/bin/java" -XX:+UseSerialGC -XX:+UseCompactObjectHeaders -Xmx1g -cp "$(jar_of benchmarks)" \
    dev.andante.benchmarks.load.LoadBenchmark "$@"
}
