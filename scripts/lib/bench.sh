# bench: speed, side by side with peers. The work is done by the programs in benchmarks/.
# shellcheck shell=bash

cmd_bench() {
  local program=all
  case ${1:-} in
    compute | kernels | ceilings | engine | load | gateway | qoe) program=$1 && shift ;;
    -* | '') ;;
    *) fail_usage "bench does not know '$1'" ;;
  esac
  need_jdk
  [ "$program" = load ] || need_python
  "bench_$program" "$@"
}

bench_all() { bench_on_model bench "$@"; }

bench_compute() { bench_on_model compute "$@"; }

bench_gateway() { bench_on_model gateway "$@"; }

bench_qoe() { bench_on_model qoe "$@"; }

bench_kernels() {
  wants_help "$@" || build_benchmarks
  bench_python kernels "$@"
}

# bench_ceilings [THREADS [SAMPLES]]
bench_ceilings() {
  build_benchmarks
  "$JAVA_HOME/bin/java" "${JVM_OPTIONS[@]}" -cp "$(jar_of benchmarks)" dev.andante.benchmarks.ceilings.Ceilings "$@"
}

# bench_engine OPTION…: parts of the engine by themselves; --model may be a name or a path, the default model without it
bench_engine() {
  local model='' options=() parts=all
  while [ $# -gt 0 ]; do
    case $1 in
      --model) need_value "$1" $# && model=$2 && shift ;;
      --only) need_value "$1" $# && parts=$2 && options+=("$1" "$2") && shift ;;
      --help) parts=cache && options+=("$1") ;;
      *) options+=("$1") ;;
    esac
    shift
  done
  if [[ ,$parts, =~ ,(all|handoff|policies|chunking|steps|prefix), ]]; then
    model=$(find_model "$model") || exit $?
    options+=(--model "$model")
  fi
  build_benchmarks
  "$JAVA_HOME/bin/java" "${JVM_OPTIONS[@]}" -cp "$(jar_of benchmarks)" dev.andante.benchmarks.engine.EngineBenchmark ${options[@]+"${options[@]}"}
}

# bench_on_model SCRIPT OPTION…: --model may be a name or a path; without it, the default model
bench_on_model() {
  local script=$1 model='' options=()
  shift
  ! wants_help "$@" || bench_python "$script" --help
  while [ $# -gt 0 ]; do
    case $1 in
      --model) need_value "$1" $# && model=$2 && shift ;;
      *) options+=("$1") ;;
    esac
    shift
  done
  model=$(find_model "$model") || exit $?
  build_benchmarks
  bench_python "$script" --model "$model" ${options[@]+"${options[@]}"}
}

# bench_python SCRIPT OPTION…: with the services' JVM options, for what is measured outside of them. In place of the launcher, so that a
# signal reaches the one that ends all processes.
bench_python() {
  local script=$1
  shift
  exec env PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 ANDANTE_CACHE="$cache" ANDANTE_BENCH_JVM="${JVM_OPTIONS[*]}" \
    python3 "$ANDANTE_HOME/benchmarks/$script.py" "$@"
}

wants_help() {
  [[ " $* " == *' --help '* || " $* " == *' -h '* ]]
}

build_benchmarks() { build gateway standalone benchmarks; }
