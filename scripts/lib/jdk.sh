# Finds a JDK that is new enough and sets JAVA_HOME.
# shellcheck shell=bash

readonly JDK_MINIMUM=25

# jdk_version HOME: the feature version of the JDK there (25, 26, …), nothing if there is none
jdk_version() {
  local version
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 0
  version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
  echo "$version"
}

# jdk_candidates: places a JDK may be, one a line, best first
jdk_candidates() {
  local tool
  [ -z "${JAVA_HOME:-}" ] || echo "$JAVA_HOME"
  for tool in javac java; do
    if tool=$(command -v "$tool"); then
      tool=$(real_path "$tool")
      echo "${tool%/bin/*}"
    fi
  done
  # globs, newest names last: listed in reverse so that a newer one is tried first
  printf '%s\n' /usr/lib/jvm/* /usr/java/* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* /opt/* /opt/*/* \
    {/opt/homebrew,/usr/local}/opt/openjdk*/libexec/openjdk.jdk/Contents/Home /Library/Java/JavaVirtualMachines/*/Contents/Home | sort -r
  if [ -x /usr/libexec/java_home ]; then
    /usr/libexec/java_home -v "$JDK_MINIMUM+" 2>/dev/null || true
  fi
}

# need_jdk: exports JAVA_HOME or fails with what to do
need_jdk() {
  local home version seen='' newest=0
  while IFS= read -r home; do
    version=$(jdk_version "$home")
    [ -n "$version" ] || continue
    if [ "$version" -ge "$JDK_MINIMUM" ]; then
      export JAVA_HOME=$home
      return 0
    fi
    [ "$version" -le "$newest" ] || { newest=$version seen=" (the newest found is $version, in $home)"; }
  done < <(jdk_candidates)
  die_missing "no JDK $JDK_MINIMUM or newer was found$seen" \
    'if one is installed: JAVA_HOME=/path/to/jdk ./andante …' \
    "Debian, Ubuntu: apt-get install openjdk-$JDK_MINIMUM-jdk, or the package of adoptium.net" \
    "anywhere: sdk install java $JDK_MINIMUM-tem (sdkman.io); macOS: brew install openjdk"
}
