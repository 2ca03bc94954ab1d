#!/usr/bin/env python3
"""Loses one packet in twenty between prefill and everybody else while requests run, on a link of 50 ms each way and 1 MB/s, and compares every answer with the undisturbed one.

Called by `./andante test --loss`. Prefill is in a network namespace of its own; the packets between it and the others are carried by `shuttle.py`. Every request must
end within its deadline, with the right tokens or a typed error, and nothing may be held afterwards. Ends with one JSON line. Exit code 3, with the reason, where the
machine does not let it make such a link.
"""

import json
import random
import sys
import time

import schedule
from asking import Crowd, ask
from faults import typed_well
from services import ENGINE, REQUEST_TIMEOUT, START, Mesh, free_ports, gateway_words, instances
from shuttle import FAR, NEAR, Shuttle, missing
from watching import SHAPES, Findings, arguments, end_when_left, prepare, say, settled, undisturbed

DELAY, RATE, LOSS = 0.05, 1 << 20, 0.05  # seconds each way, bytes a second, share of packets
LIMIT = REQUEST_TIMEOUT + 5  # seconds in which a request must have ended: its deadline, and what it takes to say so
CLIENTS = 4
NOT_HERE = 3


def meshed(factory, shuttle):
    """Prefill beyond the link, decode and gateway on this side."""
    names = ("prefill", "decode", "gateway")
    ports = dict(zip(names, zip(*[iter(free_ports(2 * len(names)))] * 2)))
    everywhere = ("--server.address=0.0.0.0", "--andante.grpc.address=0.0.0.0")
    prefill = factory.make("prefill", "prefill", *ports["prefill"], *everywhere, *ENGINE, "--andante.prefill.transfer-timeout=20s")
    prefill.host, prefill.entering = FAR, shuttle.far
    decode = factory.make("decode", "decode", *ports["decode"], *everywhere, *ENGINE, f"--andante.decode.kv-address={NEAR}:{ports['decode'][1]}")
    workers = [*instances("prefill", [ports["prefill"][1]], FAR), *instances("decode", [ports["decode"][1]])]
    return [prefill, decode, factory.make("gateway", "gateway", *ports["gateway"], *gateway_words(REQUEST_TIMEOUT), *workers)]


class Askers(Crowd):
    """Clients that ask one request after the other."""

    def __init__(self, random, port, shapes, expected, findings):
        super().__init__([type(random)(random.getrandbits(64)) for _ in range(CLIENTS)], LIMIT)
        self.port, self.shapes, self.expected, self.findings = port, shapes, expected, findings

    def run(self, random):
        while not self.ended.is_set():
            number = random.randrange(len(self.shapes))
            self.heard(number, ask(self.port, self.shapes[number], LIMIT))

    def heard(self, number, outcome):
        self.findings.outcome(outcome)
        self.findings.worst = max(self.findings.worst, outcome.seconds)
        about = self.findings.compare(f"request {number}", outcome, self.expected[number])
        if outcome.ended == "error":
            self.findings.count("errors")
            if not typed_well(outcome.detail):
                self.findings.add("hangs", f"{about}: an error of no known kind: {outcome.detail}")
        elif outcome.ended != "whole":
            self.findings.add("hangs", f"{about}: {outcome.ended} {outcome.detail}")


def handed_on(mesh):
    """Bytes of KV that decode has got from prefill."""
    return sum(float(line.rsplit(" ", 1)[1]) for line in mesh.services["decode"].get("/metrics")[1].splitlines() if line.startswith("andante_kv_transfer_bytes_total"))


def main():
    given = prepare(arguments(__doc__, "seconds", 30))
    if lacks := missing():
        say(f"SKIPPED: packets cannot be lost here: this needs {lacks}")
        sys.exit(NOT_HERE)
    rng = random.Random(given.seed)
    shapes = schedule.requests(rng, SHAPES)
    findings, started = Findings(), time.monotonic()
    with Shuttle(rng) as shuttle:
        end_when_left()
        say(f"starting three services, prefill beyond the link (logs: {given.logs}) …")
        with Mesh(given.logs, meshed(given.factory, shuttle)) as mesh:
            say(f"ready after {time.monotonic() - started:.0f} s")
            expected = undisturbed(mesh, "gateway", shapes)
            before, unspoilt = handed_on(mesh), shuttle.counts()
            shuttle.spoil(DELAY, RATE, LOSS)
            with Askers(rng, mesh.services["gateway"].http, shapes, expected, findings) as clients:
                time.sleep(given.seconds)
            if clients.unfinished():
                findings.add("hangs", f"{clients.unfinished()} clients did not end")
            moved, carried = handed_on(mesh) - before, shuttle.counts() - unspoilt
            settled(mesh, findings)
            shuttle.heal()
            outcome = ask(mesh.services["gateway"].http, shapes[0], LIMIT)
            if outcome.ended != "whole":
                findings.add("hangs", f"a request after the link was well again: {outcome}")
    whole = findings.ends["whole"]
    if moved <= 0 or carried["lost"] == 0 or 2 * whole < findings.counts["requests"]:
        findings.add("failed", f"it shows nothing, or too little came through: {moved:.0f} bytes of KV, {dict(carried)}, {dict(findings.ends)}")
    say(f"{time.monotonic() - started:.0f} s in all; errors {dict(findings.errors)}; once more: ./andante test --loss --seed {given.seed} --seconds {given.seconds}")
    figures = {"seconds": given.seconds, **findings.summary("requests", "errors", "hangs", "leaks", "wrong_tokens", "resumed")}
    say(json.dumps({**figures, "whole": whole, "kv_bytes": int(moved), "packets": carried["packets"], "lost": carried["lost"], "slowest_s": round(findings.worst, 2)}))
    sys.exit(1 if findings.failed() else 0)


if __name__ == "__main__":
    main()
