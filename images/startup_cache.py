"""Records the start-up cache of each service (JEP 483, 514, 515) by starting it once in the image's own file system.

Needs root for chroot and a mount namespace. A service whose cache cannot be recorded starts without one.
"""

import os
import shutil
import signal
import subprocess
import tarfile
import threading
from pathlib import Path

START_SECONDS, END_SECONDS = 180, 180
ENTER = 'mount --bind /dev "$0/dev" && mkdir -p "$0/proc" && mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"'


def possible():
    return os.geteuid() == 0 and shutil.which("unshare") and shutil.which("chroot")


def record(base, java, andante, roles, work):
    """Leaves ROLE.aot in the folder `andante` for each role that could be recorded."""
    root = work / "root"
    with tarfile.open(base) as archive:
        # the base is our own or the user's; Pythons before 3.11.4 trust it without being asked to
        archive.extractall(root, **({"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}))
    for source, at in ((java, "opt/java"), (andante, "opt/andante")):
        (root / at).parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, root / at, copy_function=link)
    (root / "tmp").mkdir(exist_ok=True)
    for role in roles:
        print(f"Recording how {role} starts …", flush=True)
        if not record_one(root, role):
            print(f"  {role} will start without a start-up cache", flush=True)
        cache = root / f"opt/andante/{role}.aot"
        if cache.exists():
            shutil.move(cache, andante / cache.name)


def link(source, target):
    """Hard links keep the times, which the JVM compares."""
    os.link(source, target)


def record_one(root, role):
    command = ["unshare", "--mount", "sh", "-c", ENTER, str(root), "/opt/java/bin/java", "-Xmx256m"]
    command += [f"-XX:AOTCacheOutput=/opt/andante/{role}.aot", f"@/opt/andante/{role}.options", "--server.port=0"]
    if role != "gateway":
        command.append("--andante.grpc.port=0")
    if role in ("prefill", "decode", "expert"):
        command.append("--andante.model.path=dummy:llama-tiny")
    environment = {"HOME": "/tmp", "PATH": "/opt/java/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "DJL_CACHE_DIR": "/tmp/djl", "DJL_OFFLINE": "true"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    killer = threading.Timer(START_SECONDS + END_SECONDS, process.kill)
    killer.start()
    started, lines = False, []
    for line in process.stdout:
        lines.append(line)
        if " Started " in line and not started:
            started = True
            threading.Timer(2, process.send_signal, [signal.SIGTERM]).start()
    process.wait()
    killer.cancel()
    made = (root / f"opt/andante/{role}.aot").exists()
    if not (started and made):
        print("".join(lines[-8:]))
    return started and made


def use(andante, roles):
    """Makes the option files name the caches that are there."""
    for role in roles:
        options = andante / f"{role}.options"
        if (andante / f"{role}.aot").exists():
            options.write_text(f"-XX:AOTCache=/opt/andante/{role}.aot\n" + options.read_text(encoding="ascii"), encoding="ascii")


def settle(folder, time):
    """Gives all files one time, so that they look the same here and in the image."""
    for path in [folder, *Path(folder).rglob("*")]:
        os.utime(path, (time, time), follow_symlinks=False)
