# status, logs and chat: looking at and talking to what runs.
# shellcheck shell=bash

# http_port_of SERVICE
http_port_of() {
  local base
  base=$(state offset)
  case $1 in
    standalone | gateway) state port ;;
    prefill) echo $((8101 + base)) ;;
    decode) echo $((8102 + base)) ;;
    draft) echo $((8103 + base)) ;;
    expert) echo $((8104 + base)) ;;
  esac
}

cmd_status() {
  [ $# -eq 0 ] || fail_usage "status takes no options, got '$1'"
  local services name pid port answer worst=0
  services=$(started_services)
  services=${services:-$(running_services)}
  if [ -z "$services" ]; then
    say 'Andante is not running. Start it: ./andante up'
    return 1
  fi
  say "Andante ($(state mode)), model $(state model)"
  for name in $services; do
    pid=$(pid_of "$name") port=$(http_port_of "$name")
    if [ -z "$pid" ]; then
      answer="DEAD: see why with ./andante logs $name"
    elif is_ready "$port"; then
      answer=ready
    else
      answer='NOT READY'
    fi
    [ "$answer" = ready ] || worst=1
    printf '  %-12s pid %-8s http://127.0.0.1:%-6s %s\n' "$name" "${pid:--}" "$port" "$answer"
  done
  [ -z "$(dead_services)" ] || say "  → $(again)"
  return "$worst"
}

cmd_logs() {
  local follow=() names=() name files=()
  for name in "$@"; do
    case $name in -f | --follow) follow=(-F) ;; -*) fail_usage "logs does not know '$name'" ;; *) names+=("$name") ;; esac
  done
  if [ ${#names[@]} -eq 0 ]; then
    for name in "$RUN"/*.log; do [ ! -e "$name" ] || names+=("$(basename "$name" .log)"); done
  fi
  [ ${#names[@]} -gt 0 ] || die "there are no logs in $RUN" 'start something: ./andante up'
  for name in "${names[@]}"; do
    [ -e "$(log_file "$name")" ] || die "there is no log of '$name'" "logs there are: $(cd "$RUN" 2>/dev/null && echo ./*.log)"
    files+=("$(log_file "$name")")
  done
  exec tail -n 200 ${follow[@]+"${follow[@]}"} "${files[@]}"
}

cmd_chat() {
  local port
  need_python
  port=$(state port)
  if [ -z "$port" ] || [ -z "$(running_services)" ]; then
    die 'Andante is not running' 'start it: ./andante up'
  fi
  python "$ANDANTE_HOME/scripts/chat.py" --url "http://127.0.0.1:$port" "$@"
}
