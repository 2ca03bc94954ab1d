#!/usr/bin/env python3
"""Andante and llama.cpp on one GGUF, taking turns, in a few minutes; then the mesh beside llama-server. Called by `./andante bench`.

Prints one JSON line per measure (value = median of the rounds), then a table with the ratio of medians. What is measured:
  pp512        prompt of 512 tokens, tokens/s             tg128     128 tokens one by one, tokens/s
  tg8@128      8 sequences at once from a depth of 128 tokens, total tokens/s
  ready_s      `./andante up` (model and build cached) until ready, one JVM; llama-server until it answers
  rss_mib      resident memory after some chats           chat      one streamed chat over HTTP, tokens/s after the first
The peer is llama-cpp-python, natively built by the peers' set-up script, and llama-server; without them our side is measured alone.
`./andante bench compute` measures more, against every build and format of the peers, and the machine's ceilings.
"""

import argparse
import datetime
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import time

from harness import children, lines, machine, places, servers, sides
from harness.children import Failure, tell
from harness.report import Report, dump
from harness.rounds import Ceilings, Rounds

LINES = ("pp512", "tg128", "tg8@128")
CHATS, TOKENS = 3, 128
MINUTES = 5.5  # after which no further round begins: with the rest, all ends within ten


def arguments(argv=None):
    p = argparse.ArgumentParser(prog="andante bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--backend", default="auto", help="as andante.compute.backend")
    p.add_argument("--precision", choices=("exact", "fast"), help="of products; default: fast for the engine, what the probe chooses for the mesh")
    p.add_argument("--no-peer", action="store_true", help="our side alone")
    p.add_argument("--no-mesh", action="store_true", help="the engines alone")
    p.add_argument("--out", default=os.path.join(places.BENCHMARKS, "target", "bench"), help="folder for logs")
    a = p.parse_args(argv)
    if a.rounds < 1 or a.threads < 1:
        p.error("at least one round and one thread")
    if not os.path.isfile(a.model):
        p.error(f"there is no file {a.model}")
    return a


def engines(a, about):
    """The lines of both engines, in turns."""
    parts = os.path.basename(a.model).split(".")
    fmt = parts[-2] if len(parts) > 2 else "?"
    models = lambda line, wanted: os.path.abspath(a.model)
    wanted = [lines.parse(name) for name in LINES]
    ours = sides.Andante(fmt, a.threads, a.out, models, a.backend, a.precision, 1024)
    peers = [sides.Binding(fmt, a.threads, a.out, models)] if not a.no_peer and sides.binding_python() else []
    begin = time.monotonic()
    ceilings = Ceilings(ours, a.threads)
    rounds = Rounds(a.rounds, a.out, ceilings, lambda: time.monotonic() - begin > 60 * MINUTES)
    try:
        ours.worker(wanted[0])
        about[""] = {**ours.about, "file_bytes": ours.file_bytes()}
        for line in wanted:
            rounds.run(line, ours, peers)
    finally:
        for side in (ours, *peers):
            side.stop()
    return rounds, ceilings


def chat(port, name):
    """Tokens per second of one streamed chat, from its first token to its last."""
    body = json.dumps({"model": name, "stream": True, "max_tokens": TOKENS, "temperature": 0, "ignore_eos": True,
                       "messages": [{"role": "user", "content": "Tell me about the sea."}]})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
        stamps = [time.monotonic() for event in connection.getresponse() if event.startswith(b"data: {") and b'"content"' in event]
    finally:
        connection.close()
    if len(stamps) < 2:
        raise Failure("a chat brought no text")
    return (len(stamps) - 1) / (stamps[-1] - stamps[0])


