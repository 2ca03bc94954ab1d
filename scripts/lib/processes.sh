# Starts and stops the services. A pid file counts only while the process it names carries our mark on its command line.
# shellcheck shell=bash

readonly RUN=$cache/run
readonly PROBES=$cache/probes # what engines found out about a model and keep for their next start

pid_file() { echo "$RUN/$1.pid"; }
log_file() { echo "$RUN/$1.log"; }
mark_of() { echo "-Dlaunched.from=$RUN/$1"; }

# pid_of SERVICE: its pid if it runs and is ours, nothing otherwise
pid_of() {
  local pid
  pid=$(cat "$(pid_file "$1")" 2>/dev/null) || return 0
  [[ $pid =~ ^[0-9]+$ ]] || return 0
  ! is_ours "$pid" "$1" || echo "$pid"
}

# command_line PID: the words a process was started with, nothing if it is gone
command_line() {
  if [ -d /proc/self ]; then
    tr '\0' ' ' <"/proc/$1/cmdline"
  else
    ps -ww -o command= -p "$1"
  fi 2>/dev/null || true
}

# is_ours PID SERVICE; while a process becomes another program its command line is empty for a moment
is_ours() {
  local tries
  for ((tries = 0; tries < 5; tries++)); do
    case " $(command_line "$1") " in
      *" $(mark_of "$2") "*) return 0 ;;
      *[![:space:]]*) return 1 ;;
    esac
    kill -0 "$1" 2>/dev/null || return 1
    sleep 0.02
  done
  return 1
}

# running_services: the names of all that run
running_services() {
  local file name
  for file in "$RUN"/*.pid; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .pid)
    [ -z "$(pid_of "$name")" ] || echo "$name"
  done
}

# started_services: the names of all that the last `up` started, whether they still run or not
started_services() { state started; }

# dead_services: those of them that have ended without being asked to
dead_services() {
  local name
  for name in $(started_services); do
    [ -n "$(pid_of "$name")" ] || echo "$name"
  done
}

# start_service NAME JAR HEAP ARGUMENT…: starts it in the background, detached from the terminal
start_service() {
  local name=$1 jar=$2 heap=$3 extra=() aot=() detach=nohup pid tries
  shift 3
  read -r -a extra <<<"${ANDANTE_JAVA_OPTS:-}"
  mkdir -p "$RUN"
  ! command -v setsid >/dev/null 2>&1 || detach='setsid nohup'
  read -r -a aot <<<"$(aot_option "$name" "$jar")"
  # a property, so that an argument of the user's goes over it
  $detach "$JAVA_HOME/bin/java" "$(mark_of "$name")" "${service_options[@]}" "-Xmx$heap" ${aot[@]+"${aot[@]}"} \
    "-Dandante.compute.probe-folder=$PROBES" ${extra[@]+"${extra[@]}"} -jar "$jar" "$@" >"$(log_file "$name")" 2>&1 </dev/null &
  pid=$!
  disown "$pid" 2>/dev/null || true
  echo "$pid" >"$(pid_file "$name")"
  echo "started=$name" >>"$STATE"
  # until Java has taken the place of the copy of this shell, nobody can tell whose process it is
  for ((tries = 0; tries < 200; tries++)); do
    if is_ours "$pid" "$name" || ! kill -0 "$pid" 2>/dev/null; then return 0; fi
    sleep 0.05
  done
}

# stop_services SECONDS NAME…: asks all to end, waits for them, and kills what does not listen
stop_services() {
  local patience=$1 name pid end
  shift
  for name in "$@"; do
    pid=$(pid_of "$name")
    [ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || true
  done
  end=$((SECONDS + patience))
  while [ -n "$(still_running "$@")" ] && [ "$SECONDS" -lt "$end" ]; do sleep 0.2; done
  for name in "$@"; do
    pid=$(pid_of "$name")
    if [ -z "$pid" ]; then
      aot_keep "$name"
    else
      warn "$name did not end within $patience s and is killed"
      kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -f "$(pid_file "$name")"
  done
}

still_running() {
  local name
  for name in "$@"; do [ -z "$(pid_of "$name")" ] || echo "$name"; done
}

# explain_death SERVICE: what its log says went wrong, and what to do next
explain_death() { python "$ANDANTE_HOME/scripts/death.py" "$1" "$(log_file "$1")"; }

# await_ready SECONDS NAME=PORT…: until all are ready; 1 when one died (it is explained) or the time is over
await_ready() {
  local end=$((SECONDS + $1)) begin=$SECONDS pair name waiting
  shift
  waiting=("$@")
  while [ ${#waiting[@]} -gt 0 ]; do
    local next=()
    for pair in "${waiting[@]}"; do
      name=${pair%%=*}
      if [ -z "$(pid_of "$name")" ]; then
        progress_end
        explain_death "$name"
        return 1
      fi
      is_ready "${pair#*=}" || next+=("$pair")
    done
    waiting=(${next[@]+"${next[@]}"})
    [ ${#waiting[@]} -gt 0 ] || break
    if [ "$SECONDS" -ge "$end" ]; then
      progress_end
      warn "not ready after $((SECONDS - begin)) s: ${waiting[*]%%=*}"
      printf '  → %s\n' "see why: ./andante logs ${waiting[0]%%=*}" \
        'more patience: ANDANTE_START_TIMEOUT=300 ./andante up' >&2
      return 1
    fi
    [ ! -t 1 ] || progress "waiting for ${waiting[*]%%=*} … $((SECONDS - begin)) s"
    sleep 0.25
  done
  progress_end
}
