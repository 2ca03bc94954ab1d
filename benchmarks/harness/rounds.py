"""The two sides take turns: every line is measured for all its sides, round after round, beside the ceilings of the machine."""

import statistics
import time

from .children import Failure, RUNNING, tell
from .machine import Usage
from .neighbours import Neighbours

FINALISTS, WITHIN = 2, 0.75  # peers that go on after the scouting round: so many, and at least this part of the best


class Result:
    """What one side reached on one line: a value per round, and what was noted beside it."""

    def __init__(self, line, side, scouted=None):
        self.line, self.side, self.scouted = line, side, scouted
        self.runs, self.others, self.metrics, self.failure = [], [], {}, None

    def add(self, answer, others):
        self.runs.append(round(answer["value"], 4))
        self.others.append(others)
        metrics = dict(answer.get("metrics", {}))
        if "allocated_bytes_per_token" in answer:
            metrics["allocated_bytes_per_token"] = round(answer["allocated_bytes_per_token"], 1)
        for name, value in metrics.items():
            if value is not None:
                self.metrics.setdefault(name, []).append(value)

    @property
    def value(self):
        return statistics.median(self.runs)

    def median(self, metric):
        return statistics.median(self.metrics[metric])


class Ceilings:
    """Samples of what the machine can do at most, through our worker; the best sample of a kind is the ceiling."""

    def __init__(self, side, threads):
        self.side, self.threads, self.samples, self.during_lines, self.seen = side, threads, {}, {}, set()

    def sample(self, kind, threads=None, size=None, side=None, line=None):
        on, side = threads or self.threads, side or self.side
        try:
            sources = side.ceiling(kind, on, size)
            if (kind, side.running.pid) not in self.seen:  # the first of a process is for its compiler
                self.seen.add((kind, side.running.pid))
                sources = side.ceiling(kind, on, size)
        except Failure as failure:
            tell(f"  ceiling {kind}: {failure}")
            return
        if line and sources:
            self.during_lines.setdefault((line.name, kind), []).append(max(sources.values()))
        for source, value in sources.items():
            self.samples.setdefault((kind, on, size, source), []).append(round(value, 3))

    def all(self):
        """Every kind on one thread and on all, three samples each."""
        for kind in self.side.about["ceilings"]:
            for on in sorted({1, self.threads}):
                for _ in range(3):
                    self.sample(kind, on)

    def best(self, kind, threads=None, size=None):
        """(value, source), or None"""
        found = [(max(runs), key[3]) for key, runs in self.samples.items() if key[:3] == (kind, threads or self.threads, size)]
        return max(found, default=None)

    def during(self, line, kind):
        """The median of what was sampled in the rounds of a line, so that both numbers of a fraction saw the same machine; else the best."""
        if (line.name, kind) in self.during_lines:
            return statistics.median(self.during_lines[line.name, kind])
        best = self.best(kind)
        return best and best[0]


class Rounds:
    def __init__(self, count, logs, ceilings, out_of_time=lambda: False):
        self.count, self.logs, self.ceilings, self.out_of_time = count, logs, ceilings, out_of_time
        self.results, self.notes = [], []

    def run(self, line, ours, peers):
        """Measures a line; what fails is noted, and the rest goes on."""
        tell(f"{line.name}: {line.command if line.kind in ('pp', 'tg') else line.kind}")
        finalists = self._scout(line, [peer for peer in peers if peer.supports(line)])
        mine = Result(line, ours)
        self.results.append(mine)
        try:
            self._warm(ours, line)
        except Failure as failure:
            self._failed(mine, failure)
        contenders = [mine, *finalists]
        for r in range(self.count):
            if r > 0 and self.out_of_time():
                self.notes.append(f"{line.name}: {r} of {self.count} rounds, the time was over")
                break
            self._ceiling(line, mine)
            turn = r % len(contenders)
            for result in contenders[turn:] + contenders[:turn]:
                self._turn(result, line, r)

    def _scout(self, line, peers):
        """Measures each peer once and returns the results of those that may be the best."""
        scouted = []
        for peer in peers:
            result = Result(line, peer)
            self.results.append(result)
            try:
                result.scouted = round(self._warm(peer, line), 3)
                scouted.append(result)
                tell(f"  scouting {peer.name}: {result.scouted:.4g}")
            except Failure as failure:
                self._failed(result, failure)
            if len(peers) > FINALISTS or line.kind == "http":
                peer.stop()
        scouted.sort(key=lambda result: -result.scouted)
        finalists = [result for result in scouted[:FINALISTS] if result.scouted >= WITHIN * scouted[0].scouted]
        for result in finalists:
            if result.side.cold:
                self._warm(result.side, line)
        return finalists

    def _warm(self, side, line):
        return self._busy(side, line)["value"] if line.kind == "busy" else side.warm(line)

    def _turn(self, result, line, r):
        if result.failure:
            return
        usage = Usage(lambda: [child.pid for child in RUNNING])
        try:
            answer = self._busy(result.side, line) if line.kind == "busy" else result.side.measure(line)
        except Failure as failure:
            self._failed(result, failure)
            return
        result.add(answer, usage.others())
        tell(f"  round {r + 1} of {self.count} {result.side.name}: {answer['value']:.4g} {line.unit}"
             + (f" (other processes used {result.others[-1]:.0%} of the machine)" if (result.others[-1] or 0) > 0.05 else ""))

    def _busy(self, side, line):
        """The rate with a busy neighbour on each core as a part of the rate without, one after the other."""
        quiet = side.measure(line)["value"]
        with Neighbours(self.logs):
            time.sleep(0.2)
            loud = side.measure(line)["value"]
        return {"value": loud / quiet, "metrics": {"quiet_tok_s": round(quiet, 2), "busy_tok_s": round(loud, 2)}}

    def _ceiling(self, line, mine):
        """The ceiling that bounds the line, under the conditions of this round."""
        if mine.failure or line.kind not in ("pp", "tg"):
            return
        if line.kind == "tg":
            self.ceilings.sample("read", side=mine.side, line=line)
        if line.kind == "pp" or line.sequences > 1:
            self.ceilings.sample(mine.side.about["compute_format"], side=mine.side, line=line)

    def _failed(self, result, failure):
        result.failure = str(failure)
        self.notes.append(f"{result.line.name}, {result.side.name}: {failure}")
        tell(f"  {result.side.name}: {failure}")
