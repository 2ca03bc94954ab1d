# test.
# shellcheck shell=bash

readonly TEST_LOG=$ANDANTE_HOME/target/andante-test.log

cmd_test() {
  case "$#:${1:-}" in
    0:) test_all ;;
    1:--fast) test_all -DexcludedGroups=slow ;;
    1:--cluster) test_cluster ;;
    1:--faults*) die 'the fault tests are not there yet' './andante test runs all tests there are' ;;
    *) fail_usage "test does not know '$*'" ;;
  esac
}

# test_all MAVEN-OPTION…: the launcher's own tests, then the whole build with all its tests; counted from their reports
test_all() {
  local begin status=0 model
  need_jdk
  need_python
  need_disk "$ANDANTE_HOME/target" 1500 'the build and its tests'
  model=$(find_model) || exit $?
  begin=$(date +%s)
  say 'Testing the launcher …'
  python "$ANDANTE_HOME/scripts/tests/run.py" "$ANDANTE_HOME/target/launcher-reports" || status=1
  say "Building and testing the modules (everything Maven says: ${TEST_LOG#"$ANDANTE_HOME"/}) …"
  begin_stamp # what verify builds is current, too
  # tests that run the launcher use what is built, and must not build in the middle of a build
  ANDANTE_MODEL=$model ANDANTE_BUILD=off ANDANTE_AOT=off maven -fae "$@" verify 2>&1 | tee "$TEST_LOG" | python "$ANDANTE_HOME/scripts/report.py" follow ||
    status=1
  python "$ANDANTE_HOME/scripts/report.py" summary "$ANDANTE_HOME" --since "$begin" || status=1
  [ "$status" -ne 0 ] || mv "$BUILD_STAMP.new" "$BUILD_STAMP"
  rm -f "$BUILD_STAMP.new"
  [ "$status" -eq 0 ] || die 'the tests did not pass' "what Maven said: $TEST_LOG"
}
