# test.
# shellcheck shell=bash

readonly TEST_LOG=$ANDANTE_HOME/target/andante-test.log
readonly LAUNCHER_LOG=$ANDANTE_HOME/target/andante-test-launcher.log

cmd_test() {
  case "$#:${1:-}" in
    0:) test_all ;;
    1:--fast) test_all -DexcludedGroups=slow -T 2 ;;
    1:--cluster) test_cluster ;;
    *:--faults) shift && test_with_processes faults schedules 20 "$@" ;;
    *:--loss) shift && test_with_processes loss seconds 30 "$@" ;;
    *:--overload) shift && test_with_processes overload minutes 10 "$@" ;;
    *:--stages) shift && test_with_processes stages rounds 1 "$@" ;;
    *:--rolling) shift && test_with_processes rolling rounds 1 "$@" ;;
    *) fail_usage "test does not know '$*'" ;;
  esac
}

# test_all MAVEN-OPTION…: the launcher's own tests, beside the whole build with all its tests; counted from their reports
test_all() {
  local begin status=0 model launcher
  need_jdk
  need_python
  need_disk "$ANDANTE_HOME/target" 1500 'the build and its tests'
  model=$(find_model) || exit $?
  begin=$(date +%s)
  say "Testing the launcher, and building and testing the modules (everything Maven says: ${TEST_LOG#"$ANDANTE_HOME"/}) …"
  begin_stamp # what verify builds is current, too
  set -m      # a process group of its own, to be ended as one
  python "$ANDANTE_HOME/scripts/tests/run.py" "$ANDANTE_HOME/target/launcher-reports" >"$LAUNCHER_LOG" 2>&1 &
  launcher=$!
  set +m
  # shellcheck disable=SC2064 # now: it is this one
  trap "kill -- -$launcher 2>/dev/null || :" EXIT
  # tests that run the launcher use what is built, and must not build in the middle of a build
  ANDANTE_MODEL=$model ANDANTE_BUILD=off ANDANTE_AOT=off maven -fae "$@" verify 2>&1 | tee "$TEST_LOG" | python "$ANDANTE_HOME/scripts/report.py" follow ||
    status=1
  if ! wait "$launcher"; then
    status=1
    cat "$LAUNCHER_LOG" >&2
  fi
  trap - EXIT
  python "$ANDANTE_HOME/scripts/report.py" summary "$ANDANTE_HOME" --since "$begin" || status=1
  [ "$status" -ne 0 ] || mv "$BUILD_STAMP.new" "$BUILD_STAMP"
  rm -f "$BUILD_STAMP.new"
  [ "$status" -eq 0 ] || die 'the tests did not pass' "what Maven said: $TEST_LOG"
}

# test_with_processes SCRIPT COUNTED NUMBER [--seed N] [--COUNTED N]: real processes, with what befalls them; ends with one line of JSON
test_with_processes() {
  local script=$1 counted=$2 number=$3 seed=() aot=() role file
  shift 3
  while [ $# -gt 0 ]; do
    case $1 in
      --seed) need_value "$1" $# && need_count "$1" "$2" && seed=(--seed "$2") && shift ;;
      "--$counted") need_value "$1" $# && need_count "$1" "$2" && number=$2 && shift ;;
      *) fail_usage "test: '$1' is no option of this" ;;
    esac
    shift
  done
  need_jdk
  need_python
  build gateway prefill-service decode-service draft-service expert-service
  need_disk "$ANDANTE_HOME/target" 200 'the logs'
  choose_options
  for role in gateway prefill decode draft expert; do # the caches there are: restarts are quicker with them
    file=$(aot_file "$role" "$(jar_of "$([ "$role" = gateway ] && echo gateway || echo "$role-service")")")
    [ ! -e "$file" ] || aot+=(--aot "$role=$file")
  done
  python "$ANDANTE_HOME/scripts/faults/$script.py" --home "$ANDANTE_HOME" --logs "$ANDANTE_HOME/target/andante-$script" \
    ${seed[@]+"${seed[@]}"} ${aot[@]+"${aot[@]}"} "--$counted" "$number" -- "$JAVA_HOME/bin/java" "${service_options[@]}"
}

# need_count OPTION NUMBER
need_count() {
  [[ $2 =~ ^[0-9]{1,9}$ ]] || fail_usage "$1 needs a number, not '$2'"
}
