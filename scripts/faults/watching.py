"""What all runs with real processes have in common: what they say and count, the undisturbed answers, and whether everything is given back."""

import argparse
import os
import random
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from asking import ask
from services import LEASE, REQUEST_TIMEOUT, Factory

HANG = REQUEST_TIMEOUT + 20  # seconds: a gateway may be stopped for ten of them
SETTLE = LEASE + 12  # seconds after the last request in which everything must be free again
SHAPES = 24


class Findings:
    """Counts, and says at once what is wrong. Any thread."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts = Counter()
        self.ends = Counter()
        self.errors = Counter()
        self.worst = 0.0

    def add(self, what, words):
        with self.lock:
            self.counts[what] += 1
            say(f"  {what.upper()}: {words}")

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def outcome(self, outcome):
        with self.lock:
            self.counts["requests"] += 1
            self.counts["resumed"] += outcome.resumed
            self.ends[outcome.ended] += 1
            if outcome.ended == "error":
                self.errors[" ".join(outcome.detail.split()[: 6 if outcome.detail.startswith("in ") else 3])] += 1

    def compare(self, request, outcome, wanted):
        """Counts it if a token is wrong, or one of a whole answer missing; answers the request and its outcome in words."""
        got = outcome.tokens
        about = f"{request}, {len(got)} of {len(wanted)} tokens in {outcome.seconds:.1f} s, resumed {outcome.resumed}"
        if got != (wanted if outcome.ended == "whole" else wanted[: len(got)]):
            at = next((i for i, (mine, other) in enumerate(zip(got, wanted)) if mine != other), min(len(got), len(wanted)))
            self.add("wrong_tokens", f"{about}: differs at {at}: {got[at : at + 5]}, not {wanted[at : at + 5]}")
        return about

    def summary(self, *whats):
        return {what: self.counts[what] for what in whats}

    def failed(self):
        return any(self.counts[what] for what in ("hangs", "leaks", "wrong_tokens", "failed", "starved", "grown"))


def say(words):
    print(words, flush=True)


def undisturbed(mesh, gateway, shapes):
    """The tokens of each request, alone."""
    port, tokens = mesh.services[gateway].http, []
    for number, shape in enumerate(shapes):
        for _ in range(5):  # a deadline may pass where others use the machine
            outcome = ask(port, shape, HANG)
            if outcome.ended == "whole":
                break
        if outcome.ended != "whole" or len(outcome.tokens) != shape["max_tokens"]:
            raise RuntimeError(f"request {number} failed with nothing wrong: {outcome}")
        tokens.append(outcome.tokens)
    return tokens


def settled(mesh, findings):
    """Waits until nothing is held any more; what is held too long is a leak."""
    end = time.monotonic() + SETTLE
    while held := mesh.held():
        if time.monotonic() > end:
            evidence = [mesh.services[name].evidence() for name in sorted({words.split()[0] for words in held})]
            findings.add("leaks", f"{SETTLE:.0f} s after the last request: {', '.join(held)}; see {', '.join(map(str, evidence))}")
            return
        time.sleep(0.1)


def end_with(parent):
    """Ends this process, and so its services, when whoever started it is gone."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def arguments(description, counted, default):
    """What the command line of any run may say; `counted`: the option that says how much of it."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--home", required=True, type=Path)
    parser.add_argument("--logs", required=True, type=Path)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument(f"--{counted}", type=int, default=default)
    parser.add_argument("--aot", action="append", default=[], metavar="ROLE=FILE", help="a start-up cache of the JVM")
    parser.add_argument("java", nargs="+", help="the JVM and its options")
    return parser


def prepare(parser):
    """What was said, with a seed and a factory of services in any case, and the folder for logs emptied."""
    given = parser.parse_args()
    if given.seed is None:
        given.seed = random.SystemRandom().randrange(10**9)  # as many digits as the launcher takes
    shutil.rmtree(given.logs, ignore_errors=True)
    given.logs.mkdir(parents=True)
    given.factory = Factory(given.home, given.java, given.logs, dict(pair.split("=", 1) for pair in given.aot))
    return given


def end_when_left():
    """Ends this process, and so its services, when it is asked to or whoever started it is gone."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
