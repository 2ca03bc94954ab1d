# up and down: what runs, with which arguments, on which ports.
# shellcheck shell=bash

readonly JVM_OPTIONS=(--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED
  -XX:+UseCompactObjectHeaders -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError)
readonly MESH_PORTS=(1 2 3 4) # prefill, decode, draft, expert: gRPC 9101…, HTTP 8101…, shifted together if taken
readonly STATE=$RUN/state

# state KEY: what the last `up` wrote down
state() { sed -n "s/^$1=//p" "$STATE" 2>/dev/null || true; }

cmd_up() {
  local mode=standalone port=8080 model='' arguments=()
  while [ $# -gt 0 ]; do
    case $1 in
      --mesh) mode=mesh ;;
      --port) need_value "$1" $# && port=$2 && shift ;;
      --model) need_value "$1" $# && model=$2 && shift ;;
      --) shift && arguments=("$@") && break ;;
      *) fail_usage "up does not know '$1'" ;;
    esac
    shift
  done
  need_port_number "$port"
  if [ -n "$(running_services)" ]; then
    already_up
    return
  fi
  need_jdk
  need_python
  need_port "$port"
  model=$(find_model "$model") || exit $?
  if [ "$mode" = mesh ]; then
    build gateway prefill-service decode-service draft-service expert-service
  else
    build standalone
  fi
  need_disk "$RUN" 50 'the log'
  local begin=$SECONDS ready=()
  printf 'mode=%s\nport=%s\nmodel=%s\n' "$mode" "$port" "$model" >"$STATE"
  say "Starting $([ "$mode" = mesh ] && echo 'five services' || echo 'all roles in one JVM') with $(basename "$model") …"
  "start_$mode" "$port" "$model" ${arguments[@]+"${arguments[@]}"}
  if ! await_ready "${ANDANTE_START_TIMEOUT:-120}" "${ready[@]}"; then
    stop_all 10
    exit 1
  fi
  say "Ready after $((SECONDS - begin)) s."
  first_chat "$port"
  show_address "$port"
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

already_up() {
  local port mode
  port=$(state port) mode=$(state mode)
  say "Andante is already up ($mode, model $(basename "$(state model)"))."
  if [ "$mode" = mesh ] && [ "$(running_services | grep -c .)" -lt 5 ]; then
    die "but of its five services only these run: $(running_services | tr '\n' ' ')" \
      'see why: ./andante logs SERVICE' 'start again: ./andante down && ./andante up --mesh'
  fi
  is_ready "$port" || die 'but it is not ready' 'see why: ./andante status, ./andante logs' \
    'start again: ./andante down && ./andante up'
  first_chat "$port"
  show_address "$port"
}

first_chat() {
  say ''
  python "$ANDANTE_HOME/scripts/chat.py" --url "http://127.0.0.1:$1" --echo --max-tokens 64 --temperature 0 \
    'What is the capital of France? Answer in one sentence.' ||
    die 'the first chat request failed (its reason is above)' 'see the log: ./andante logs'
}

show_address() {
  local model
  model=$(python "$ANDANTE_HOME/scripts/chat.py" --url "http://127.0.0.1:$1" --models | head -n 1)
  cat <<END

Andante listens on http://127.0.0.1:$1 and speaks OpenAI's API. Try:

  curl -N http://127.0.0.1:$1/v1/chat/completions -H 'Content-Type: application/json' \\
    -d '{"model":"$model","messages":[{"role":"user","content":"Tell me a joke."}],"max_tokens":100,"stream":true}'

  ./andante chat      talk to it here
  ./andante down      stop it
END
}

cmd_down() {
  [ $# -eq 0 ] || fail_usage "down takes no options, got '$1'"
  local services patience=40
  services=$(running_services)
  if [ -z "$services" ]; then
    say 'Andante is not running.'
    rm -f "$RUN"/*.pid "$STATE"
    return
  fi
  # shellcheck disable=SC2086 # one word a service
  if aot_recording $services; then
    say 'Stopping, and saving what makes the next start faster …'
    patience=100
  fi
  stop_all "${ANDANTE_STOP_TIMEOUT:-$patience}"
  say "Stopped: $(echo "$services" | tr '\n' ' ')"
}

# stop_all SECONDS: the gateway first, so that no request meets a worker that is gone
stop_all() {
  local services
  [ -z "$(pid_of gateway)" ] || stop_services "$1" gateway
  mapfile -t services < <(running_services)
  [ ${#services[@]} -eq 0 ] || stop_services "$1" "${services[@]}"
  rm -f "$RUN"/*.pid "$STATE"
}
