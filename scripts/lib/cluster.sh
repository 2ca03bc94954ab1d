# test --cluster: the chart on a real Kubernetes.
# shellcheck shell=bash

test_cluster() {
  need_jdk
  need_python
  exec "$ANDANTE_HOME/scripts/cluster-test" "$@"
}
