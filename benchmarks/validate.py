#!/usr/bin/env python3
"""Holds the simulator against the real mesh on this machine. Called by `./andante simulate validate`.

Servers of the product, all roles in one JVM, one for each policy, are warmed up and loaded: by --clients that always have a request open, which
finds out what keeps up, and by Poisson arrivals at the multiples --fit-rates of it. What their steps took is recorded, and the simulator's cost
model fitted to it, with how much equal steps differ. Then come Poisson arrivals which nothing was fitted to, at the multiples --rates. The
simulator serves the same arrivals, each as long as it was, with the same memory. Prompts share what the model's template begins with; there is
no speculation, which the simulator does not have.

Prints a JSON line per load: what was measured, what was simulated, and the error of each, (simulated - measured) / measured. The aims: tokens/s
within 5 %, mean TTFT, TBT and latency within 10 %, each p99 within 20 %. A machine is not equally fast all the time, which is no error of the
simulator's: `at_pace` is the same with a cost model that is as fast as the steps of this load were (`pace`: what they took over what the model
says, with prompts and of answers alone; of requests nothing is used). The last line counts what was met. The folder of --out has the lines,
validation.svg with the measured and the simulated curves, these at pace, and what each load left behind.
"""

import argparse
import datetime
import json
import os
import re
import sys
import time

import qoe
from harness import children, machine, places, steps
from harness.children import Failure, tell
from harness.servers import get
from qoe_plot import picture

POLICIES = {"fcfs": "sarathi", "qoe": "qoe"}  # the engine's, and as the simulator calls it with prompts in chunks
WARM = 0.75  # of a load's time: until then methods are still being compiled that serve requests
ENGINE = ("andante.engine.max-draft-tokens=0",)
AIMS = {"tokens_per_s": 0.05, "ttft_mean": 0.1, "tbt_mean": 0.1, "whole_mean": 0.1, "ttft_p99": 0.2, "tbt_p99": 0.2, "whole_p99": 0.2}
TITLES = {"tokens_per_s": "tokens/s", "ttft_mean": "mean TTFT, s", "tbt_mean": "mean TBT, ms", "whole_mean": "mean latency, s",
          "ttft_p99": "TTFT p99, s", "tbt_p99": "TBT p99, ms", "whole_p99": "latency p99, s", "mean_qoe_v2": "mean QoE v2"}


def arguments(argv=None):
    p = argparse.ArgumentParser(prog="andante simulate validate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True, help="a GGUF file")
    p.add_argument("--seconds", type=float, default=40, help="in which requests of a load are sent (40); loads to fit to have half of it")
    p.add_argument("--clients", type=int, default=64, help="of the load that finds out what keeps up (64)")
    p.add_argument("--fit-rates", default="0.3,0.7,1.2", help="multiples of that which the cost model is fitted to as well, ascending (0.3,0.7,1.2)")
    p.add_argument("--rates", default="0.5,0.9,1.5", help="multiples that are compared, none of them fitted to (0.5,0.9,1.5)")
    p.add_argument("--policies", default="fcfs,qoe", help=f"of {', '.join(POLICIES)} (fcfs,qoe)")
    p.add_argument("--prompt-tokens", default="20-300", help="N or A-B (20-300)")
    p.add_argument("--output-tokens", default="20-400", help="N or A-B (20-400)")
    p.add_argument("--kv-memory", default="128MB", help="(128MB)")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--backend", default="auto", help="as andante.compute.backend")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--strict", action="store_true", help="fail when an aim is missed at the pace of the load")
    p.add_argument("--out", default=os.path.join(places.BENCHMARKS, "target", "validate"), help="folder for results, curves and logs")
    a = p.parse_args(argv)
    try:
        a.rates = [float(rate) for rate in a.rates.split(",") if rate]
        a.fit_rates = sorted(float(rate) for rate in a.fit_rates.split(",") if rate)
    except ValueError:
        p.error(f"--rates and --fit-rates take numbers, not '{a.rates}' and '{a.fit_rates}'")
    a.policies = [policy for policy in a.policies.split(",") if policy]
    if not (a.rates and a.fit_rates and a.policies) or a.clients < 1 or a.threads < 1 or not all(0.01 <= rate <= 100 for rate in (*a.rates, *a.fit_rates)):
        p.error("at least one of each, one client and one thread; rates are from 0.01 to 100")
    if both := set(a.rates) & set(a.fit_rates):
        p.error(f"what is compared must not be fitted to: {', '.join(f'{rate:g}' for rate in sorted(both))}")
    if unknown := [policy for policy in a.policies if policy not in POLICIES]:
        p.error(f"there is no policy {unknown[0]} to compare; there are {', '.join(POLICIES)}")
    if not 2 <= a.seconds <= 3600:
        p.error("a load takes from 2 to 3600 seconds")
    if not os.path.isfile(a.model):
        p.error(f"there is no file {a.model}")
    a.load_seconds = a.seconds
    return a


