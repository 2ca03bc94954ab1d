#!/usr/bin/env python3
"""What readers get at 0.5 to 3 times what this machine can serve: by quality of experience, and first come, first served. Called by `./andante bench qoe`.

Both servers are the product, all roles in one JVM, and differ in the options of --ours and --theirs alone; decode computes prompts itself.
First the rate that keeps up is measured: what --clients get served one request after the other. Then, for each multiple of it, both get the
same Poisson arrivals, one after the other, the first one in turns; whoever waits for its turn is idle. A round goes through all rates.

Prints a JSON line for each load and, at the end, a table. QoE, TTFT and TBT are those of tokens as they came: nothing is paced. What was
refused, failed or broke off has a QoE of 0. The folder of --out has the lines, report.html with the curves, and what each load left behind.
"""

import argparse
import datetime
import json
import os
import statistics
import sys
from html import escape

from harness import children, machine, places
from harness.children import Failure, tell
from harness.servers import AndanteServer

sys.path.insert(0, os.path.join(places.ROOT, "scripts"))
from qoe_plot import picture  # noqa: E402

OURS = ("andante.engine.policy=qoe",)
THEIRS = ("andante.engine.policy=fcfs",)
# The engine decides: nobody waits in front of it. Prompts are computed where the answer is: on one machine the other way costs more.
BOTH = ("andante.gateway.routing.local-prompt-tokens=1000000", "andante.gateway.admission.max-concurrent=10000",
        "andante.engine.max-waiting=10000", "andante.gateway.request-timeout=10m")
TIMEOUT = 300  # seconds that a request may take
FIGURES = (("QoE v1", lambda line: line["mean_qoe_v1"], True), ("QoE v2", lambda line: line["mean_qoe_v2"], True),
           ("share with QoE v2 of 0.95", lambda line: line["share_qoe_95"], True), ("tokens/s", lambda line: line["tokens_per_s"], False),
           ("TTFT p50, s", lambda line: line["ttft_ms"]["p50"] / 1e3, False), ("TTFT p99, s", lambda line: line["ttft_ms"]["p99"] / 1e3, False),
           ("TBT p50, ms", lambda line: line["tbt_ms"]["p50"], False), ("TBT p99, ms", lambda line: line["tbt_ms"]["p99"], False))


def arguments(argv=None):
    p = argparse.ArgumentParser(prog="andante bench qoe", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True, help="a GGUF file")
    p.add_argument("--seconds", type=float, default=600, help="in which requests are sent, of all loads together (600)")
    p.add_argument("--rates", default="0.5,1,1.5,2,3", help="multiples of what keeps up (0.5,1,1.5,2,3)")
    p.add_argument("--rounds", type=int, default=1, help="how often all rates are gone through (1)")
    p.add_argument("--clients", type=int, default=64, help="of the load that finds out what keeps up (64)")
    p.add_argument("--prompt-tokens", default="20-300", help="N or A-B (20-300)")
    p.add_argument("--output-tokens", default="20-400", help="N or A-B (20-400)")
    p.add_argument("--kv-memory", default="128MB", help="of either engine (128MB)")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--backend", default="auto", help="as andante.compute.backend")
    p.add_argument("--ours", action="append", default=[], metavar="KEY=VALUE", help=f"more options of ours, beside {' '.join(OURS)}; or others in their place")
    p.add_argument("--theirs", action="append", default=[], metavar="KEY=VALUE", help=f"more options of the other, beside {' '.join(THEIRS)}; or others in their place")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--out", default=os.path.join(places.BENCHMARKS, "target", "qoe"), help="folder for results, report and logs")
    a = p.parse_args(argv)
    try:
        a.rates = [float(rate) for rate in a.rates.split(",") if rate]
    except ValueError:
        p.error(f"--rates takes numbers, not '{a.rates}'")
    if not a.rates or not all(0.01 <= rate <= 100 for rate in a.rates) or a.rounds < 1 or a.clients < 1 or a.threads < 1:
        p.error("rates are from 0.01 to 100; at least one of them, one round, one client and one thread")
    if any("=" not in option for option in a.ours + a.theirs):
        p.error("--ours and --theirs take KEY=VALUE")
    a.load_seconds = a.seconds / (2 * a.rounds * len(a.rates))
    if not a.load_seconds >= 1:
        p.error(f"{a.seconds:g} s are less than one for each load")
    if not os.path.isfile(a.model):
        p.error(f"there is no file {a.model}")
    return a


def last_of_each_key(*options):
    return tuple({option.partition("=")[0]: option for option in options}.values())


class Reading(AndanteServer):
    """The product with options of its own."""

    def __init__(self, side, options, a):
        super().__init__("?", a.threads, a.out, lambda line, fmt: os.path.abspath(a.model), a.backend, None)
        self.side, self.options = side, options

    @property
    def name(self):
        return self.side

    def log(self):
        return os.path.join(self.logs, f"{self.side}.log")

    def command(self, line):
        return [*super().command(line), *(f"--{option}" for option in self.options)]


