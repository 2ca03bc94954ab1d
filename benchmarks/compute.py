#!/usr/bin/env python3
"""Andante and its peers side by side, taking turns on the same GGUF. Called by `./andante bench compute`.

Prints a JSON line per measure (value = median of the rounds), then a table with the ratio of medians against the best build, format and
flags of the peers for each line, and the fraction of this machine's ceilings, measured in the same run. The lines:
  ppN          prompt of N tokens, tokens/s                     tgN        N tokens one by one, tokens/s
  tgS@D        S sequences at once from a depth of D, total     http-N     N clients, 201 tokens in, 64 out, over HTTP
  busy         one stream beside a busy process on each core, as a part of its rate without
  1b/LINE      the same on a 1B-class Llama with random weights
"""

import argparse
import datetime
import os
import shutil
import sys
import time

from harness import children, lines, machine, places, servers, shapes, sides
from harness.children import Failure, tell
from harness.report import Report, dump
from harness.rounds import Ceilings, Rounds

HISTORY = os.path.join(places.BENCHMARKS, "history")
TINY = {"width": 256, "layers": 2, "heads": 4, "kv_heads": 2, "feed_forward": 512, "vocabulary": 2048}


def arguments(argv=None):
    p = argparse.ArgumentParser(prog="andante bench compute", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True, help="a GGUF file")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--backend", default="auto", help="as andante.compute.backend")
    p.add_argument("--precision", choices=("exact", "fast"), help="of products; default: fast for the engine, what the probe chooses for the server")
    p.add_argument("--lines", default=",".join(lines.DEFAULT))
    p.add_argument("--peer-formats", default="", help="comma list; default: the file's, Q4_0, Q8_0")
    p.add_argument("--no-peer", action="store_true", help="our side alone")
    p.add_argument("--quick", action="store_true", help="little work, one round, one format: shows that all parts work, and nothing about speed")
    p.add_argument("--shape-vocabulary", type=int, default=0, help="of the 1B-class shape (128256)")
    p.add_argument("--limit", type=float, default=0, help="minutes after which no further round begins; 0 = none")
    p.add_argument("--out", default=os.path.join(places.BENCHMARKS, "target", "bench"), help="folder for JSON lines, plot and logs")
    p.add_argument("--history", action="store_true", help="keep the JSON lines in benchmarks/history, unless others used the machine")
    a = p.parse_args(argv)
    try:
        a.lines = [lines.parse(name) for name in a.lines.split(",") if name]
    except ValueError as wrong:
        p.error(str(wrong))
    if a.rounds < 1 or a.threads < 1 or not a.lines:
        p.error("at least one round, one thread and one line")
    if not os.path.isfile(a.model):
        p.error(f"there is no file {a.model}")
    if a.quick:
        a.rounds, a.lines = 1, [lines.quick(line) for line in a.lines]
    return a


class Models:
    """The file of a line in a format; also what our side loads."""

    def __init__(self, a):
        self.model, self.quick, self.vocabulary, self.logs = os.path.abspath(a.model), a.quick, a.shape_vocabulary, a.out
        parts = os.path.basename(self.model).split(".")
        self.own = parts[-2] if len(parts) > 2 else "?"

    def __call__(self, line, fmt):
        if not line.shape:
            return sides.in_format(self.model, fmt, self.own, self.logs)
        if fmt not in shapes.FORMATS:
            raise Failure(f"the shape cannot be written as {fmt}; {', '.join(shapes.FORMATS)} can")
        size = dict(TINY) if self.quick else {}
        if self.vocabulary:
            size["vocabulary"] = self.vocabulary
        return shapes.make(shapes.Shape(**size, format=fmt), os.path.join(places.cache(), "models"))