class Recorded(qoe.Reading):
    """A server that records its steps."""

    def command(self, line):
        java, *rest = super().command(line)
        return [java, steps.recording(self.recording()), *rest]

    def recording(self):
        return os.path.join(self.logs, f"{self.side}.jfr")


class Stage(qoe.Stage):
    """A server for each policy; the load generator in front of one of them."""

    def __init__(self, a):
        self.a = a
        self.options = (*qoe.BOTH, *ENGINE, f"andante.engine.kv-memory={a.kv_memory}")
        self.sides = [Recorded(policy, (*self.options, f"andante.engine.policy={policy}"), a) for policy in a.policies]
        for side in self.sides:
            side.start(None)

    def run(self, side, name, *options):
        """The load's own line, its requests, and when it began and ended."""
        begin = time.time()
        line = self.load(side, name, *options)
        with open(os.path.join(self.a.out, name, "requests.jsonl"), encoding="utf-8") as file:
            requests = [json.loads(text) for text in file]
        if lost := [one for one in requests if one["outcome"] != "completed"]:
            raise Failure(f"{name}: {len(lost)} of {len(requests)} requests did not complete, the first: {lost[0].get('error')}; see {side.log()}")
        return {"name": name, "line": line, "requests": requests, "begin": begin, "end": time.time()}


class Memory:
    """Of the engine that decodes, as its metrics tell: its blocks, and how many tokens of a prompt it had already."""

    def __init__(self, side):
        self.side, text = side, self.page(side)
        shape = next((row for row in text.splitlines() if row.startswith("vllm:cache_config_info") and "decode" in row), "")
        facts = dict(re.findall(r'(\w+)="([^"]*)"', shape))
        try:
            self.block, self.blocks = int(facts["block_size"]), int(facts["num_gpu_blocks"])
        except (KeyError, ValueError):
            raise Failure(f"{side.side} does not tell the size of its KV cache: '{shape}'") from None
        self.found = self.hits(text)

    @staticmethod
    def page(side):
        return (get(side.port, "/metrics", 30) or (0, b""))[1].decode()

    @staticmethod
    def hits(text):
        return sum(float(row.rsplit(" ", 1)[1]) for row in text.splitlines() if row.startswith("vllm:prefix_cache_hits_total"))

    def shared_blocks(self, requests):
        """How many blocks each of so many prompts since the start had in common with others."""
        return round((self.hits(self.page(self.side)) - self.found) / requests / self.block)


def measured(run):
    """Seconds and their like, as the simulator's line has them."""
    line, requests = run["line"], run["requests"]
    span = max(one["due_ms"] + one["whole_ms"] for one in requests) - min(one["due_ms"] for one in requests)
    gaps = [(one["tokens"] - 1, one["tpot_ms"]) for one in requests if one["tokens"] > 1]
    return {"tokens_per_s": 1e3 * line["tokens"] / span,
            **{f"{name}_{part}": line[f"{name}_ms"][part] / 1e3 for name in ("ttft", "tbt", "whole") for part in ("mean", "p99")},
            "tbt_mean": sum(n * gap for n, gap in gaps) / max(1, sum(n for n, _ in gaps)) / 1e3,  # tokens may come together
            "mean_qoe_v2": line["mean_qoe_v2"]}