class Stage:
    """Both servers, and the load generator in front of one of them."""

    def __init__(self, a):
        self.a, both = a, (*BOTH, f"andante.engine.kv-memory={a.kv_memory}")
        self.sides = [Reading("qoe", last_of_each_key(*both, *OURS, *a.ours), a), Reading("fcfs", last_of_each_key(*both, *THEIRS, *a.theirs), a)]
        for side in self.sides:
            side.start(None)

    def load(self, side, name, *options):
        tell(f"  {name} …")
        folder = os.path.join(self.a.out, name)
        printed = children.output_of(f"the load {name}", [
            places.java(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders", "-Xmx512m", "-cp", places.JAR,
            "dev.andante.benchmarks.load.LoadBenchmark", side.url(), *options, "--prompt-tokens", self.a.prompt_tokens,
            "--output-tokens", self.a.output_tokens, "--timeout", TIMEOUT, "--label", name, "--out", folder],
            self.a.load_seconds + 2 * TIMEOUT, os.path.join(self.a.out, "load.log"))
        return json.loads(printed.splitlines()[-1])

    def stop(self):
        for side in self.sides:
            side.stop()


def saturation(stage, seconds):
    """Requests per second that are served when there always are some: the better of both."""
    found = 0
    for side in stage.sides:
        stage.load(side, f"warm-{side.side}", "--clients", 8, "--duration", seconds)
        line = stage.load(side, f"saturated-{side.side}", "--clients", stage.a.clients, "--duration", 2 * seconds, "--seed", 7)
        if not line["completed"]:
            raise Failure(f"{side.side} completed nothing; see {side.log()}")
        found = max(found, line["completed"] / line["seconds"])
    return found


def measures(stage, a, keeps_up):
    turn = 0
    for round_ in range(a.rounds):
        for rate in a.rates:
            for side in stage.sides if turn % 2 == 0 else reversed(stage.sides):
                usage = machine.Usage(lambda: [child.pid for child in children.RUNNING])
                line = stage.load(side, f"{side.side}-{rate:g}-{round_ + 1}", "--rate", rate * keeps_up, "--duration", a.load_seconds,
                                  "--seed", a.seed + round_)
                yield {"side": side.side, "rate": rate, "round": round_ + 1, "requests_per_s_asked": round(rate * keeps_up, 3),
                       "others": usage.others(), **{k: v for k, v in line.items() if k not in ("benchmark", "date", "url", "label")}}
            turn += 1


def curves(lines, figure):
    """{side: [(rate, mean over rounds)]}"""
    found = {}
    for line in lines:
        found.setdefault(line["side"], {}).setdefault(line["rate"], []).append(figure(line))
    return {side: [(rate, statistics.fmean(values)) for rate, values in sorted(rates.items())] for side, rates in found.items()}


def rows(lines):
    """Markdown: ours / first come, first served, by rate."""
    rates = sorted({line["rate"] for line in lines})
    yield "| qoe / fcfs | " + " | ".join(f"{rate:g}" for rate in rates) + " |"
    yield "|---" * (len(rates) + 1) + "|"
    for name, figure, parts in (*FIGURES, ("not completed", lambda line: line["requests"] - line["completed"], False)):
        by = {side: dict(points) for side, points in curves(lines, figure).items()}
        shown = {side: {rate: f"{value:.2f}" if parts else f"{value:.4g}" for rate, value in points.items()} for side, points in by.items()}
        cells = [" / ".join(shown.get(side, {}).get(rate, "–") for side in ("qoe", "fcfs")) for rate in rates]
        yield f"| {name} | " + " | ".join(cells) + " |"


def report(about, lines):
    panels = [(name, curves(lines, figure), parts) for name, figure, parts in FIGURES]
    facts = "".join(f"<tr><th>{escape(str(key))}</th><td>{escape(json.dumps(value))}</td></tr>" for key, value in about.items())
    table = "".join("<tr>" + "".join(f"<td>{escape(cell.strip())}</td>" for cell in row.strip("|").split("|")) + "</tr>"
                    for row in rows(lines) if not row.startswith("|---"))
    return ("<!doctype html><meta charset=utf-8><title>andante bench qoe</title><style>body{font:14px sans-serif;max-width:64em;margin:2em auto}"
            "td,th{padding:.15em .8em;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}svg{width:100%}</style>"
            "<h1>Readers at 0.5 to 3 times what this machine can serve</h1>"
            f"<p>Rates are multiples of {about['saturation_rate']} requests/s. Tokens as they came, nothing paced; what did not complete counts as a QoE of 0.</p>"
            f"{picture(panels, ('fcfs', '', '', '', 'qoe'))}<table>{table}</table><h2>The run</h2><table>{facts}</table>")


def main():
    a = arguments()
    children.guard()
    children.fresh_logs(a.out)
    about = {"benchmark": "qoe", "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "model": os.path.basename(a.model),
             "asked_seconds": a.seconds, "load_seconds": round(a.load_seconds, 2), "kv_memory": a.kv_memory, "threads": a.threads,
             "jdk": places.jdk(), "jvm_flags": places.jvm_options(a.model), "commit": machine.commit(places.ROOT), "machine": machine.describe()}
    lines = []
    try:
        stage = Stage(a)
        keeps_up = saturation(stage, min(15, max(2, a.load_seconds / 2)))
        about["saturation_rate"] = round(keeps_up, 3)
        about["options"] = {side.side: side.options for side in stage.sides}
        with open(os.path.join(a.out, "results.jsonl"), "w", encoding="utf-8") as results:
            for line in measures(stage, a, keeps_up):
                text = json.dumps({**line, **about})
                print(text, flush=True)
                results.write(text + "\n")
                results.flush()
                lines.append(line)
        stage.stop()
    except Failure as failure:
        tell(f"andante: bench qoe: {failure}")
        return 1
    finally:
        if lines:
            page = os.path.join(a.out, "report.html")
            with open(page, "w", encoding="utf-8") as html:
                html.write(report(about, lines))
            print("\n".join(["", *rows(lines), "", f"  the report: {page}"]), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
