# up and down: what runs, with which arguments, on which ports.
# shellcheck shell=bash

JVM_OPTIONS=(--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED
  -XX:+UseCompactObjectHeaders -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError)
MESH_PORTS=(1 2 3 4) # prefill, decode, draft, expert: gRPC 9101…, HTTP 8101…, shifted together if taken
readonly JVM_OPTIONS MESH_PORTS STATE=$RUN/state

# state KEY: what the last `up` wrote down
state() { sed -n "s/^$1=//p" "$STATE" 2>/dev/null || true; }

cmd_up() {
  local mode='' port='' model='' arguments=()
  while [ $# -gt 0 ]; do
    case $1 in
      --mesh) mode=mesh ;;
      --port) need_value "$1" $# && need_port_number "$2" && port=$2 && shift ;;
      --model) need_value "$1" $# && model=$2 && shift ;;
      --) shift && arguments=("$@") && break ;;
      *) fail_usage "up does not know '$1'" ;;
    esac
    shift
  done
  if [ -n "$(running_services)" ]; then
    already_up "$mode" "$port" "$model" "${arguments[*]-}"
    return
  fi
  mode=${mode:-standalone} port=${port:-8080}
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
  rehearse "$mode" "$port" "$model" ${arguments[@]+"${arguments[@]}"}
  local begin=$SECONDS
  say "Starting $([ "$mode" = mesh ] && echo 'five services' || echo 'all roles in one JVM') with $(basename "$model") …"
  start "$mode" "$port" "$model" ${arguments[@]+"${arguments[@]}"}
  say "Ready after $((SECONDS - begin)) s."
  first_chat "$port"
  show_address "$port"
}

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

# already_up MODE PORT MODEL ARGUMENTS: says what runs; fails when that is not what was asked for. Empty: not asked for.
already_up() {
  local port mode dead
  port=$(state port) mode=$(state mode)
  say "Andante is already up ($mode, port $port, model $(basename "$(state model)"))."
  need_asked_for "$@"
  dead=$(dead_services)
  if [ -n "$dead" ]; then
    die "but of its services these have ended: $(one_line "$dead")" "see why: ./andante logs $(one_line "$dead")" "$(again)"
  fi
  is_ready "$port" || die 'but it is not ready' 'see why: ./andante status, ./andante logs' "$(again)"
  first_chat "$port"
  show_address "$port"
}

# again: the command that starts anew what runs
again() {
  local options=''
  [ "$(state mode)" != mesh ] || options=' --mesh'
  [ "$(state port)" = 8080 ] || options="$options --port $(state port)"
  echo "start again: ./andante down && ./andante up$options"
}

one_line() { echo "$1" | tr '\n' ' ' | sed 's/ $//'; }

# need_asked_for MODE PORT MODEL ARGUMENTS
need_asked_for() {
  local others='' options='' model=''
  if [ -n "$1" ] && [ "$1" != "$(state mode)" ]; then others=", five processes" options=' --mesh'; fi
  if [ -n "$2" ] && [ "$2" != "$(state port)" ]; then others="$others, port $2" options="$options --port $2"; fi
  if [ -n "$3" ]; then
    model=$(find_model "$3") || exit $?
    if [ "$model" != "$(state model)" ]; then others="$others, model $(basename "$model")" options="$options --model $(printf %q "$3")"; fi
  fi
  if [ -n "$4" ] && [ "$4" != "$(state arguments)" ]; then others="$others, $4" options="$options -- $4"; fi
  [ -z "$others" ] || die "it does not run with what you asked for: ${others#, }" \
    "to change that: ./andante down && ./andante up$options" \
    'or run a second one beside it, on another --port and with its own ANDANTE_CACHE'
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
  local services
  services=$(running_services)
  if [ -z "$services" ]; then
    say 'Andante is not running.'
    rm -f "$RUN"/*.pid "$STATE"
    return
  fi
  stop_all "${ANDANTE_STOP_TIMEOUT:-40}"
  say "Stopped: $(one_line "$services")"
}

# stop_all SECONDS: the gateway first, so that no request meets a worker that is gone
stop_all() {
  [ -z "$(pid_of gateway)" ] || stop_services "$1" gateway
  # shellcheck disable=SC2046 # one word a service
  stop_services "$1" $(running_services)
  rm -f "$RUN"/*.pid "$STATE"
}