def simulated(a, run, model, noise, memory, shared, policy):
    """What the simulator has for the same arrivals."""
    trace = os.path.join(a.out, run["name"], "trace.jsonl")
    with open(trace, "w", encoding="utf-8") as file:
        for one in run["requests"]:
            file.write(json.dumps({"timestamp": one["due_ms"], "input_length": one["prompt_tokens"], "output_length": one["tokens"],
                                   "hash_ids": list(range(shared)), "ttft_s": one["expected_ttft_s"],
                                   "tokens_per_second": one["expected_tokens_per_s"]}) + "\n")
    command = [places.java(), *places.JVM, "-jar", places.SIMULATOR, "--trace", trace, "--rates", "own", "--profile", "this-machine",
               "--policies", POLICIES[policy], "--requests", len(run["requests"]), "--part-tokens", memory.block,
               "--kv-tokens", memory.block * memory.blocks, "--max-sequences", 64,
               *numbers(("--prefill", "--decode", "--beside"), model), *numbers(("--prompt-noise", "--answer-noise"), noise)]
    return json.loads(children.output_of("the simulator", command, 300, os.path.join(a.out, "simulator.log")).splitlines()[-1])


def numbers(names, lists):
    return [word for name, values in zip(names, lists) for word in (name, ",".join(f"{one:.9g}" for one in values))]


def compared(real, line, front):
    """Both, and the errors; `front`: seconds between a request and the engine, which is all that the simulator has."""
    model = {name: line[name] + (front if name.startswith(("ttft", "whole")) else 0) for name in real}
    errors = {name: (model[name] - value) / value if value else None for name, value in real.items()}
    missed = [name for name, aim in AIMS.items() if errors[name] is None or abs(errors[name]) > aim]
    return {"measured": rounded(real), "simulated": rounded(model), "error": rounded(errors), "missed": missed}


def rounded(figures):
    return {name: value and float(f"{value:.4g}") for name, value in figures.items()}


def curves(lines, name):
    """{policy and side: [(rate, value)]}"""
    found = {}
    for line in lines:
        for side, values in (("measured", line["measured"]), ("simulated", line["at_pace"]["simulated"])):
            factor = 1e3 if name.startswith("tbt") else 1
            found.setdefault(f"{line['policy']} {side}", []).append((line["rate"], factor * values[name]))
    return {key: sorted(points) for key, points in found.items()}


def plot(lines, policies):
    names = [f"{policy} {side}" for policy in policies for side in ("measured", "simulated")]
    panels = [(title, curves(lines, name), name.startswith("mean_qoe")) for name, title in TITLES.items()]
    return picture(panels, names)


def saturated(stage, a):
    """Each server with clients that always have a request open."""
    return {side.side: stage.run(side, f"fit-{side.side}", "--clients", a.clients, "--duration", a.seconds / 2, "--seed", a.seed + 100) for side in stage.sides}


def loads(stage, a, keeps_up):
    """Each policy's server gets each load, by rising rate: those to fit to and those to compare are neighbours in time, as a machine is not equally
    fast all the time. None has had these prompts before."""
    for i, rate in enumerate(sorted((*a.rates, *a.fit_rates))):
        fits = rate in a.fit_rates
        for side in stage.sides:
            usage = machine.Usage(lambda: [child.pid for child in children.RUNNING])
            run = stage.run(side, f"{'fit-' if fits else ''}{side.side}-{rate:g}", "--rate", rate * keeps_up,
                            "--duration", a.seconds / 2 if fits else a.seconds, "--seed", a.seed + i)
            yield side.side, rate, run, usage.others()


def during(run, taken):
    return [step for step in taken if run["begin"] <= step.start <= run["end"]]


def calibrate(loads_):
    """The cost model, how steps vary around it, and how far it is from them: the mean of them all, and each on average."""
    taken = [step for load in loads_ for step in load]
    model = steps.fit(taken)
    took, said = sum(step.seconds for step in taken), [steps.predict(model, step) for step in taken]
    each = sum(abs(one - step.seconds) for one, step in zip(said, taken)) / took
    prefill, decode, (beside,) = model
    return model, steps.noise(model, loads_), {
        "steps": len(taken), "prefill": rounded(dict(zip("012", prefill))), "decode": rounded(dict(zip("012", decode))), **rounded({"beside": beside}),
        "fit_error": round(sum(said) / took - 1, 4), "fit_error_each": round(each, 4)}


