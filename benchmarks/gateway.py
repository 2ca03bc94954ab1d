#!/usr/bin/env python3
"""What the gateway costs: in front of workers that compute nothing, beside the same workers asked directly. Called by `./andante bench gateway`.

Prints one JSON line per measure, then a table:
  ttft      what the gateway adds to the time to the first token, p50 and p99, at so many open streams of 5 tokens/s, and its cores
            per 1,000 tokens/s; one stream is a client that sends its next request when the last one ended
  open      so many SSE streams open at once, and the gateway's resident memory
  prompt    a prompt of so many tokens parsed and tokenized, in seconds of a core per request
The gateway is the product's own, with its default settings but for `andante.gateway.admission.max-concurrent`. Client, gateway and workers
share this machine, so compare the lines of one run.
"""

import argparse
import datetime
import json
import os
import sys
import time

from harness import children, machine, places
from harness.children import Child, Failure, Worker, tell
from harness.servers import free_port, get

START, LOAD = 120, 400  # seconds
PROMPT, PACE, LIFE = 200, 5, 10  # tokens, tokens per second, seconds that a stream is open
CONTEXT = 1 << 18


def arguments(argv=None):
    p = argparse.ArgumentParser(prog="andante bench gateway", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True, help="whose tokenizer and template are used")
    p.add_argument("--streams", default="1,100,1000", help="of the ttft lines (1,100,1000); 0 leaves them out")
    p.add_argument("--open", type=int, default=5000, help="streams of the open line (5000); 0 leaves it out")
    p.add_argument("--prompt", type=int, default=100_000, help="tokens of the prompt line (100000); 0 leaves it out")
    p.add_argument("--seconds", type=int, default=20, help="measured, of each ttft line (20)")
    p.add_argument("--heap", default="512m", help="the gateway's (512m)")
    p.add_argument("--quick", action="store_true", help="all parts with little work: shows that they work, and nothing about speed")
    p.add_argument("--out", default=os.path.join(places.BENCHMARKS, "target", "gateway"), help="folder for logs and reports")
    a = p.parse_args(argv)
    try:
        a.streams = [int(n) for n in a.streams.split(",") if int(n)]
    except ValueError:
        p.error(f"--streams takes numbers, not '{a.streams}'")
    if min([*a.streams, a.open, a.prompt], default=0) < 0 or a.seconds < 1:
        p.error("numbers of streams, tokens and seconds are not negative")
    if a.prompt > CONTEXT - 1000:
        p.error(f"a prompt has at most {CONTEXT - 1000} tokens")
    if not os.path.isfile(a.model):
        p.error(f"there is no file {a.model}")
    if a.quick:
        a.streams, a.open, a.prompt, a.seconds = [1, 20], min(a.open, 50), min(a.prompt, 2000), 3
    return a


class Stage:
    """The workers that compute nothing and the gateway in front of them; ends both."""

    def __init__(self, a):
        self.a = a
        self.workers = Worker("the fake workers", [
            places.java(), "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xmx512m", "-cp", places.JAR,
            "dev.andante.benchmarks.workers.FakeWorkers", "--model", a.model, "--context", CONTEXT], os.path.join(a.out, "workers.log"))
        ports = self.workers.ask("info", START)
        self.direct = f"grpc://127.0.0.1:{ports['prefill']}/{ports['decode']}"
        self.port, instances = free_port(), "--spring.cloud.discovery.client.simple.instances.andante-"
        self.gateway = Child("the gateway", [
            places.java(), *places.JVM, f"-Xmx{a.heap}", "-jar", places.GATEWAY, f"--server.port={self.port}",
            f"{instances}prefill[0].uri=http://127.0.0.1:{ports['prefill']}", f"{instances}decode[0].uri=http://127.0.0.1:{ports['decode']}",
            "--andante.gateway.admission.max-concurrent=100000"], os.path.join(a.out, "gateway.log"))
        begin = time.monotonic()
        while (get(self.port, "/ready") or (0,))[0] != 200:
            if not self.gateway.alive():
                raise Failure(f"the gateway ended at its start: {self.gateway.last_words()}")
            if time.monotonic() - begin > START:
                raise Failure(f"the gateway was not ready within {START} s: {self.gateway.log}")
            time.sleep(0.2)

    def load(self, name, pace, *options, direct=False):
        """Puts a load on the gateway, or on the workers themselves, and returns the load generator's line."""
        self.workers.ask(f"pace {pace}", 10)
        url = self.direct if direct else f"http://127.0.0.1:{self.port}"
        name = f"{name}-{'direct' if direct else 'gateway'}"
        tell(f"  {name} …")
        printed = children.output_of(f"the load {name}", [
            places.java(), "-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders", "-Xmx1g", "-cp", places.JAR,
            "dev.andante.benchmarks.load.LoadBenchmark", url, *options, "--label", name, "--out", os.path.join(self.a.out, name),
            "--watch", f"gateway={self.gateway.pid}", "--watch", f"workers={self.workers.pid}"], LOAD, os.path.join(self.a.out, "load.log"))
        line = json.loads(printed.splitlines()[-1])
        if line["completed"] < line["requests"]:
            tell(f"  {name}: {line['requests'] - line['completed']} of {line['requests']} requests did not complete")
        return line

    def stop(self):
        self.gateway.stop()
        self.workers.stop()