def mesh(a):
    """(ready_s, rss_mib, chats) of the mesh in one JVM, started and stopped by the launcher apart from any that runs."""
    port = int(os.environ.get("ANDANTE_BENCH_PORT") or servers.free_port())
    env = {**os.environ, "ANDANTE_CACHE": os.path.join(places.cache(), "bench"), "ANDANTE_BUILD": "off"}
    launcher = os.path.join(places.ROOT, "andante")
    arguments = ["--", f"--andante.compute.backend={a.backend}", f"--andante.compute.threads={a.threads}",
                 *([f"--andante.compute.precision={a.precision}"] if a.precision else [])]
    try:
        up = subprocess.run([launcher, "up", "--port", str(port), "--model", a.model, *arguments], env=env, capture_output=True, text=True, timeout=200,
                            check=False)
        if up.returncode:
            raise Failure("andante up failed:\n" + up.stdout[-1000:] + up.stderr[-1000:])
        _, body = servers.get(port, "/v1/models", 10) or (0, b"{}")
        name = json.loads(body)["data"][0]["id"]
        chats = [chat(port, name) for _ in range(CHATS)]
        status = subprocess.run([launcher, "status"], env=env, capture_output=True, text=True, timeout=60, check=False).stdout
        return float(re.search(r"Ready after (\d+) s", up.stdout)[1]), sum(map(rss_mib, re.findall(r"pid (\d+)", status))), chats
    except (subprocess.TimeoutExpired, OSError, http.client.HTTPException, KeyError, IndexError) as problem:
        raise Failure(f"the mesh: {problem}") from None
    finally:
        subprocess.run([launcher, "down"], env=env, capture_output=True, timeout=150, check=False)


def llama_server(a):
    """The same of llama-server."""
    line = lines.parse("http-1")
    server = servers.LlamaServer("", a.threads, a.out, lambda *_: os.path.abspath(a.model))
    try:
        server.start(line)
        name = server.model_name()
        chats = [chat(server.port, name) for _ in range(CHATS)]
        return server.ready_s, server.rss_mib(), chats
    except (OSError, http.client.HTTPException) as problem:
        raise Failure(f"llama-server: {problem}") from None
    finally:
        server.stop()


def rss_mib(pid):
    with open(f"/proc/{int(pid)}/status", encoding="utf-8") as status:
        return next(int(row.split()[1]) / 1024 for row in status if row.startswith("VmRSS"))


def whole(a, header):
    """Rows of the table for start, memory and chat of both servers; a JSON line each."""
    found = {}
    for engine, measure in (("andante", mesh), ("llama-server", llama_server)):
        if engine == "llama-server" and (a.no_peer or not sides.tool("llama-server")):
            continue
        tell(f"{engine}: start, {CHATS} chats, memory")
        try:
            ready, rss, chats = measure(a)
        except Failure as failure:
            tell(str(failure))
            if engine == "andante":
                raise
            continue
        for test, runs, unit in (("ready_s", [ready], "s"), ("rss_mib", [rss], "MiB"), ("chat", chats, "tok/s")):
            found[engine, test] = statistics.median(runs)
            print(dump({"engine": engine, "test": test, "value": round(found[engine, test], 2), "unit": unit, "runs": [round(run, 2) for run in runs],
                        "output_tokens": TOKENS if test == "chat" else None, **header}))
    for test in ("ready_s", "rss_mib", "chat"):
        mine, peer = found.get(("andante", test)), found.get(("llama-server", test))
        yield f"{test:<9}{mine:>9.4g}" + (f"{peer:>9.4g}{mine / peer:>7.2f}  {'lower is better, ' if test != 'chat' else ''}llama-server" if peer else "")


def main():
    a = arguments()
    children.guard()
    children.fresh_logs(a.out)
    if not a.no_peer and not places.peers():
        tell("the peers are not set up; our side alone (see docs/performance.md)")
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    header = {"model": os.path.basename(a.model), "date": now, "commit": machine.commit(places.ROOT), "machine": machine.describe()}
    about, rows = {}, []
    try:
        rounds, ceilings = engines(a, about)
        report = Report(rounds, ceilings, about, header)
        for line in report.lines():
            print(dump(line))
        if not a.no_mesh:
            rows = list(whole(a, header))
    except Failure as failure:
        sys.exit(f"andante bench: {failure}\n  → the logs are in {a.out}")
    print("\n" + report.table())
    print("\n".join(rows))
    if any(result.failure for result in rounds.results if result.side.engine == "andante"):
        sys.exit(1)


if __name__ == "__main__":
    main()
