"""A throw-away checkout with the real launcher, a fake JDK and a fake Maven, for the tests beside it."""

import contextlib
import fcntl
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("standalone", "gateway", "prefill-service", "decode-service", "draft-service", "expert-service", "simulator")
MAVEN = """#!/usr/bin/env bash
[ -z "$FAKE_MAVEN" ] || { echo "[ERROR] $FAKE_MAVEN"; exit 1; }
echo "$*" >>maven-calls
echo "$FAKE_MAVEN_SAYS"
for m in %s; do
  echo "[INFO] Building Andante :: $m 0.1.0-SNAPSHOT  [1/6]"
  mkdir -p "$m/target" && touch "$m/target/andante-$m.jar"
done
""" % " ".join(MODULES)
# the interpreter itself before what may only be a script that looks for it
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def mesh_ports():
    """Held while a mesh starts: until its services listen, another would take the same ports for free."""
    with open(Path(tempfile.gettempdir()) / "andante-launcher-tests.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def alive(pid):
    try:
        os.kill(pid, 0)
        return not Path("/proc/self").exists() or Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


class Checkout:
    def __init__(self):
        self.base = Path(tempfile.mkdtemp(prefix="andante-launcher-"))
        self.root, self.cache, self.jdk = self.base / "checkout", self.base / "cache", self.base / "jdk"
        self.root.mkdir()
        shutil.copy(ROOT / "andante", self.root)
        shutil.copytree(ROOT / "scripts", self.root / "scripts", ignore=shutil.ignore_patterns("tests", "__pycache__"))
        (self.root / "pom.xml").write_text("<project/>")
        self.hurry()
        self.executable(self.root / "mvnw", MAVEN)
        self.make_jdk(self.jdk, "25.0.3")
        self.model = self.base / "tiny.gguf"
        self.model.write_bytes(b"GGUF\x03\0\0\0" + bytes(64))
        self.env = {"PATH": PATH, "HOME": str(self.base), "ANDANTE_CACHE": str(self.cache), "JAVA_HOME": str(self.jdk)}
        self.env["ANDANTE_AOT"] = "off"  # starts everything twice; its own tests switch it on
        self.port = free_port()

    @staticmethod
    def executable(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def make_jdk(self, home, version):
        self.executable(home / "bin/javac", "#!/bin/sh\n")
        shutil.copy(Path(__file__).with_name("fake_java"), home / "bin/java")
        (home / "release").write_text(f'JAVA_VERSION="{version}"\n')

    def hurry(self):
        """Asks every 0.02 s whether services are up or down: those of the tests take no seconds."""
        processes = self.root / "scripts/lib/processes.sh"
        text, waits = re.subn(r"\bsleep 0\.2\d*", "sleep 0.02", processes.read_text())
        assert waits == 2, f"{waits} places wait"
        processes.write_text(text)

    def hide_other_jdks(self):
        """Cuts the finder, as a root without /usr/lib/jvm cannot be had; what PATH has is the test's own business."""
        finder = self.root / "scripts/lib/jdk.sh"
        finder.write_text(re.sub(r"/usr/lib/jvm.*\\\n.*Contents/Home ", "", finder.read_text()).replace("-x /usr/libexec/java_home", "-x /nowhere"))

    def andante(self, *arguments, timeout=60, stdin="", **env):
        return subprocess.run(
            [str(self.root / "andante"), *map(str, arguments)],
            env={**self.env, **{k: str(v) for k, v in env.items()}},
            input=stdin, capture_output=True, text=True, timeout=timeout, check=False, cwd=self.base,
        )

    def up(self, *arguments, **env):
        with mesh_ports() if "--mesh" in arguments else contextlib.nullcontext():
            return self.andante("up", "--port", self.port, "--model", self.model, *arguments, **env)

    def path_without(self, *names):
        """A PATH with all tools of this one but those named, and a folder in front of it for tools of the test."""
        folder = self.base / "bin"
        folder.mkdir()
        for place in PATH.split(":"):
            for tool in Path(place).iterdir() if Path(place).is_dir() else ():
                if tool.name not in names and not (folder / tool.name).is_symlink():
                    (folder / tool.name).symlink_to(tool)
        return f"{self.base / 'tools'}:{folder}"

    def tool(self, name, text):
        """A tool of the test's own, found before the machine's one; answers the PATH that has it."""
        self.executable(self.base / "tools" / name, text)
        return f"{self.base / 'tools'}:{PATH}"

    def pids(self):
        return {p.stem: int(p.read_text()) for p in (self.cache / "run").glob("*.pid")}

    def close(self):
        if self.pids():
            self.andante("down", ANDANTE_STOP_TIMEOUT=0)  # kills what has not ended at once
        shutil.rmtree(self.base)


class LauncherTest(unittest.TestCase):
    def setUp(self):
        self.checkout = Checkout()
        self.addCleanup(self.checkout.close)

    def assert_fails(self, result, code, *texts):
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        for text in (*texts, "→"):
            self.assertIn(text, result.stderr)
