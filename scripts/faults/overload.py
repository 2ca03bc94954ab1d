#!/usr/bin/env python3
"""Ten times as many requests as a mesh can serve, for minutes: it serves as many as before, forgets nobody, and grows no fatter.

Called by `./andante test --overload`. Real processes: a gateway, a prefill, a decode and an expert worker, with a small model. The link to the experts is slow, as an accelerator is: a step takes
ten milliseconds in which the machine has time for clients, the gateway and refusals. First a few clients that always have a
request open show what can be served at most. Then requests come at random, ten times as many, whoever is refused does not ask again; a hundredth of them
are a second tenant's, who asks for a tenth of what can be served. Held are, beside what `--faults` holds:

- Goodput, tokens of whole answers a second: at least 90 % of the most that was served, in each tenth of the time, or each 20 s if that is more, once
  the first ten seconds are over.
- Nobody waits longer at the gateway than its queue allows, and whoever is refused is told when to ask again.
- The second tenant, who asks for less than its share, is served: 99 of 100 times, since after a stall of seconds more of it waits than its share.
- Memory: after the first 40 % of the time no process grows by more than a tenth and 24 MiB; live heaps are as before, but for a fifth and 16 MiB.

Ends with one JSON line.
"""

import json
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import schedule
from asking import Crowd, ask
from link import Links
from services import START, Mesh, narrow
from watching import HANG, SHAPES, Findings, arguments, end_when_left, prepare, say, settled, undisturbed

TIMES = 10  # what can be served
CONCURRENT, QUEUED, QUEUE_TIMEOUT = 8, 32, 5.0
ANSWER = 180  # tokens: long enough that refusing is little work beside serving
STEP = 0.002  # seconds each way to the experts, of which a step asks for two layers
PART, PARTS = 10.0, 12  # seconds, of which the best counts, and how many there are at most: until two bring less than a twentieth more
LONGEST = 5.0  # seconds after which who was served at a time has its answer, as far as goodput goes
MOMENT = 1e-3  # seconds that an answer takes at least
RAMP = 10.0  # seconds of the flood that do not count: the first answers take a while
POLITE = 0.1  # of what can be served, the second tenant's
SPARED = 0.01  # of its requests that may be refused: after a stall of seconds more of them wait than its share of the queue
GOOD = 0.9
SLACK = 5.0  # seconds that a wait may be longer than its bound, on a machine that is busy beyond measure
OPEN = 400  # requests at a time that can be under way


class Watch:
    """What became of requests, by when they ended. Any thread."""

    def __init__(self, findings, expected):
        self.findings, self.expected = findings, expected
        self.lock, self.answers, self.counts, self.longest = threading.Lock(), [], Counter(), 0.0

    def heard(self, number, tenant, outcome):
        self.findings.outcome(outcome)
        about = self.findings.compare(f"request {number} of {tenant}", outcome, self.expected[number])
        with self.lock:
            self.counts[tenant] += 1
            self.counts[f"{tenant} {outcome.ended}"] += 1
            if outcome.ended == "whole":
                at = time.monotonic()
                self.answers.append((at - max(MOMENT, outcome.seconds - outcome.waited), at, len(outcome.tokens)))
            self.longest = max(self.longest, outcome.waited)
        if outcome.ended in ("hang", "untyped", "lost"):
            self.findings.add("hangs", f"{about}: {outcome.ended} {outcome.detail}")
        elif outcome.ended == "error":
            self.refused(tenant, outcome, about)
        elif outcome.waited > QUEUE_TIMEOUT + SLACK:
            self.findings.add("starved", f"{about}: waited {outcome.waited:.1f} s")

    def refused(self, tenant, outcome, about):
        if not outcome.detail.startswith("429 ") or not outcome.retry_after.isdigit() or int(outcome.retry_after) < 1:
            self.findings.add("failed", f"{about} in {outcome.seconds:.1f} s: '{outcome.detail}', Retry-After '{outcome.retry_after}'")
        elif outcome.seconds > QUEUE_TIMEOUT + SLACK:
            self.findings.add("starved", f"{about}: refused after {outcome.seconds:.1f} s: {outcome.detail}")

    def shared(self):
        """Whether who asked for less than its share got it."""
        asked, served = self.counts["polite"], self.counts["polite whole"]
        if asked - served > SPARED * asked:
            self.findings.add("starved", f"{asked - served} of {asked} requests of a tenant who asks for less than its share were refused")

    def served(self, begin, end):
        """(tokens, answers) a second of whole answers that have ended by now, each spread over the time in which it was generated.

        Clients that began together end together: by their ends alone, a part of ten seconds would have five rounds of answers or six.
        """
        tokens = answers = 0.0
        with self.lock:
            for since, until, count in self.answers:
                part = max(0.0, min(until, end) - max(since, begin)) / (until - since)
                tokens, answers = tokens + part * count, answers + part
        return tokens / (end - begin), answers / (end - begin)


class Closed(Crowd):
    """Clients that always have a request open."""

    def __init__(self, seed, port, shapes, heard, count):
        super().__init__([random.Random(f"{seed}:closed:{i}") for i in range(count)], HANG)
        self.port, self.shapes, self.heard = port, shapes, heard

    def run(self, rng):
        while not self.ended.is_set():
            number = rng.randrange(len(self.shapes))
            self.heard(number, "closed", ask(self.port, self.shapes[number], HANG))


