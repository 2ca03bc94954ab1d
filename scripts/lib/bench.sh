# bench: speed, side by side with peers. The work is done by the programs in benchmarks/.
# shellcheck shell=bash

cmd_bench() {
  local program=bench
  case ${1:-} in
    compute | kernels | ceilings) program=$1 && shift ;;
    -* | '') ;;
    *) fail_usage "bench does not know '$1'" ;;
  esac
  need_jdk
  need_python
  "bench_$program" "$@"
}

# The services' options, for what is measured outside of them.
bench_python() {
  local script=$1
  shift
  ANDANTE_CACHE=$cache ANDANTE_BENCH_JVM="${JVM_OPTIONS[*]}" python "$ANDANTE_HOME/benchmarks/$script.py" "$@"
}

# bench_on_model SCRIPT OPTION…: --model may be a name or a path; without it, the default model
bench_on_model() {
  local script=$1 model='' options=()
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --model) need_value "$1" $# && model=$2 && shift ;;
      --help | -h)
        bench_python "$script" --help
        return
        ;;
      *) options+=("$1") ;;
    esac
    shift
  done
  model=$(find_model "$model") || exit $?
  build standalone benchmarks
  bench_python "$script" --model "$model" ${options[@]+"${options[@]}"}
}

bench_bench() { bench_on_model bench "$@"; }

bench_compute() { bench_on_model compute "$@"; }

bench_kernels() {
  [[ " $* " == *' --help '* ]] || build standalone benchmarks
  bench_python kernels "$@"
}

# bench_ceilings [THREADS [SAMPLES]]
bench_ceilings() {
  build standalone benchmarks
  "$JAVA_HOME/bin/java" "${JVM_OPTIONS[@]}" -cp "$(jar_of benchmarks)" dev.andante.benchmarks.ceilings.Ceilings "$@"
}