class Run:
    """All lines of one run, with the processes they need."""

    def __init__(self, a):
        self.a, self.models = a, Models(a)
        formats = a.peer_formats.split(",") if a.peer_formats else [self.models.own, *([] if a.quick else ["Q4_0", "Q8_0"])]
        self.formats = list(dict.fromkeys(formats))
        self.shape_format = self.models.own if self.models.own in shapes.FORMATS else "Q4_1"
        context = max([1024, *(line.context for line in a.lines)])
        self.ours = sides.Andante(self.models.own, a.threads, a.out, self.models, a.backend, a.precision, context)
        self.shape = sides.Andante(self.shape_format, a.threads, a.out, self.models, a.backend, a.precision, context)
        self.about = {}
        self.ceilings = Ceilings(self.ours, a.threads)
        begin = time.monotonic()
        self.rounds = Rounds(a.rounds, a.out, self.ceilings, lambda: a.limit and time.monotonic() - begin > 60 * a.limit)

    def all(self):
        if any(line.kind != "http" for line in self.a.lines):
            plain = [line for line in self.a.lines if line.kind in ("pp", "tg") and not line.shape]
            self._start(plain[0] if plain else lines.parse("pp1"))
            self.ceilings.all()
            self.ceilings.sample("read", size=int(self.about[""]["cost"]["weight_bytes"]))
        peers = {}
        for line in self.a.lines:
            try:
                self._line(line, peers)
            except Failure as failure:
                self.rounds.notes.append(f"{line.name}: {failure}")
                tell(f"  {failure}")

    def _start(self, line):
        side = self.shape if line.shape else self.ours
        side.worker(line)
        self.about[line.shape] = {**side.about, "file_bytes": side.file_bytes()}
        return side

    def _line(self, line, peers):
        a = self.a
        if line.kind == "http":
            if not (places.shared_script("http_load.py") and os.path.exists(places.STANDALONE)):
                raise Failure("needs the peers' http_load.py and a built standalone")
            self.ours.stop()  # its memory; the next line starts it again
            ours = servers.AndanteServer(self.models.own, a.threads, a.out, self.models, a.backend, a.precision)
            rivals = [] if a.no_peer else servers.peers(self.formats, a.threads, a.out, self.models, not a.quick)
            try:
                self.rounds.run(line, ours, rivals)
            finally:
                for server in (ours, *rivals):
                    server.stop()
            return
        ours = self._start(line)
        key = "busy" if line.kind == "busy" else line.shape
        if key not in peers and not a.no_peer:
            if line.kind == "busy":
                peers[key] = sides.busy_peers(self.models.own, a.threads, a.out, self.models)
            else:
                formats = [self.shape_format, *(f for f in self.formats if f in shapes.FORMATS and f != self.shape_format)] if line.shape else self.formats
                peers[key] = sides.peers(formats, a.threads, a.out, self.models)
        self.rounds.run(line, ours, peers.get(key, []))
        for peer in peers.get(key, []):
            peer.stop()


def write(report, a, stamp):
    path = os.path.join(a.out, f"compute-{stamp}.jsonl")
    with open(path, "w", encoding="utf-8") as out:
        for line in report.lines():
            print(dump(line))
            out.write(dump(line) + "\n")
    return path


def plot(path, a):
    """The roofline as a PNG beside the JSON lines; its path, or None where it cannot be made."""
    if not any(line.kind in ("pp", "tg") for line in a.lines):
        return None
    png = path.replace(".jsonl", ".png")
    try:
        children.output_of("the plot", [places.java(), "-Djava.awt.headless=true", "-cp", places.JAR, "dev.andante.benchmarks.plot.RooflinePlot", path, png],
                           120, os.path.join(a.out, "plot.log"))
        return png
    except Failure as failure:
        tell(str(failure))
        return None


def keep(report, a, path):
    """Into the history, if it is a record."""
    if a.quick or report.busy() or report.header["commit"].endswith("-dirty"):
        tell("not kept in the history: it takes a full run of a committed state on a machine that nobody else uses")
        return
    os.makedirs(HISTORY, exist_ok=True)
    shutil.copy(path, HISTORY)
    tell(f"kept: {os.path.join(HISTORY, os.path.basename(path))}")


def main():
    a = arguments()
    children.guard()
    children.fresh_logs(a.out)
    if not a.no_peer and not places.peers():
        tell("the peers are not set up; our side alone (see docs/performance.md)")
    now = datetime.datetime.now(datetime.timezone.utc)
    header = {"model": os.path.basename(a.model), "date": now.isoformat(timespec="seconds"), "commit": machine.commit(places.ROOT),
              "quick": a.quick, "machine": machine.describe()}
    run, ended = Run(a), 0
    try:
        run.all()
    except Failure as failure:
        sys.exit(f"andante bench: {failure}\n  → the logs are in {a.out}")
    except SystemExit as signalled:
        if not any(result.runs for result in run.rounds.results):
            raise
        ended = signalled.code
        run.rounds.notes.append("the run was ended before all was measured")
    finally:
        children.stop_all()
    report = Report(run.rounds, run.ceilings, run.about, header)
    path = write(report, a, now.strftime("%Y%m%dT%H%M%SZ"))
    print("\n" + report.table())
    print(f"\n{path}" + (f"\n{png}" if (png := plot(path, a)) else ""))
    if ended:
        sys.exit(ended)
    if a.history:
        keep(report, a, path)
    if any(result.failure for result in run.rounds.results if result.side.engine == "andante"):
        sys.exit(1)


if __name__ == "__main__":
    main()