class Memory:
    """The memory of processes over time, looked at while others work."""

    def __init__(self, services):
        self.services, self.seen = services, {service.name: [] for service in services}

    def look(self, at):
        for service in self.services:
            self.seen[service.name].append((at, service.resident_mib()))

    def grown(self, seconds, findings):
        """{name: MiB that came after the first 40 %}; a finding for whom it is too much."""
        growth = {}
        for name, seen in self.seen.items():
            before = max(mib for at, mib in seen if at <= 0.4 * seconds)
            growth[name] = max(mib for at, mib in seen if at >= 0.9 * seconds) - before
            if growth[name] > 0.1 * before + 24:
                findings.add("grown", f"{name} has {growth[name]:.0f} MiB more than the {before:.0f} of the first 40 % of the time")
        return growth


def flood(port, rate, polite, seconds, shapes, rng, heard, look):
    """Poisson arrivals of two tenants, each with so many a second; returns when all have ended."""
    def one(tenant, number):
        heard(number, tenant, ask(port, shapes[number], HANG, headers={"x-llm-d-inference-fairness-id": tenant}))

    begin, at, looked = time.monotonic(), 0.0, -1.0
    with ThreadPoolExecutor(OPEN) as pool:
        while True:
            at += rng.expovariate(rate + polite)
            if at >= seconds:
                break
            time.sleep(max(0, begin + at - time.monotonic()))
            tenant = "polite" if rng.random() < polite / (rate + polite) else "flood"
            pool.submit(one, tenant, rng.randrange(len(shapes)))
            if at - looked >= 1:
                look(at)
                looked = at
        time.sleep(max(0, begin + seconds - time.monotonic()))
        look(seconds)
    return begin


def live(services):
    return {service.name: service.live_mib() for service in services}


def live_growth(before, after, findings):
    for name, mib in before.items():
        if after[name] > 1.2 * mib + 16:
            findings.add("grown", f"{name} has {after[name]:.0f} MiB of live objects, {mib:.0f} before")
    return {name: round(after[name] - mib, 1) for name, mib in before.items()}


def windows(seconds):
    """Tenths of the time, of 20 s at least; what is left over belongs to the last one."""
    count = max(1, min(10, int(seconds / 20)))
    return [(seconds * i / count, seconds * (i + 1) / count) for i in range(count)]


def most(watch):
    """Goodput and requests a second of the best of several parts: the JVMs are still compiling in the first ones."""
    best, since = (0.0, 0.0), 0
    time.sleep(LONGEST)
    for _ in range(PARTS):
        begin = time.monotonic() - LONGEST
        time.sleep(PART)
        served, since = watch.served(begin, begin + PART), since + 1
        if served[0] > 1.05 * best[0]:
            since = 0
        best = max(best, served)
        if since >= 2:
            break
    if not best[0]:
        raise RuntimeError(f"nothing was served in {PARTS * PART:.0f} s")
    return best


def overloaded(mesh, shapes, watch, seconds, seed, findings):
    """Both parts; the figures."""
    port, services = mesh.services["gateway"].http, list(mesh.services.values())
    with Closed(seed, port, shapes, watch.heard, 2 * CONCURRENT) as clients:
        peak, rate = most(watch)
    if clients.unfinished():
        findings.add("hangs", f"{clients.unfinished()} clients did not end")
    settled(mesh, findings)
    before, memory = live(services), Memory(services)
    say(f"at most {peak:.0f} tokens/s in {rate:.1f} requests/s; now {TIMES * rate:.0f} requests/s for {seconds / 60:g} minutes …")
    begin = RAMP + flood(port, (TIMES - POLITE) * rate, POLITE * rate, RAMP + seconds, shapes, random.Random(f"{seed}:flood"), watch.heard, memory.look)
    parts = [watch.served(begin + since, begin + until)[0] / peak for since, until in windows(seconds)]
    for part, (since, until) in zip(parts, windows(seconds)):
        if part < GOOD:
            findings.add("failed", f"from {since:.0f} to {until:.0f} s goodput was {part:.2f} of {peak:.0f} tokens/s")
    watch.shared()
    settled(mesh, findings)
    growth = memory.grown(RAMP + seconds, findings)
    return {"peak_tokens_per_s": round(peak, 1), "offered_requests_per_s": round(TIMES * rate, 1),
            "goodput_of_peak": round(sum(parts) / len(parts), 3), "worst_of_peak": round(min(parts), 3),
            "longest_wait_s": round(watch.longest, 2), "rss_growth_mib": {name: round(mib, 1) for name, mib in growth.items()},
            "live_growth_mib": live_growth(before, live(services), findings)}


def main():
    given = prepare(arguments(__doc__, "minutes", 10))
    end_when_left()
    seconds = 60.0 * given.minutes
    shapes = [{**shape, "max_tokens": ANSWER, "stream": number % 4 == 0}
              for number, shape in enumerate(schedule.requests(random.Random(given.seed), SHAPES))]
    findings, started = Findings(), time.monotonic()
    say(f"starting a gateway, a prefill, a decode and an expert worker (logs: {given.logs}) …")
    with Links() as links, Mesh(given.logs, narrow(given.factory, links, STEP, CONCURRENT, QUEUED, QUEUE_TIMEOUT)) as mesh:
        mesh.await_ready(START)
        say(f"ready after {time.monotonic() - started:.0f} s")
        watch = Watch(findings, undisturbed(mesh, "gateway", shapes))
        figures = overloaded(mesh, shapes, watch, seconds, given.seed, findings)
    say(f"{time.monotonic() - started:.0f} s in all; once more: ./andante test --overload --seed {given.seed} --minutes {given.minutes}")
    counts = {key: watch.counts[key] for key in ("flood", "flood whole", "flood error", "polite", "polite whole")}
    found = findings.summary("starved", "grown", "failed", "hangs", "leaks", "wrong_tokens")
    say(json.dumps({"minutes": given.minutes, **figures, **{key.replace(" ", "_"): count for key, count in counts.items()}, **found}))
    sys.exit(1 if findings.failed() else 0)


if __name__ == "__main__":
    main()
