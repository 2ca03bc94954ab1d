#!/usr/bin/env python3
"""Restarts every service of a mesh, one after the other, while requests run: none may fail, none may be answered otherwise than undisturbed.

Called by `./andante test --rolling`. There are two of each role. A service is asked to end, as a rollout asks it, and started again when it has; the next one
follows when all are ready. A gateway that starts is not asked before it is ready, as a Service of Kubernetes has it. One that stops still is: when it takes no
connection or refuses because it is stopping, clients go to the other one, as those of OpenAI do; nothing else is asked again. Ends with one JSON line.
"""

import json
import random
import sys
import time

import schedule
from asking import Crowd, ask
from services import START, Mesh, doubled
from watching import HANG, SHAPES, Findings, arguments, end_when_left, prepare, say, settled, undisturbed

CLIENTS = 4
PAUSE = 0.25  # seconds between a client's requests: a steady load that leaves restarting processes some of the machine
DRAIN = 20.0  # seconds that a service may take to end: its drain timeout, and what the JVM needs to stop
BETWEEN = 5.0  # seconds of rest between restarts, so that the others know the restarted one: the chart's minReadySeconds


class Steady(Crowd):
    """Clients that ask one request after the other through either gateway."""

    def __init__(self, seed, gateways, shapes, expected, findings):
        super().__init__([random.Random(f"{seed}:client:{i}") for i in range(CLIENTS)], HANG)
        self.gateways, self.shapes, self.expected, self.findings = gateways, shapes, expected, findings

    def run(self, random):
        while not self.ended.is_set():
            number = random.randrange(len(self.shapes))
            endpoints = [gateway.http for gateway in self.gateways if gateway.serves]
            first, *others = random.sample(endpoints, len(endpoints))
            outcome = ask(first, self.shapes[number], HANG)
            if others and turned_away(outcome):
                self.findings.count("asked_again")
                outcome = ask(others[0], self.shapes[number], HANG)
            self.heard(number, outcome)
            self.ended.wait(PAUSE)

    def heard(self, number, outcome):
        self.findings.outcome(outcome)
        about = self.findings.compare(f"request {number}", outcome, self.expected[number])
        if outcome.ended == "hang":
            self.findings.add("hangs", f"{about}: {outcome.detail}")
        elif outcome.ended != "whole":
            self.findings.add("failed", f"{about}: {outcome.ended} {outcome.detail}")


def turned_away(outcome):
    return (outcome.ended == "lost" and not outcome.begun) or (outcome.ended == "error" and outcome.detail.startswith("503 ") and "stopping" in outcome.detail)


def restart(mesh, service, findings):
    """Ends a service as a rollout does and starts it again; returns when all are ready."""
    begin = time.monotonic()
    if not service.drain(DRAIN):
        findings.add("hangs", f"{service.name} did not end within {DRAIN:.0f} s; its log: {service.log}")
    down = time.monotonic() - begin
    service.serves = False
    service.start()
    mesh.await_ready(START)
    service.serves = True
    findings.count("restarts")
    took = time.monotonic() - begin
    findings.worst = max(findings.worst, down)
    say(f"{service.name}: ended in {down:.1f} s, back after {took:.1f} s; so far {dict(findings.ends)}, resumed {findings.counts['resumed']}")


def main():
    given = prepare(arguments(__doc__, "rounds", 1))
    end_when_left()
    shapes = [{**shape, "stream": number % 3 != 2} for number, shape in enumerate(schedule.requests(random.Random(given.seed), SHAPES))]
    findings = Findings()
    started = time.monotonic()
    services = doubled(given.factory)
    say(f"starting {len(services)} services (logs: {given.logs}) …")
    with Mesh(given.logs, services) as mesh:
        say(f"ready after {time.monotonic() - started:.0f} s")
        expected = undisturbed(mesh, "gateway-1", shapes)
        gateways = [service for name, service in mesh.services.items() if name.startswith("gateway")]
        with Steady(given.seed, gateways, shapes, expected, findings) as clients:
            for _ in range(given.rounds):
                for service in services:
                    time.sleep(BETWEEN)
                    restart(mesh, service, findings)
            time.sleep(BETWEEN)
        if clients.unfinished():
            findings.add("hangs", f"{clients.unfinished()} clients did not end")
        settled(mesh, findings)
    say(f"{time.monotonic() - started:.0f} s in all; once more: ./andante test --rolling --seed {given.seed} --rounds {given.rounds}")
    figures = findings.summary("restarts", "requests", "failed", "asked_again", "resumed", "wrong_tokens", "hangs", "leaks")
    say(json.dumps({**figures, "slowest_end_s": round(findings.worst, 2)}))
    sys.exit(1 if findings.failed() else 0)


if __name__ == "__main__":
    main()
