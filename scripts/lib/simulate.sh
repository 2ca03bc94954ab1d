# simulate: the product's own scheduler on a virtual clock. The work is done by the program in simulator/.
# shellcheck shell=bash

# cmd_simulate [evidence|validate] OPTION…: results alone go to stdout, so that they can be read by programs
cmd_simulate() {
  if [ "${1:-}" = evidence ]; then
    shift
    need_python
    PYTHONDONTWRITEBYTECODE=1 exec python3 "$ANDANTE_HOME/scripts/qoe_evidence.py" "$@"
  fi
  need_jdk
  if [ "${1:-}" = validate ]; then
    shift
    need_python
    wants_help "$@" || build simulator >&2
    bench_on_model validate "$@"
  fi
  build simulator >&2
  exec "$JAVA_HOME/bin/java" "${JVM_OPTIONS[@]}" -jar "$(jar_of simulator)" "$@"
}
