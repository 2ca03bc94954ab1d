"""What machine this is, and who used it while something was measured."""

import os
import platform
import subprocess
import time

TELLING = ("avx2", "f16c", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16",
           "asimddp", "i8mm", "bf16", "sve", "sve2")


def _cpuinfo(*keys):
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            for line in info:
                key, _, value = line.partition(":")
                if key.strip() in keys:
                    return value.strip()
    except OSError:
        pass
    return ""


def _memory_gib():
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError):
        return 0


def commit(root):
    try:
        done = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True, timeout=20,
                              check=False)
        return done.stdout.strip() or "unknown"
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"


def describe():
    """Model, instruction sets that matter here, cores, memory, kernel."""
    flags = set(_cpuinfo("flags", "Features").split())
    return {"cpu": _cpuinfo("model name", "Model") or platform.processor() or platform.machine(),
            "isa": " ".join([platform.machine(), *(f for f in TELLING if f in flags)]),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "memory_gib": _memory_gib(), "kernel": platform.release()}


class Usage:
    """Processor time of the whole machine that went to processes which this benchmark did not start."""

    def __init__(self, pids):
        self.pids, self.start, self.mine, self.busy, self.stolen = pids, time.monotonic(), *self._read(pids)

    @staticmethod
    def _read(pids):
        tick = os.sysconf("SC_CLK_TCK")
        spent = os.times()
        mine = spent.user + spent.system + spent.children_user + spent.children_system
        for pid in pids():
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
                    mine += sum(map(int, stat.read().rpartition(")")[2].split()[11:15])) / tick
            except OSError:
                pass
        try:
            with open("/proc/stat", encoding="utf-8") as stat:
                user, nice, system, _, _, irq, soft, steal = map(int, stat.readline().split()[1:9])
        except OSError:
            return mine, 0, 0
        return mine, (user + nice + system + irq + soft) / tick, steal / tick

    def others(self):
        """Their share of all cores since this object was made, 0 to 1; None where the machine does not tell."""
        elapsed = (time.monotonic() - self.start) * (os.cpu_count() or 1)
        mine, busy, stolen = self._read(self.pids)
        if not busy or elapsed <= 0:
            return None
        foreign = (busy - self.busy) - (mine - self.mine) + (stolen - self.stolen)
        return round(min(1, max(0, foreign / elapsed)), 3)