def ttft(stage, streams, seconds):
    """The same load on both ways."""
    if streams == 1:
        pace, options = 50, ("--clients", 1, "--output-tokens", 5)
    else:
        pace, options = PACE, ("--rate", streams / LIFE, "--output-tokens", PACE * LIFE)
    warm = 2 if streams == 1 else LIFE
    options = (*options, "--prompt-tokens", PROMPT, "--duration", warm + seconds, "--warm-up", warm)
    direct, through = (stage.load(f"ttft-{streams}", pace, *options, direct=way) for way in (True, False))
    cost, tokens = through["costs"], max(1, through["tokens_with_warm_up"])
    return {
        "measure": "ttft", "streams": streams, "most_open": through["most_open"], "requests": through["requests"], "completed": through["completed"],
        "added_ms_p50": round(through["ttft_ms"]["p50"] - direct["ttft_ms"]["p50"], 3),
        "added_ms_p99": round(through["ttft_ms"]["p99"] - direct["ttft_ms"]["p99"], 3),
        "gateway_ms": through["ttft_ms"], "direct_ms": direct["ttft_ms"], "tbt_ms": through["tbt_ms"], "direct_tbt_ms": direct["tbt_ms"],
        "tokens_per_s": round(tokens * cost["gateway"]["cores"] / cost["gateway"]["cpu_s"], 1),
        "cores_per_1000_tokens_s": round(1000 * cost["gateway"]["cpu_s"] / tokens, 4),
        "client_cores_per_1000_tokens_s": round(1000 * cost["client"]["cpu_s"] / tokens, 4),
        "gateway_rss_mib": cost["gateway"]["rss_mib"]}


def opened(stage, streams):
    """All of them open within 15 s, each for 30."""
    line = stage.load("open", 1, "--arrivals", "even", "--rate", streams / 15, "--requests", streams, "--prompt-tokens", 50, "--output-tokens", 30,
                      "--max-open", 2 * streams, "--timeout", 200)
    return {"measure": "open", "streams": streams, "most_open": line["most_open"], "completed": line["completed"],
            "gateway_rss_mib": line["costs"]["gateway"]["rss_mib"], "heap": stage.a.heap, "ttft_ms": line["ttft_ms"],
            "gateway_cores": line["costs"]["gateway"]["cores"], "client_cores": line["costs"]["client"]["cores"]}


def prompt(stage, tokens):
    requests = 8
    options = ("--clients", 1, "--prompt-tokens", tokens, "--output-tokens", 1)
    stage.load("prompt-warm", 0, *options, "--requests", 3)
    line = stage.load("prompt", 0, *options, "--requests", requests, "--seed", 2)
    return {"measure": "prompt", "prompt_tokens": line["prompt_tokens_mean"], "completed": line["completed"],
            "core_s_per_request": round(line["costs"]["gateway"]["cpu_s"] / requests, 4), "ttft_ms": line["ttft_ms"],
            "gateway_rss_mib": line["costs"]["gateway"]["rss_mib"]}


def warm(stage, requests):
    """Until the gateway's code is compiled, for the most part."""
    stage.load("warm", 0, "--clients", 16, "--requests", requests, "--prompt-tokens", PROMPT, "--output-tokens", 20)


def measures(stage, a):
    warm(stage, 20 if a.quick else 2000)
    for streams in a.streams:
        yield ttft(stage, streams, a.seconds)
    if a.prompt:
        yield prompt(stage, a.prompt)
    if a.open:
        yield opened(stage, a.open)


def row(line):
    if line["measure"] == "ttft":
        return (f"{line['streams']:>6} streams  adds p50 {line['added_ms_p50']:.2f} ms, p99 {line['added_ms_p99']:.2f} ms; "
                f"{line['tokens_per_s']:.0f} tokens/s, {line['cores_per_1000_tokens_s']:.3f} cores per 1,000 tokens/s")
    if line["measure"] == "open":
        return f"{line['most_open']:>6} open     {line['gateway_rss_mib']:.0f} MiB, {line['completed']} of {line['streams']} completed"
    return f"{line['prompt_tokens']:>6.0f} tokens   {line['core_s_per_request']:.3f} core·s per request"


def main():
    a = arguments()
    children.guard()
    children.fresh_logs(a.out)
    about = {"benchmark": "gateway", "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
             "model": os.path.basename(a.model), "jdk": places.jdk(), "jvm_flags": [*places.JVM, f"-Xmx{a.heap}"], "quick": a.quick,
             "commit": machine.commit(places.ROOT), "machine": machine.describe()}
    rows = []
    try:
        stage = Stage(a)
        usage = machine.Usage(lambda: [child.pid for child in children.RUNNING])
        for line in measures(stage, a):
            print(json.dumps({**about, **line, "others": usage.others()}), flush=True)
            rows.append(row(line))
            usage = machine.Usage(lambda: [child.pid for child in children.RUNNING])
        stage.stop()
    except Failure as failure:
        tell(f"andante: bench gateway: {failure}")
        return 1
    finally:
        print("\n".join(["", *rows]), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
