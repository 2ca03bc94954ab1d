# Options of the JVM. Those of a service, and so its start-up cache, depend on what will compute.
# shellcheck shell=bash

JVM_OPTIONS=(--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -Djdk.reflect.useNativeAccessorOnly=true
  -XX:+UseCompactObjectHeaders -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError)
readonly JVM_OPTIONS

service_options=("${JVM_OPTIONS[@]}") # of the JVMs of services

# choose_options ARGUMENT…: leaves out the Vector API where the kernels in C compute anyway. With an incubating module the JVM takes no
# linked classes from a start-up cache, and all roles in one JVM take 2 s of processor time more to start.
choose_options() {
  local option
  service_options=()
  for option in "${JVM_OPTIONS[@]}"; do
    [ "$option" = --add-modules=jdk.incubator.vector ] && kernels_compute "$@" || service_options+=("$option")
  done
}

# kernels_compute ARGUMENT…: whether the kernels in C are there for this processor, and nothing chooses another backend
kernels_compute() {
  local flag
  [[ " $* ${ANDANTE_JAVA_OPTS:-}" != *compute.backend* ]] && [ -z "${ANDANTE_COMPUTE_BACKEND:-}" ] || return 1
  [ -e "$ANDANTE_HOME/core/compute-cpu/target/classes/dev/andante/compute/ckernels/linux-x86_64/libandante.so" ] || return 1
  for flag in avx2 fma f16c; do
    grep -qsw "$flag" /proc/cpuinfo || return 1
  done
}
