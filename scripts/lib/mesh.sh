# up and down.
# shellcheck shell=bash

MESH_PORTS=(1 2 3 4) # prefill, decode, draft, expert: gRPC 9101…, HTTP 8101…, shifted together if taken
readonly MESH_PORTS STATE=$RUN/state

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
  choose_options ${arguments[@]+"${arguments[@]}"}
  rehearse "$mode" "$port" "$model" ${arguments[@]+"${arguments[@]}"}
  local begin=$SECONDS
  say "Starting $([ "$mode" = mesh ] && echo 'five services' || echo 'all roles in one JVM') with $(basename "$model") …"
  start "$mode" "$port" "$model" ${arguments[@]+"${arguments[@]}"}
  say "Ready after $((SECONDS - begin)) s."
  first_chat "$port"
  show_address "$port"
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
