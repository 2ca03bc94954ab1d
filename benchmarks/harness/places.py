"""Where things are: this checkout, the peers, the cache."""

import os

HERE = os.path.dirname(os.path.abspath(__file__))
BENCHMARKS = os.path.dirname(HERE)
ROOT = os.path.dirname(BENCHMARKS)
SHARED = os.environ.get("ANDANTE_PEER_SCRIPTS") or os.path.join(ROOT, "..", "shared", "peers")
JAR = os.path.join(BENCHMARKS, "target", "andante-benchmarks.jar")
STANDALONE = os.path.join(ROOT, "standalone", "target", "andante-standalone.jar")
SIMULATOR = os.path.join(ROOT, "simulator", "target", "andante-simulator.jar")
GATEWAY = os.path.join(ROOT, "gateway", "target", "andante-gateway.jar")

# As the services start, see scripts/lib/options.sh; the launcher hands its own over.
JVM = (os.environ.get("ANDANTE_BENCH_JVM") or "--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED "
       "-Djdk.reflect.useNativeAccessorOnly=true -XX:+UseCompactObjectHeaders -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError").split()


def java():
    home = os.environ.get("JAVA_HOME")
    return os.path.join(home, "bin", "java") if home else "java"


def jdk():
    """Vendor and version, as the JDK's own file says."""
    try:
        with open(os.path.join(os.environ.get("JAVA_HOME", ""), "release"), encoding="utf-8") as release:
            facts = dict(line.strip().replace('"', "").split("=", 1) for line in release if "=" in line)
        return f"{facts.get('IMPLEMENTOR', '')} {facts.get('JAVA_RUNTIME_VERSION', facts['JAVA_VERSION'])}".strip()
    except (OSError, KeyError):
        return "unknown"


def jvm_options(model=None):
    """With a heap that holds the weights of a model in any layout."""
    mib = 1024 + (3 * os.path.getsize(model) >> 20 if model else 0)
    return [*JVM, f"-Xmx{mib}m", *os.environ.get("ANDANTE_JAVA_OPTS", "").split()]


def cache():
    """The launcher's, where models that are made here are kept."""
    return os.environ.get("ANDANTE_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "andante")


def peers():
    """The folder that the peers' set-up filled: its default is not the launcher's. None if there is none."""
    named = os.environ.get("PEERS_DIR")
    for folder in [named] if named else [os.path.join(cache(), "peers"), "/var/cache/andante/peers"]:
        if os.path.exists(os.path.join(folder, "venv", "bin", "python")) or os.path.isdir(os.path.join(folder, "llama.cpp", "bin")):
            return folder
    return None


def shared_script(name):
    path = os.path.join(SHARED, name)
    return path if os.path.exists(path) else None
