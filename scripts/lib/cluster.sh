# test --cluster: the chart on a real Kubernetes.
# shellcheck shell=bash

# Where a test cluster's `up` and `load-image` are. Without them the current context of kubectl is used, and
# ANDANTE_LOAD_IMAGE is the command that takes the image tar, such as "kind load image-archive".
readonly CLUSTER_TOOLS=${ANDANTE_CLUSTER_TOOLS:-$ANDANTE_HOME/../shared/cluster}

test_cluster() {
  local model image load settings
  need_jdk
  need_python
  model=$(find_model) || exit $?
  if [ -x "$CLUSTER_TOOLS/up" ]; then
    say 'Starting the test cluster (the first time it is compiled: 10 to 22 minutes) …'
    settings=$("$CLUSTER_TOOLS/up") || die 'the test cluster did not start (its reason is above)'
    eval "$settings"
    load=$CLUSTER_TOOLS/load-image
  else
    load=${ANDANTE_LOAD_IMAGE:-}
    [ -n "$load" ] || die_missing 'it is not known how this cluster gets an image' \
      'set ANDANTE_LOAD_IMAGE to the command that loads a tar, for example "kind load image-archive"'
  fi
  need_cluster_tool kubectl
  need_cluster_tool helm
  build gateway prefill-service decode-service draft-service expert-service
  need_tool_for_image
  image=andante:test-$(date +%s)
  need_disk "$ANDANTE_HOME/target" 1500 'the image'
  ANDANTE_CACHE=$cache "$ANDANTE_HOME/images/build" --name "$image" --output "$ANDANTE_HOME/target/andante-image.tar"
  # shellcheck disable=SC2086 # a command with its options
  $load "$ANDANTE_HOME/target/andante-image.tar" >/dev/null || die 'the image could not be loaded' "by hand: $load …"
  rm -f "$ANDANTE_HOME/target/andante-image.tar"
  python "$ANDANTE_HOME/scripts/cluster/run.py" --image "$image" --model "$(real_path "$model")"
}

need_cluster_tool() {
  command -v "$1" >/dev/null || die_missing "$1 was not found" 'install it (kubernetes.io, helm.sh) and try again'
}

need_tool_for_image() {
  command -v debootstrap >/dev/null || [ -e "$cache/images/base-bookworm.tar" ] ||
    { [ "$(id -u)" -eq 0 ] && apt-get install -y -q debootstrap >/dev/null 2>&1; } ||
    die_missing 'debootstrap was not found; it makes the base of the image' 'apt-get install debootstrap'
}
