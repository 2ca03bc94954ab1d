# simulate: the product's own scheduler on a virtual clock. The work is done by the program in simulator/.
# shellcheck shell=bash

# cmd_simulate OPTION…: results alone go to stdout, so that they can be read by programs
cmd_simulate() {
  need_jdk
  build simulator >&2
  exec "$JAVA_HOME/bin/java" "${JVM_OPTIONS[@]}" -jar "$(jar_of simulator)" "$@"
}
