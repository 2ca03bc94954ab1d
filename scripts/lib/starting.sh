# How services are started, with which arguments, on which ports: for use, or once only to record how they start.
# shellcheck shell=bash

# start MODE PORT MODEL ARGUMENT…: starts all services and waits until they are ready; ends the launcher if they do not become so
start() {
  local mode=$1 port=$2 model=$3 ready=()
  shift 3
  printf 'mode=%s\nport=%s\nmodel=%s\narguments=%s\n' "$mode" "$port" "$model" "$*" >"$STATE"
  "start_$mode" "$port" "$model" "$@"
  if ! await_ready "${ANDANTE_START_TIMEOUT:-120}" "${ready[@]}"; then
    stop_all 10
    exit 1
  fi
}

# rehearse MODE PORT MODEL ARGUMENT…: after a build, a start and two questions whose only purpose is to record the start-up caches
rehearse() {
  # shellcheck disable=SC2046 # one word a service
  aot_lacking $(services_of "$1") || return 0
  say 'Recording what makes later starts fast, once for this build (ANDANTE_AOT=off leaves it out) …'
  aot_records=yes
  start "$@"
  for _ in 1 2; do
    python "$ANDANTE_HOME/scripts/chat.py" --url "http://127.0.0.1:$2" --max-tokens 64 --temperature 0 'Tell me a story.' >/dev/null 2>&1 || true
  done
  stop_all "${ANDANTE_STOP_TIMEOUT:-100}"
  aot_records=''
}

# services_of MODE: NAME=JAR of each
services_of() {
  local role
  if [ "$1" = mesh ]; then
    echo "gateway=$(jar_of gateway)"
    for role in prefill decode draft expert; do echo "$role=$(jar_of "$role-service")"; done
  else
    echo "standalone=$(jar_of standalone)"
  fi
}

# start_standalone PORT MODEL ARGUMENT…; appends to the caller's `ready`
start_standalone() {
  local port=$1 model=$2
  shift 2
  start_service standalone "$(jar_of standalone)" 768m "--server.port=$port" "--andante.model.path=$model" "$@"
  ready+=("standalone=$port")
}

# start_mesh PORT MODEL ARGUMENT…; appends to the caller's `ready`
start_mesh() {
  local port=$1 model=$2 base
  shift 2
  base=$(mesh_offset)
  local grpc=$((9100 + base)) http=$((8100 + base)) list=spring.cloud.discovery.client.simple.instances
  echo "offset=$base" >>"$STATE"
  start_worker 3 draft 192m "$@"
  start_worker 4 expert 256m "--andante.model.path=$model" --andante.expert.shard=0 --andante.expert.shards=1 "$@"
  start_worker 1 prefill 384m "--andante.model.path=$model" \
    "--andante.prefill.expert-addresses=127.0.0.1:$((grpc + 4))" "$@"
  start_worker 2 decode 384m "--andante.model.path=$model" "--andante.decode.draft-address=127.0.0.1:$((grpc + 3))" \
    "--andante.decode.expert-addresses=127.0.0.1:$((grpc + 4))" "$@"
  start_service gateway "$(jar_of gateway)" 256m "--server.port=$port" \
    "--$list.andante-prefill[0].uri=http://127.0.0.1:$((grpc + 1))" \
    "--$list.andante-decode[0].uri=http://127.0.0.1:$((grpc + 2))" "$@"
  ready+=("gateway=$port")
}

# start_worker NUMBER ROLE HEAP ARGUMENT…: on the ports of that number; for start_mesh alone
start_worker() {
  local number=$1 role=$2 heap=$3
  shift 3
  start_service "$role" "$(jar_of "$role-service")" "$heap" "--server.port=$((http + number))" \
    "--andante.grpc.port=$((grpc + number))" "$@"
  ready+=("$role=$((http + number))")
}

# mesh_offset: 0, or the first multiple of 10 for which all ports of the mesh are free
mesh_offset() {
  local offset number
  for ((offset = 0; offset < 500; offset += 10)); do
    for number in "${MESH_PORTS[@]}"; do
      if port_taken $((9100 + offset + number)) || port_taken $((8100 + offset + number)); then continue 2; fi
    done
    echo "$offset"
    return
  done
  die 'no free ports were found for the mesh (9101–9594, 8101–8594)' 'stop what listens there'
}
