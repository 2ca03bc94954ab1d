#!/usr/bin/env python3
"""What readers get from each policy over the request rate, by simulation. Called by `./andante simulate evidence`.

Serves each trace with each policy at multiples of the saturation rate, keeps the simulator's JSON lines, with the trace's name added, in
DIR/results.jsonl, and prints tables with what the aims are about: by how much mean QoE exceeds that of first come, first served, and the
rates up to which it is at least 0.9. DIR/qoe.svg has the curves. Runs whose lines are there already are not repeated.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from qoe_plot import picture

HOME = Path(__file__).resolve().parent.parent
TRACES = HOME.parent / "shared" / "traces"
POLICIES = ("fcfs", "sarathi", "rr", "mlfq", "qoe")
PARTS = ("qoe", "qoe-refiner", "qoe-capped", "qoe-blind", "qoe-released", "qoe-v1", "qoe-fickle", "qoe-near", "qoe-far", "qoe-promoting", "qoe-unbounded")
RATES = (0.75, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3)
FEW_RATES = (0.75, 1, 1.25, 1.5, 2, 3)
ENOUGH = 0.9


class Scenario:
    """A trace, who serves it, and how fast it comes."""

    def __init__(self, name, trace, requests, rates, policies=POLICIES, options=()):
        self.name, self.trace, self.requests, self.rates, self.policies, self.options = name, trace, requests, rates, policies, options


SCENARIOS = (
    Scenario("poisson", "poisson", 3000, RATES),
    Scenario("gamma", "gamma", 3000, RATES),
    Scenario("azure-conv", "azure_llm_2023_conv.csv", 2000, FEW_RATES),
    Scenario("azure-code", "azure_llm_2023_code.csv", 2000, FEW_RATES),
    # Mooncake's prompts have 12,000 tokens on average, of 64,000 that fit the memory: a tenth of all lengths.
    Scenario("mooncake/10", "mooncake_fast25_conversation.jsonl.gz", 2000, FEW_RATES, options=("--scale-lengths", "0.1")),
    Scenario("parts", "poisson", 3000, (1.6, 2), PARTS),
)


def arguments(argv=None):
    p = argparse.ArgumentParser(prog="andante simulate evidence", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, default=HOME / "target" / "qoe-evidence", help="folder for results.jsonl and qoe.svg")
    p.add_argument("--only", default="", help="comma list of " + ", ".join(s.name for s in SCENARIOS))
    p.add_argument("--requests", type=int, default=0, help="of each trace; default: 2,000 to 3,000")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--simulate", default=f"{shlex.quote(str(HOME / 'andante'))} simulate", help="command line of the simulator")
    a = p.parse_args(argv)
    names = [name for name in a.only.split(",") if name]
    unknown = sorted(set(names) - {s.name for s in SCENARIOS})
    if unknown:
        p.error(f"there is no {unknown[0]}; there are {', '.join(s.name for s in SCENARIOS)}")
    a.scenarios = [s for s in SCENARIOS if not names or s.name in names]
    return a


def known(path):
    """The lines of earlier runs; one that was cut off does not count."""
    lines = []
    if path.exists():
        for text in path.read_text().splitlines():
            try:
                lines.append(json.loads(text))
            except ValueError:
                print(f"{path}: left out a line that is no JSON", file=sys.stderr)
    return lines


def run(a, scenario, policy, rates, path):
    """One process for each policy; its lines go to the file as they come."""
    trace = scenario.trace if scenario.trace in ("poisson", "gamma") else str(TRACES / scenario.trace)
    command = shlex.split(a.simulate) + ["--trace", trace, "--policies", policy, "--rates", ",".join(str(rate) for rate in rates)]
    command += ["--requests", str(a.requests or scenario.requests), "--seed", str(a.seed), *scenario.options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for text in process.stdout:
            line = {"trace": scenario.name, **json.loads(text)}
            with open(path, "a") as out:
                out.write(json.dumps(line, separators=(",", ":")) + "\n")
            yield line
    if process.returncode:
        raise SystemExit(f"evidence: {shlex.join(command)} ended with {process.returncode}")


def gather(a):
    a.out.mkdir(parents=True, exist_ok=True)
    path = a.out / "results.jsonl"
    lines = known(path)
    for scenario in a.scenarios:
        for policy in scenario.policies:
            there = {line["rate"] for line in lines if (line["trace"], line["policy"]) == (scenario.name, policy)}
            missing = [rate for rate in scenario.rates if rate not in there]
            if missing:
                lines += run(a, scenario, policy, missing, path)
    return lines


def curves(lines, trace, figure):
    """{policy: [(rate, value)]} by rising rate."""
    found = {}
    for line in lines:
        if line["trace"] == trace:
            found.setdefault(line["policy"], {})[line["rate"]] = line[figure]
    return {policy: sorted(points.items()) for policy, points in found.items()}


def capacity(points, enough=ENOUGH):
    """The rate up to which the value stays high enough, between two points on their line; None if it never is."""
    last = None
    for rate, value in points:
        if value < enough:
            if last is None:
                return None
            return last[0] + (rate - last[0]) * (last[1] - enough) / (last[1] - value)
        last = (rate, value)
    return last[0] if last else None


def ratios(ours, theirs):
    base = dict(theirs)
    return [(rate, value / base[rate]) for rate, value in ours if base.get(rate)]


def table(lines, trace):
    """Markdown: mean QoE v1 / v2 of each policy by rate."""
    v1, v2 = curves(lines, trace, "mean_qoe_v1"), curves(lines, trace, "mean_qoe_v2")
    rates = sorted({rate for points in v1.values() for rate, _ in points})
    rows = ["| policy | " + " | ".join(f"{rate:g}" for rate in rates) + " |", "|---" * (len(rates) + 1) + "|"]
    for policy, points in v1.items():
        first, second = dict(points), dict(v2[policy])
        rows.append(f"| `{policy}` | " + " | ".join(f"{first[r]:.2f} / {second[r]:.2f}" if r in first else "–" for r in rates) + " |")
    return "\n".join(rows)


def verdicts(lines, trace):
    """What the aims ask, in words; nothing where first come, first served was not run."""
    for figure in ("v1", "v2"):
        by = curves(lines, trace, f"mean_qoe_{figure}")
        if "qoe" not in by or "fcfs" not in by:
            return
        at, most = max(ratios(by["qoe"], by["fcfs"]), key=lambda point: point[1])
        at_two = dict(ratios(by["qoe"], by["fcfs"])).get(2)
        yield f"{figure}: {most:.2f} times fcfs at {at:g}" + (f", {at_two:.2f} times at 2" if at_two and at != 2 else "")
        ours, theirs = capacity(by["qoe"]), capacity(by["fcfs"])
        if ours and theirs:
            yield f"{figure}: at least {ENOUGH:g} up to {ours:.2f}, fcfs up to {theirs:.2f}: {ours / theirs:.2f} times the rate"


def main():
    a = arguments()
    lines = gather(a)
    plotted = []
    for scenario in a.scenarios:
        print(f"\n### {scenario.name}\n\n{table(lines, scenario.name)}\n")
        for verdict in verdicts(lines, scenario.name):
            print(f"- {verdict}")
        if scenario.name != "parts":
            plotted += [(f"{scenario.name}: mean QoE {v}", curves(lines, scenario.name, f"mean_qoe_{v}"), True) for v in ("v1", "v2")]
    if plotted:
        (a.out / "qoe.svg").write_text(picture(plotted, POLICIES))
        print(f"\n{os.path.relpath(a.out / 'qoe.svg')}")


if __name__ == "__main__":
    main()
