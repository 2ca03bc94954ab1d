# Messages, exit codes and small helpers that every other part uses.
# shellcheck shell=bash

readonly EXIT_USAGE=2 EXIT_MISSING=3

say() { printf '%s\n' "$*"; }
warn() { printf 'andante: %s\n' "$*" >&2; }

# die MESSAGE [NEXT-STEP…]: every failure names what to do next
die() {
  fail_with 1 "$@"
}

# die_missing MESSAGE [NEXT-STEP…]: something this machine lacks
die_missing() {
  fail_with "$EXIT_MISSING" "$@"
}

fail_usage() {
  fail_with "$EXIT_USAGE" "$1" "./andante help   lists the commands and options"
}

fail_with() {
  local code=$1 line
  shift
  warn "$1"
  shift
  for line in "$@"; do printf '  → %s\n' "$line" >&2; done
  exit "$code"
}

# need_value OPTION COUNT-OF-WHAT-IS-LEFT
need_value() {
  [ "$2" -ge 2 ] || fail_usage "$1 needs a value"
}

# progress TEXT: one line that overwrites itself on a terminal, a line of its own elsewhere
progress() {
  if [ -t 1 ]; then
    printf '\r\033[K  %s' "$*"
  else
    printf '  %s\n' "$*"
  fi
}

progress_end() {
  [ ! -t 1 ] || printf '\r\033[K'
}

# python: the interpreter that runs the helpers beside this folder
python() {
  PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 python3 "$@"
}

need_python() {
  [ -z "${python_is_there:-}" ] || return 0
  local install='Debian, Ubuntu: apt-get install python3-pip; Fedora: dnf install python3-pip; macOS: brew install python'
  command -v python3 >/dev/null 2>&1 || die_missing 'python3 was not found; the launcher needs it with pip' "$install"
  python -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null ||
    die_missing "$(python3 --version 2>&1) is too old; the launcher needs Python 3.9 or newer" "$install"
  python_is_there=yes
}

# free_kib FOLDER: free space of the file system it is on
free_kib() {
  df -Pk "$1" | { read -r _ && read -r _ _ _ free _ && echo "$free"; }
}

# need_disk FOLDER MIB WHAT-FOR
need_disk() {
  local free
  mkdir -p "$1" || die "cannot create $1" 'choose another place: ANDANTE_CACHE=/some/folder ./andante …'
  free=$(free_kib "$1") || return 0
  [ "$free" -ge $(($2 * 1024)) ] || die "$3 needs $2 MiB in $1, and $((free / 1024)) MiB are free" \
    'free some space there, or choose another place: ANDANTE_CACHE=/some/folder ./andante …'
}

# mtime FILE…: when they were last changed, in seconds; GNU's stat and BSD's name it differently
mtime() {
  if stat -c %Y / >/dev/null 2>&1; then
    stat -c %Y "$@"
  else
    stat -f %m "$@"
  fi
}

# real_path FILE: its path without links; not every readlink knows -f
real_path() {
  local path=$1 link
  while [ -L "$path" ]; do
    link=$(readlink "$path")
    case $link in /*) path=$link ;; *) path=$(dirname "$path")/$link ;; esac
  done
  echo "$(cd "$(dirname "$path")" && pwd -P)/$(basename "$path")"
}
