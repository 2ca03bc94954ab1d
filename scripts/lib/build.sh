# Builds the runnable jars when a source is newer than the last build.
# shellcheck shell=bash

readonly BUILD_STAMP=$ANDANTE_HOME/target/andante-build.stamp
readonly BUILD_LOG=$ANDANTE_HOME/target/andante-build.log

readonly C_KERNELS=$ANDANTE_HOME/core/compute-cpu/src/main/c # compiled by Maven when there is a C compiler

# jar_of MODULE: the runnable jar of a module
jar_of() { echo "$ANDANTE_HOME/$1/target/andante-$1.jar"; }

maven() {
  local options=(-B -ntp)
  [ -z "${MAVEN_USER_HOME:-}" ] || options+=("-Dmaven.repo.local=$MAVEN_USER_HOME/repository")
  (cd "$ANDANTE_HOME" && ANDANTE_CACHE=$cache ./mvnw "${options[@]}" "$@")
}

# stamp_of MODULE…: benchmarks and simulator hold copies of the other jars, so it is a matter of its own whether they are current
stamp_of() {
  case " $* " in
    *' benchmarks '*) echo "${BUILD_STAMP%build.stamp}benchmarks.stamp" ;;
    *' simulator '*) echo "${BUILD_STAMP%build.stamp}simulator.stamp" ;;
    *) echo "$BUILD_STAMP" ;;
  esac
}

# changed_source MODULE…: the first source that is newer than their last build; of benchmarks and simulator only if they are asked for
changed_source() {
  local folder folders=("$ANDANTE_HOME"/core/*/ "$ANDANTE_HOME"/gateway/ "$ANDANTE_HOME"/*-service/ "$ANDANTE_HOME"/standalone/)
  [[ " $* " != *' benchmarks '* ]] || folders+=("$ANDANTE_HOME"/benchmarks/)
  [[ " $* " != *' simulator '* ]] || folders=("$ANDANTE_HOME"/core/*/ "$ANDANTE_HOME"/simulator/)
  for folder in "${folders[@]}"; do
    [ -d "$folder" ] || continue
    find "$folder" "$ANDANTE_HOME/pom.xml" -path '*/target' -prune -o -path '*/src/test' -prune \
      -o -newer "$(stamp_of "$@")" \( -path '*/src/*' -o -name pom.xml \) -print
  done | head -n 1
}

# have_c_compiler: whether there is one, with the headers of the C library
have_c_compiler() { "${CC:-cc}" -fsyntax-only -x c - <<<'#include <stdint.h>' >/dev/null 2>&1; }

# begin_stamp: notes, before a build, its time (a source that changes meanwhile is newer) and what it lacks
begin_stamp() {
  if have_c_compiler; then echo 'with a C compiler'; else echo 'without a C compiler'; fi >"$BUILD_STAMP.new"
}

# build_needed MODULE…: why a build is needed, nothing if it is not
build_needed() {
  local module source
  [ "${ANDANTE_BUILD:-on}" != off ] || return 0
  for module in "$@"; do
    [ -e "$(jar_of "$module")" ] || { echo "$module is not built yet" && return; }
  done
  [ -e "$(stamp_of "$@")" ] || { echo 'it is not known which sources are in the build' && return; }
  source=$(changed_source "$@")
  if [ -n "$source" ]; then
    echo "${source#"$ANDANTE_HOME"/} is newer than the build"
  elif [ -d "$C_KERNELS" ] && have_c_compiler && grep -q without "$(stamp_of "$@")"; then
    echo 'there is a C compiler now'
  fi
}

# show_modules: turns Maven's output into one progress line a module
show_modules() {
  local line
  while IFS= read -r line; do
    case $line in
      *'Building Andante'*'['*/*']'*)
        line=${line#*Building Andante}
        progress "building${line//  / }"
        ;;
      *'Downloading from'*) ;;
    esac
  done
  progress_end
}

# build MODULE…: makes their jars current
build() {
  local reason begin=$SECONDS modules status=0
  reason=$(build_needed "$@")
  [ -n "$reason" ] || return 0
  need_disk "$ANDANTE_HOME/target" 1000 'the build'
  say "Building ($reason; the first time downloads the libraries, a few minutes) …"
  begin_stamp
  modules=$(IFS=, && echo "$*")
  maven -Dmaven.test.skip=true -pl "$modules" -am package 2>&1 | tee "$BUILD_LOG" | show_modules || status=$?
  if [ "$status" -ne 0 ]; then
    rm -f "$BUILD_STAMP.new"
    grep -m 15 -F '[ERROR]' "$BUILD_LOG" >&2 || tail -n 15 "$BUILD_LOG" >&2
    build_failed
  fi
  cp -p "$BUILD_STAMP.new" "$(stamp_of "$@")"
  [[ " $* " == *' simulator '* ]] || cp -p "$BUILD_STAMP.new" "$BUILD_STAMP" # all other builds include all services
  rm -f "$BUILD_STAMP.new"
  say "Built in $((SECONDS - begin)) s."
  show_lack_of_compiler "$BUILD_LOG"
}

# show_lack_of_compiler LOG: one line if the build left out kernels that this machine could have
show_lack_of_compiler() {
  [ -d "$C_KERNELS" ] && ! have_c_compiler && ! grep -qF 'C kernels: none for' "$1" || return 0
  say "There is no C compiler that works (${CC:-cc}), so the faster kernels are left out. To have them: apt-get install gcc libc6-dev (Debian, Ubuntu)," \
    'dnf install gcc (Fedora), xcode-select --install (macOS), then ./andante build'
}

build_failed() {
  if grep -qiE 'No space left on device' "$BUILD_LOG"; then
    die 'the build ran out of disk' "free some space and run the command again; the whole log: $BUILD_LOG"
  elif grep -qE 'Could not transfer|Could not resolve|Failed to (fetch|download)|Unknown host' "$BUILD_LOG"; then
    die 'the build could not download a library' 'check the network (a proxy or mirror goes into ~/.m2/settings.xml)' \
      "the whole log: $BUILD_LOG"
  fi
  die 'the build failed' "the whole log: $BUILD_LOG"
}

cmd_build() {
  [ $# -eq 0 ] || fail_usage "build takes no options, got '$1'"
  need_jdk
  build standalone
  say "Up to date: $(jar_of standalone)"
}
