"""Results as JSON lines and as a table."""

import json
import statistics

from .costs import Cost

LOWER_IS_BETTER = ("ttft_ms_p50", "ttft_ms_p95", "tpot_ms_p50", "tpot_ms_p95", "ready_s", "rss_mib")
TABLED = ("ttft_ms_p50", "tpot_ms_p50", "quiet_tok_s", "busy_tok_s")
BUSY = 0.05  # of the machine used by processes that are not ours: a run is no record above


class Report:
    """`header` stands in every line: machine, model, date, commit."""

    def __init__(self, rounds, ceilings, about, header):
        self.rounds, self.ceilings, self.about, self.header = rounds, ceilings, about, header

    # -------------------------------------------------- JSON lines

    def lines(self):
        yield from self._ceilings()
        for result in self.rounds.results:
            if result.runs:
                yield self._line(result)
            else:
                yield {**self._who(result), "value": None, "scouted": result.scouted, "failure": result.failure}

    def _ceilings(self):
        for (kind, threads, size, source), runs in self.ceilings.samples.items():
            yield {"ceiling": kind, "source": source, "threads": threads, "bytes": size, "value": max(runs), "unit": "GB/s" if kind == "read" else "GFLOP/s",
                   "median": round(statistics.median(runs), 3), "runs": runs, **self.header}

    def _who(self, result):
        line, side = result.line, result.side
        return {"engine": side.engine, "version": side.version, "format": side.format, "flags": side.flags, "threads": side.threads,
                "test": line.name, "unit": line.unit, **line.lengths(), **self.header, "shape": line.shape or None}

    def _line(self, result):
        who = self._who(result)
        if result.side.engine == "andante":
            about = result.side.about if result.line.kind == "http" else self.about.get(result.line.shape, {})
            who |= {key: about[key] for key in ("backend", "description", "precision", "compute_format", "jdk", "jvm_flags") if key in about}
        metrics = {name: {"median": round(statistics.median(runs), 3), "runs": runs} for name, runs in result.metrics.items()}
        return {**who, "value": round(result.value, 4), "best": max(result.runs), "runs": result.runs, "scouted": result.scouted,
                "others": result.others, **({"metrics": metrics} if metrics else {}), **self.roofline(result)}

    def cost(self, result):
        about = self.about.get(result.line.shape)
        if not about or result.line.kind not in ("pp", "tg"):
            return None
        size = result.side.file_bytes() / about["file_bytes"]
        return Cost(result.line, about["cost"], about["cost"]["weight_bytes"] * size)

    def roofline(self, result):
        cost = self.cost(result)
        if not cost:
            return {}
        read, peak = (self.ceilings.during(result.line, kind) for kind in ("read", self.about[result.line.shape]["compute_format"]))
        return {"intensity": round(cost.intensity, 3), "gflop_s": round(cost.flops * result.value / 1e9, 3),
                "read_gb_s": read, "peak_gflop_s": peak,
                **cost.fractions(result.value, read, peak)}

    def busy(self):
        """Whether others used so much of the machine that this run is no record."""
        shares = [share for result in self.rounds.results for share in result.others if share is not None]
        return bool(shares) and statistics.median(shares) > BUSY

    # -------------------------------------------------- the table

    def best_peer(self, line):
        rivals = [r for r in self.rounds.results if r.line == line and r.side.engine != "andante" and r.runs]
        return max(rivals, key=lambda r: r.value, default=None)

    def ratio(self, line):
        """Of medians, ours to the best peer's; None if a side is missing."""
        mine, peer = self.mine(line), self.best_peer(line)
        return mine.value / peer.value if mine and mine.runs and peer and peer.value else None

    def mine(self, line):
        return next((r for r in self.rounds.results if r.line == line and r.side.engine == "andante"), None)

    def rows(self):
        for line in dict.fromkeys(result.line for result in self.rounds.results):
            mine, peer, ratio = self.mine(line), self.best_peer(line), self.ratio(line)
            ceiling = ""
            if mine and mine.runs and (shares := self.roofline(mine)):
                bound = "of_peak" if line.kind == "pp" else "of_read"
                ceiling = " ".join(f"{shares[key]:.0%} {key[3:]}" for key in ("of_read", "of_peak")
                                   if key in shares and (key == bound or line.sequences > 1))
            yield (line.name, _number(mine), _number(peer), f"{ratio:.2f}" if ratio else "–", ceiling, peer.side.name if peer else "–")
            for metric in TABLED:
                if mine and peer and metric in mine.metrics and metric in peer.metrics:
                    ours, theirs = mine.median(metric), peer.median(metric)
                    yield ("  " + metric, f"{ours:.4g}", f"{theirs:.4g}", f"{ours / theirs:.2f}", "lower is better" if metric in LOWER_IS_BETTER else "", "")

    def table(self):
        head = ("line", "andante", "peer", "ratio", "of the ceiling", "best peer")
        rows = [head, *self.rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        text = ["  ".join(cell.ljust(w) if i in (0, 4, 5) else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))).rstrip() for row in rows]
        for kind, unit in (("read", "GB/s"), ("f32", "GFLOP/s"), ("bf16", "GFLOP/s"), ("s8", "GFLOP/s")):
            for on in sorted({1, self.ceilings.threads}):
                if best := self.ceilings.best(kind, on):
                    text.append(f"ceiling {kind:<5}{on} thread{'s' if on > 1 else ' '} {best[0]:10.4g} {unit} ({best[1]})")
        text += [f"note: {note}" for note in self.rounds.notes]
        if self.busy():
            text.append("note: other processes used this machine meanwhile; this run is no record")
        return "\n".join(text)


def _number(result):
    if result is None:
        return "–"
    return f"{result.value:.4g}" if result.runs else "failed"


def dump(line):
    return json.dumps(line, ensure_ascii=False)
