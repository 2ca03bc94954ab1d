#!/usr/bin/env python3
"""Runs random fault schedules against the real processes of a mesh while requests run, and compares every answer with the undisturbed one.

Called by `./andante test --faults`. Says what it does and what it finds, then one JSON line; fails when there was a hang, a leak or a wrong token.
"""

import json
import random
import signal
import sys
import threading
import time

import schedule
from asking import Clients, ask
from link import Links
from services import START, Mesh, faulty
from watching import HANG, SHAPES, Findings, arguments, end_when_left, prepare, say, settled, undisturbed

RECOVERY = 180.0  # seconds from the last fault's end to right answers through prefill and decode


class Judge:
    """Says of each outcome whether it may be, given the undisturbed answers and what was done to the gateways."""

    def __init__(self, findings, expected):
        self.findings, self.expected = findings, expected
        self.down = {"gateway": [], "hasty": []}  # from when until when, of the present schedule; None: not seen back yet

    def killed(self, gateway):
        self.down[gateway].append([time.monotonic(), None])

    def excused(self, gateway, begin):
        """Whether a connection that was begun then may have been lost."""
        return any(until is None or begin - 1 <= until for _, until in self.down[gateway])

    def heard(self, number, gateway, outcome):
        begin = time.monotonic() - outcome.seconds
        self.findings.outcome(outcome)
        excused = self.excused(gateway, begin)
        if outcome.ended in ("whole", "error"):
            for period in self.down[gateway]:
                period[1] = period[1] or (time.monotonic() if begin > period[0] else None)
        about = self.findings.compare(f"request {number} through {gateway}", outcome, self.expected[number])
        if outcome.ended == "hang":
            self.findings.add("hangs", f"{about}: hang after {outcome.detail}")
        elif outcome.ended == "untyped" or (outcome.ended == "lost" and not excused):
            self.findings.add("hangs", f"{about}: {outcome.ended} {outcome.detail}")
        elif outcome.ended == "error" and not typed_well(outcome.detail):
            self.findings.add("hangs", f"{about}: an error of no known kind: {outcome.detail}")


class Heaps:
    """Writes the heap of a gateway down at the first request that hangs, since they are large, and what its connections hold at each."""

    def __init__(self, mesh):
        self.mesh, self.lock, self.first = mesh, threading.Lock(), None

    def of(self, gateway):
        """The files; while they are written, others that hang wait for them."""
        with self.lock:
            connections = self.mesh.services[gateway].connections()
            self.first = self.first or self.mesh.services[gateway].heap()
            return f"{connections}, {self.first}"


def typed_well(detail):
    return any(kind in detail for kind in ("server_error", "rate_limit", "timeout", "unavailable", "overloaded"))


class Schedule:
    def __init__(self, mesh, faults, judge):
        self.mesh, self.faults, self.judge = mesh, faults, judge

    def play(self):
        """Does everything at its time; returns when the last fault is over."""
        begin = time.monotonic()
        steps = [(fault.at, self.begin, fault) for fault in self.faults] + [(fault.at + fault.lasts, self.end, fault) for fault in self.faults]
        for at, act, fault in sorted(steps, key=lambda step: step[0]):
            time.sleep(max(0, begin + at - time.monotonic()))
            act(fault)

    def begin(self, fault):
        service = self.mesh.services[fault.target]
        if fault.kind == "kill":
            if fault.target in self.judge.down:
                self.judge.killed(fault.target)
            service.kill()
        elif fault.kind == "stop":
            service.signal(signal.SIGSTOP)
        elif fault.kind == "slow":
            self.mesh.links[fault.target].slow(**fault.detail)
        elif fault.kind == "cut":
            self.mesh.links[fault.target].cut()
        else:
            self.mesh.links[fault.target].corrupt(**fault.detail)

    def end(self, fault):
        if fault.kind == "kill":
            self.mesh.services[fault.target].start()
        elif fault.kind == "stop":
            self.mesh.services[fault.target].signal(signal.SIGCONT)
        else:
            self.mesh.links[fault.target].heal()


def recovered(mesh, shapes, expected, since, findings, within=RECOVERY):
    """Waits for right answers through prefill and decode; how long that took."""
    number = max((i for i, shape in enumerate(shapes) if shape["temperature"] == 0), key=lambda i: len(shapes[i]["prompt"]))
    shape = {**shapes[number], "stream": False}
    while True:
        try:
            mesh.await_ready(max(1, since + within - time.monotonic()))
            outcome = ask(mesh.services["gateway"].http, shape, HANG)
            if outcome.ended == "whole" and outcome.tokens != expected[number]:
                findings.add("wrong_tokens", f"request {number} after all faults were over")
                return time.monotonic() - since
            if outcome.ended == "whole":
                return time.monotonic() - since
            why = f"{outcome.ended} {outcome.detail}"
        except RuntimeError as error:
            why = str(error)
        if time.monotonic() - since > within or any(service.ended() is not None for service in mesh.services.values()):
            findings.add("hangs", f"not recovered {time.monotonic() - since:.0f} s after the last fault: {why}")
            revive(mesh)
            return time.monotonic() - since
        time.sleep(0.2)


def revive(mesh):
    """So that the next schedule has a chance."""
    for service in mesh.services.values():
        if service.ended() is not None:
            service.start()
    mesh.await_ready(START)


def one_schedule(number, seed, mesh, shapes, expected, findings, heaps):
    rng = random.Random(f"{seed}:{number}")
    faults = schedule.draw(rng)
    say(f"schedule {number} (seed {seed}): {'; '.join(map(str, faults))}")
    judge = Judge(findings, expected)
    ports = {name: mesh.services[name].http for name in schedule.GATEWAYS}
    with Clients(rng, ports, shapes, HANG, judge.heard, heaps.of) as clients:
        Schedule(mesh, faults, judge).play()
        lifted = time.monotonic()
        took = recovered(mesh, shapes, expected, lifted, findings)
    findings.worst = max(findings.worst, took)
    if clients.unfinished():
        findings.add("hangs", f"{clients.unfinished()} clients did not end")
    settled(mesh, findings)
    say(f"  recovered in {took:.1f} s; so far {dict(findings.ends)}, resumed {findings.counts['resumed']}, errors {dict(findings.errors)}")


def main():
    parser = arguments(__doc__, "schedules", 20)
    parser.add_argument("--first", type=int, default=0, help="number of the first schedule, to play one again")
    given = prepare(parser)
    seed = given.seed
    end_when_left()
    shapes = schedule.requests(random.Random(seed), SHAPES)
    findings = Findings()
    say(f"starting seven services (logs: {given.logs}) …")
    started, played = time.monotonic(), 0
    with Links() as links, Mesh(given.logs, *faulty(given.factory, links)) as mesh:
        say(f"ready after {time.monotonic() - started:.0f} s")
        expected, heaps = undisturbed(mesh, "gateway", shapes), Heaps(mesh)
        for number in range(given.first, given.first + given.schedules):
            one_schedule(number, seed, mesh, shapes, expected, findings, heaps)
            played += 1
    for name, link in mesh.links.items():
        if link.unused():
            findings.add("failed", f"a link to {name} had nothing to carry, so that its faults show nothing")
    say(f"{time.monotonic() - started:.0f} s in all; if something was found, play it again: ./andante test --faults --seed {seed} --schedules {given.schedules}")
    say(json.dumps({"schedules": played, **findings.summary("hangs", "leaks", "wrong_tokens", "requests", "resumed"), "worst_recovery_s": round(findings.worst, 2)}))
    sys.exit(1 if findings.failed() else 0)


if __name__ == "__main__":
    main()