def validate(a, about):
    stage = Stage(a)
    for side in stage.sides:
        stage.load(side, f"warm-{side.side}", "--clients", 8, "--duration", max(2, a.seconds * WARM), "--seed", 99)
    first = a.policies[0]
    memory, clients = Memory(stage.sides[0]), saturated(stage, a)
    keeps_up = len(clients[first]["requests"]) / clients[first]["line"]["seconds"]
    done = list(loads(stage, a, keeps_up))
    shared = memory.shared_blocks(len(clients[first]["requests"]) + sum(len(run["requests"]) for policy, _, run, _ in done if policy == first))
    stage.stop()  # which ends the recordings
    recorded = {side.side: steps.read(side.recording()) for side in stage.sides}
    known = [*clients.items(), *((policy, run) for policy, rate, run, _ in done if rate in a.fit_rates)]
    model, noise, cost = calibrate([during(run, recorded[policy]) for policy, run in known])
    fewest = next(run for policy, rate, run, _ in done if (policy, rate) == (first, a.fit_rates[0]))
    few = simulated(a, fewest, model, noise, memory, shared, first)
    front = max(0, measured(fewest)["ttft_mean"] - few["ttft_mean"])
    about |= {"saturation_rate": round(keeps_up, 3), "cost": cost, "front_s": round(front, 5), "shared_tokens": shared * memory.block,
              "kv_tokens": memory.block * memory.blocks, "options": stage.options}
    for policy, rate, run, others in (one for one in done if one[1] not in a.fit_rates):
        real, pace = measured(run), steps.pace(model, during(run, recorded[policy]))
        as_fitted, at_pace = (compared(real, simulated(a, run, one, noise, memory, shared, policy), front) for one in (model, steps.at_pace(model, pace)))
        del at_pace["measured"]
        yield {"policy": policy, "rate": rate, "requests": len(run["requests"]), "others": others, **as_fitted,
               "pace": rounded(dict(zip(("prompts", "answers"), pace))), "at_pace": at_pace}


def verdict(lines):
    """How many aims were met, as fitted and at pace, and which were missed."""
    aims = len(AIMS) * len(lines)
    found = {"benchmark": "validate", "loads": len(lines), "aims": aims}
    for name, parts in (("", lines), ("_at_pace", [{**line, **line["at_pace"]} for line in lines])):
        missed = {f"{part['policy']} {part['rate']:g}": part["missed"] for part in parts if part["missed"]}
        found |= {f"met{name}": aims - sum(map(len, missed.values())), f"missed{name}": missed}
    return found


def main():
    a = arguments()
    children.guard()
    children.fresh_logs(a.out)
    about = {"benchmark": "validate", "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
             "model": os.path.basename(a.model), "load_seconds": a.seconds, "prompt_tokens": a.prompt_tokens, "output_tokens": a.output_tokens,
             "kv_memory": a.kv_memory, "threads": a.threads, "jdk": places.jdk(), "jvm_flags": places.jvm_options(a.model),
             "commit": machine.commit(places.ROOT), "machine": machine.describe()}
    lines = []
    try:
        with open(os.path.join(a.out, "results.jsonl"), "w", encoding="utf-8") as results:
            for line in validate(a, about):
                text = json.dumps({**line, **about})
                print(text, flush=True)
                results.write(text + "\n")
                lines.append(line)
    except Failure as failure:
        tell(f"andante: simulate validate: {failure}")
        return 1
    svg = os.path.join(a.out, "validation.svg")
    with open(svg, "w", encoding="utf-8") as file:
        file.write(plot(lines, a.policies))
    tell(f"  the curves: {svg}")
    found = verdict(lines)
    print(json.dumps(found), flush=True)
    return 1 if a.strict and found["missed_at_pace"] else 0


if __name__ == "__main__":
    sys.exit(main())
