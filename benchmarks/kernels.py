#!/usr/bin/env python3
"""JMH of single kernels through the backend that is asked for. Called by `./andante bench kernels`.

Prints a JSON line per kernel, then a table: microseconds, GB/s or GFLOP/s, and the fraction of this machine's ceilings, measured first.
Arguments behind `--` go to JMH: regular expressions that choose kernels, `-p format=Q4_1 -p rows=1`, `-i 1`, …
"""

import argparse
import datetime
import json
import os
import sys

from harness import children, machine, places
from harness.children import Failure, tell
from harness.report import dump

CHOICES = ("format", "shape", "rows", "batch", "heads", "vocabulary")  # parameters that tell runs of one kernel apart
QUICK = ["-wi", "1", "-i", "1", "-w", "100ms", "-r", "100ms", "-p", "format=Q4_1", "-p", "shape=576x3072", "-p", "batch=1x1@128",
         "-p", "rows=1", "-p", "vocabulary=49152"]


def arguments(argv=None):
    p = argparse.ArgumentParser(prog="andante bench kernels", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--backend", default="auto", help="as andante.compute.backend")
    p.add_argument("--precision", choices=("exact", "fast"), default="fast")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--quick", action="store_true", help="one short run of a few: shows that all works, and nothing about speed")
    p.add_argument("--limit", type=float, default=60, help="minutes after which JMH is stopped")
    p.add_argument("--out", default=os.path.join(places.BENCHMARKS, "target", "bench"), help="folder for JSON lines and logs")
    p.add_argument("jmh", nargs="*", help="arguments of JMH, behind --")
    return p.parse_args(argv)


def command(a):
    return [places.java(), *places.jvm_options(), "-Xmx3g", "-cp", places.JAR, "dev.andante.benchmarks.kernels.KernelBenchmarks",
            "-p", f"backend={a.backend}", "-p", f"precision={a.precision.upper()}", "-p", f"threads={a.threads}", "-foe", "true", *(QUICK if a.quick else []), *a.jmh]


def table(rows):
    text = [f"{'kernel':<12}{'':<24}{'us':>12}{'GB/s':>10}{'of read':>9}{'GFLOP/s':>11}{'of peak':>9}"]
    for row in rows:
        if "kernel" in row:
            what = " ".join(str(row[key]) for key in CHOICES if row.get(key) not in (None, "N/A"))
            text.append(f"{row['kernel']:<12}{what:<24}{row['us']:>12.4g}{_cell(row, 'gb_s'):>10}{_cell(row, 'of_read', True):>9}"
                        f"{_cell(row, 'gflop_s'):>11}{_cell(row, 'of_peak', True):>9}")
    return "\n".join(text)


def _cell(row, key, share=False):
    if row.get(key) is None:
        return ""
    return f"{row[key]:.0%}" if share else f"{row[key]:.3g}"


def main():
    a = arguments()
    children.guard()
    children.fresh_logs(a.out)
    now = datetime.datetime.now(datetime.timezone.utc)
    header = {"date": now.isoformat(timespec="seconds"), "commit": machine.commit(places.ROOT), "quick": a.quick, "machine": machine.describe()}
    log = os.path.join(a.out, "kernels.log")
    tell(f"running JMH; its words go to {log}")
    try:
        printed = children.output_of("JMH", command(a), 60 * a.limit, log)
    except Failure as failure:
        sys.exit(f"andante bench: {failure}\n  → the log: {log}")
    rows = [{**json.loads(line), **header} for line in printed.splitlines() if line.startswith("{")]
    path = os.path.join(a.out, f"kernels-{now.strftime('%Y%m%dT%H%M%SZ')}.jsonl")
    with open(path, "w", encoding="utf-8") as out:
        for row in rows:
            print(dump(row))
            out.write(dump(row) + "\n")
    print("\n" + table(rows))
    print("\n".join(f"ceiling {row['ceiling']:<6}{row['value']:10.4g} {row['unit']}" for row in rows if "ceiling" in row))
    print(f"\n{path}")


if __name__ == "__main__":
    main()
