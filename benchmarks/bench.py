#!/usr/bin/env python3
"""Side-by-side speed of Andante and llama.cpp on one GGUF, in one run, taking turns. Called by `./andante bench`.

  bench.py [--model M.gguf] [--rounds 3] [--threads 2] [--no-peer] [--no-mesh]

Prints one JSON line per measure (value = median of the rounds), then a table with the ratio of medians. What is measured:
  pp512        prompt of 512 tokens, tokens/s             tg128     128 tokens one by one, tokens/s
  tgN@128      N sequences at once from a depth of 128 tokens, total tokens/s
  up_ready_s   `./andante up` (model and build cached) until ready, one JVM          rss_mib   its resident memory after a chat
  http_tok_s   one streamed chat through the gateway
The peer is llama-cpp-python, natively built by the peers' set-up script; without it our side is measured alone.
"""
import argparse, json, os, re, statistics, subprocess, sys, time, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
JVM = ["--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-XX:+UseCompactObjectHeaders", "-Xmx1g"]


def java():
    home = os.environ.get("JAVA_HOME")
    return os.path.join(home, "bin", "java") if home else "java"


def ours(model, threads):
    jar = os.path.join(HERE, "target", "andante-benchmarks.jar")
    cmd = [java(), *JVM, "-jar", jar, model, str(threads), "1"]
    return run(cmd)


def peers_dir():
    return os.environ.get("PEERS_DIR") or os.path.join(os.environ.get("ANDANTE_CACHE", "/var/cache/andante"), "peers")


def peer_command(model, threads):
    python = os.path.join(peers_dir(), "venv", "bin", "python")
    script = os.path.join(ROOT, "..", "shared", "peers", "bench.py")
    if not (os.path.exists(python) and os.path.exists(script)):
        return None
    return [python, script, "--model", model, "--engines", "llama-cpp-python", "--threads", str(threads), "--repeat", "1"]


def run(cmd):
    done = subprocess.run(cmd, capture_output=True, text=True, timeout=900)
    if done.returncode:
        sys.exit(f"failed: {' '.join(cmd)}\n{done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def collect(into, lines):
    for line in lines:
        key = (line["engine"], line["test"])
        into.setdefault(key, {**line, "runs": []})["runs"].append(line["value"])


def mesh(model):
    """Starts the mesh in one JVM on a port of its own, asks once, stops it."""
    port = os.environ.get("ANDANTE_BENCH_PORT", "18080")
    cache = os.environ.get("ANDANTE_CACHE") or os.path.join(os.path.expanduser("~"), ".cache", "andante")
    env = {**os.environ, "ANDANTE_CACHE": os.path.join(cache, "bench")}  # a mesh of its own: the user's is left alone
    up = subprocess.run([os.path.join(ROOT, "andante"), "up", "--port", port, "--model", model], env=env, capture_output=True, text=True, timeout=300)
    if up.returncode:
        sys.exit("andante up failed:\n" + up.stdout[-2000:] + up.stderr[-2000:])
    try:
        elapsed = float(re.search(r"Ready after (\d+) s", up.stdout)[1])
        base = f"http://127.0.0.1:{port}"
        name = json.load(urllib.request.urlopen(base + "/v1/models", timeout=10))["data"][0]["id"]
        body = json.dumps({"model": name, "stream": True, "max_tokens": 128, "temperature": 0, "ignore_eos": True,
                           "messages": [{"role": "user", "content": "Tell me about the sea."}]}).encode()
        times = []
        for _ in range(3):
            request = urllib.request.Request(base + "/v1/chat/completions", body, {"content-type": "application/json"})
            stamps = []
            with urllib.request.urlopen(request, timeout=120) as reply:
                for line in reply:
                    if line.startswith(b"data: {") and b'"content"' in line:
                        stamps.append(time.monotonic())
            times.append((len(stamps) - 1) / (stamps[-1] - stamps[0]))
        status = subprocess.run([os.path.join(ROOT, "andante"), "status"], env=env, capture_output=True, text=True, timeout=60).stdout
        rss = sum(rss_mib(pid) for pid in re.findall(r"pid (\d+)", status))
        return [("up_ready_s", elapsed, "s"), ("rss_mib", rss, "MiB"), ("http_tok_s", statistics.median(times), "tok/s")]
    finally:
        subprocess.run([os.path.join(ROOT, "andante"), "down"], env=env, capture_output=True, timeout=60)


def rss_mib(pid):
    with open(f"/proc/{int(pid)}/status") as f:
        return next(int(line.split()[1]) / 1024 for line in f if line.startswith("VmRSS"))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--no-peer", action="store_true")
    p.add_argument("--no-mesh", action="store_true")
    a = p.parse_args()
    peer = None if a.no_peer else peer_command(a.model, a.threads)
    if peer is None and not a.no_peer:
        print("the peer is not set up; our side alone (see docs/performance.md)", file=sys.stderr)
    results = {}
    for r in range(a.rounds):
        for side in (["ours", "peer"] if r % 2 == 0 else ["peer", "ours"]):
            if side == "peer" and not peer:
                continue
            print(f"round {r + 1} of {a.rounds}: {side}", file=sys.stderr, flush=True)
            if side == "ours":
                collect(results, ours(a.model, a.threads))
            else:
                collect(results, run(peer))
    for line in results.values():
        line["value"], line["best"] = round(statistics.median(line["runs"]), 2), max(line["runs"])
        print(json.dumps(line))
    if not a.no_mesh:
        for test, value, unit in mesh(a.model):
            print(json.dumps({"engine": "andante", "test": test, "value": round(value, 2), "unit": unit}))
    table(results)


def table(results):
    tests = list(dict.fromkeys(test for _, test in results))
    print(f"\n{'test':<10}{'andante':>10}{'llama.cpp':>11}{'ratio':>8}")
    for test in tests:
        mine = results.get(("andante", test))
        theirs = next((v for (e, t), v in results.items() if t == test and e != "andante"), None)
        ratio = f"{mine['value'] / theirs['value']:.2f}" if mine and theirs else "–"
        print(f"{test:<10}{mine['value'] if mine else '–':>10}{theirs['value'] if theirs else '–':>11}{ratio:>8}")


if __name__ == "__main__":
    main()
