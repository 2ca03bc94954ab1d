#!/usr/bin/env python3
"""Lets things go wrong at a stage of a request, one after the other, and compares what becomes of the request with the undisturbed answer.

Called by `./andante test --stages`. A stage is made to last by slowing the connection it waits for; when the request is seen there, the fault happens. The request
must end within its deadline as the fault allows, the mesh must serve again, and nothing may be held afterwards. Ends with one JSON line.
"""

import json
import random
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass

from asking import ask
from faults import recovered, typed_well
from link import Links
from services import EXPERT, REQUEST_TIMEOUT, Mesh, decode_words, decodes_behind, figures, free_ports, gateway_words, instances, prefill_words
from watching import Findings, arguments, end_when_left, prepare, say, settled, undisturbed

LIMIT = REQUEST_TIMEOUT + 20  # seconds in which a request must have ended: its deadline, ten in which its gateway may be stopped, and what it takes to say so
HASTY = 1.5  # seconds: the deadline of the other gateway, and when clients leave that do; stages last longer
WITHIN = 60.0  # seconds from a fault's end to right answers; most of it the start of a JVM
REACH = 20.0  # seconds in which a request must be seen at its stage
SAID = 1.0  # seconds in which a decode must say that it serves a request
DOWN, STOPPED, BROKEN = 1.0, 10.0, 2.0  # seconds for which a process is gone, or stopped, or a connection cut
PROMPT, ANSWER = 300, 120  # tokens: of KV there are 38 KB
PUSHED = 6 << 10  # bytes on the connections to a decode that are more than a call without KV has
CROWD = 12  # requests at once, of which a decode has room for three

WHOLE, ANY = ("whole",), ("whole", "error")
BREAK = {"cut": lambda way: way.cut(), "slow": lambda way: way.slow(0.05, 1 << 20), "corrupt": lambda way: way.corrupt([500, 3000])}


@dataclass(frozen=True)
class Scenario:
    """`ends`: how the request may end; `resumed`: whether its answer must have gone on elsewhere."""

    what: str  # kill, stop, cut, slow, corrupt, leave, deadline, full
    target: str  # a role, or where the fault has its place anyway: nothing
    stage: str  # prefill, push, decode
    ends: tuple
    resumed: bool = False

    def __str__(self):
        return f"{' '.join(filter(None, (self.what, self.target)))} at {self.stage}"


SCENARIOS = (
    Scenario("kill", "prefill", "prefill", ANY),
    Scenario("kill", "prefill", "push", ANY),
    Scenario("kill", "prefill", "decode", WHOLE),
    Scenario("kill", "decode", "prefill", WHOLE),
    Scenario("kill", "decode", "push", WHOLE),
    Scenario("kill", "decode", "decode", WHOLE, resumed=True),
    Scenario("kill", "gateway", "prefill", ("lost",)),
    Scenario("kill", "gateway", "push", ("lost",)),
    Scenario("kill", "gateway", "decode", ("lost",)),
    Scenario("kill", "draft", "decode", WHOLE),
    Scenario("kill", "expert", "prefill", ANY),
    Scenario("kill", "expert", "decode", ANY),
    Scenario("stop", "prefill", "prefill", ANY),
    Scenario("stop", "prefill", "push", ANY),
    Scenario("stop", "prefill", "decode", WHOLE),
    Scenario("stop", "decode", "prefill", WHOLE),
    Scenario("stop", "decode", "push", WHOLE),
    Scenario("stop", "decode", "decode", WHOLE, resumed=True),  # the gateway leaves who is silent for five seconds
    Scenario("stop", "gateway", "prefill", WHOLE),
    Scenario("stop", "gateway", "push", WHOLE),
    Scenario("stop", "gateway", "decode", WHOLE),
    Scenario("stop", "draft", "decode", WHOLE),
    Scenario("stop", "expert", "prefill", ANY),
    Scenario("stop", "expert", "decode", ANY),
    Scenario("cut", "", "push", WHOLE),
    Scenario("slow", "", "push", WHOLE),
    Scenario("corrupt", "", "push", WHOLE),
    Scenario("leave", "", "prefill", ("left",)),
    Scenario("leave", "", "push", ("left",)),
    Scenario("leave", "", "decode", ("left",)),
    Scenario("deadline", "", "prefill", ("error",)),
    Scenario("deadline", "", "push", ("error",)),
    Scenario("deadline", "", "decode", ("error",)),
    Scenario("full", "", "decode", ANY),
)


class Ways:
    """The connections that a stage of a request waits for."""

    def __init__(self, prefill_to_expert, decode_to_expert, to_decodes):
        """`to_decodes`: by name, those that KV takes."""
        self.prefill_to_expert, self.decode_to_expert, self.to_decodes = prefill_to_expert, decode_to_expert, to_decodes

    def hold(self, stage):
        """Makes that stage take seconds."""
        if stage == "prefill":
            self.prefill_to_expert.slow(0.25, 0)
        elif stage == "decode":
            self.decode_to_expert.slow(0.02, 0)
        else:
            for way in self.to_decodes.values():
                way.slow(0, 12 << 10)

    def heal(self):
        for way in (self.prefill_to_expert, self.decode_to_expert, *self.to_decodes.values()):
            way.heal()

    def passed(self):
        return {name: way.passed() for name, way in self.to_decodes.items()}

    def pushed(self, before):
        """Whether KV has gone to a decode since so much had passed."""
        return any(way.passed() - before[name] > PUSHED for name, way in self.to_decodes.items())


def staged(factory, links):
    """Services and the ways between them: two decodes, one of which gets KV over gRPC; no prefix is kept, so that all prompts are computed and all KV is sent."""
    names = ("draft", "expert", "prefill", "decode-1", "decode-2", "gateway", "hasty")
    *free, far, near, kv, kv_reached = free_ports(3 * len(names) + 4)
    ports = dict(zip(names, zip(*[iter(free)] * 3)))
    grpc = {name: ports[name][1] for name in names}
    prefill_to_expert, decode_to_expert = (links.link(port, grpc["expert"]) for port in (far, near))
    kv_words, to_decodes = decodes_behind(links, ports, kv, kv_reached)
    unshared = "--andante.engine.prefix-cache=off"
    workers = instances("prefill", [grpc["prefill"]]) + instances("decode", [grpc["decode-1"], grpc["decode-2"]])
    words = {
        "draft": [],
        "expert": EXPERT,
        "prefill": [*prefill_words([far], transfer=20), unshared],
        **{name: [*decode_words(ports[name][2], grpc["draft"], [near]), unshared, *kv_words[name]] for name in kv_words},
        "gateway": [*gateway_words(REQUEST_TIMEOUT), *workers],
        "hasty": [*gateway_words(HASTY), *workers],
    }
    roles = {"decode-1": "decode", "decode-2": "decode", "hasty": "gateway"}
    services = [factory.make(name, roles.get(name, name), *ports[name][:2], *words[name]) for name in names]
    return services, Ways(prefill_to_expert, decode_to_expert, to_decodes)


def shapes_of(rng):
    """A greedy request and a seeded one."""
    shape = {"max_tokens": ANSWER, "stream": True, "ignore_eos": True, "return_token_ids": True, "andante": {"explain": True}}
    prompts = [[rng.randint(1, 250) for _ in range(PROMPT)] for _ in range(2)]
    return [{**shape, "prompt": prompts[0], "temperature": 0}, {**shape, "prompt": prompts[1], "temperature": 0.9, "seed": rng.randint(0, 1 << 31)}]


class Asked(threading.Thread):
    """One request, in a thread of its own."""

    def __init__(self, port, shape, leave=None):
        super().__init__(daemon=True)
        self.port, self.shape, self.leave = port, shape, leave
        self.tokens, self.outcome = [], None
        self.start()

    def run(self):
        self.outcome = ask(self.port, self.shape, LIMIT, self.leave, tokens=self.tokens)

    def ended(self):
        """What became of it; it does end."""
        self.join(LIMIT + 10)
        return self.outcome


class Stage:
    """Sees whether a request is at a stage, and which decode serves it."""

    def __init__(self, mesh, ways, asked, before):
        """`before`: what had passed to the decodes when it was asked."""
        self.mesh, self.ways, self.asked, self.before = mesh, ways, asked, before

    def await_reached(self, stage):
        end = time.monotonic() + REACH
        while not self.reached(stage):
            if time.monotonic() > end or not self.asked.is_alive():
                return False
            time.sleep(0.01)
        return True

    def reached(self, stage):
        if stage == "prefill":
            return self.holds("prefill")
        if stage == "push":
            return self.ways.pushed(self.before)
        return len(self.asked.tokens) >= 3

    def holds(self, name):
        return any(value for _, value in figures(self.mesh.services[name].get("/metrics")[1]))

    def decode(self):
        """The decode that has room for it, or its KV; None if none says so in time."""
        end = time.monotonic() + SAID
        while not (names := [name for name in self.before if self.holds(name)]) and time.monotonic() < end:
            time.sleep(0.01)
        return names[0] if names else None


class Play:
    """What all scenarios have: the mesh, the ways, and what is right."""

    def __init__(self, mesh, ways, shapes, expected, findings):
        self.mesh, self.ways, self.shapes, self.expected, self.findings = mesh, ways, shapes, expected, findings

    def await_pushes(self):
        """Waits until prompts come by way of prefill: for a while after it was lost, decode computes them itself."""
        end = time.monotonic() + WITHIN
        while time.monotonic() < end:
            before = self.ways.passed()
            ask(self.mesh.services["gateway"].http, {**self.shapes[0], "max_tokens": 1}, LIMIT)
            if self.ways.pushed(before):
                return
            time.sleep(0.2)
        self.findings.add("failed", f"{WITHIN:.0f} s after the last fault no prompt comes by way of prefill")

    def scenario(self, number, scenario):
        self.await_pushes()
        settled(self.mesh, self.findings)
        shape = number % len(self.shapes)
        before = self.ways.passed()
        self.ways.hold(scenario.stage)
        if scenario.what == "full":
            ended = self.crowd(scenario)
            self.ways.heal()
        else:
            gateway = "hasty" if scenario.what == "deadline" else "gateway"
            asked = Asked(self.mesh.services[gateway].http, self.shapes[shape], HASTY if scenario.what == "leave" else None)
            stage = Stage(self.mesh, self.ways, asked, before)
            if not stage.await_reached(scenario.stage):
                self.findings.add("failed", f"{scenario}: the request was not seen there, so that it shows nothing: {asked.outcome}")
            self.befall(scenario, stage)
            self.ways.heal()
            ended = self.judge(scenario, shape, asked.ended())
        took = recovered(self.mesh, self.shapes, self.expected, time.monotonic(), self.findings, WITHIN)
        self.findings.worst = max(self.findings.worst, took)
        settled(self.mesh, self.findings)
        say(f"{scenario}: {ended}; right answers again {took:.1f} s later")

    def befall(self, scenario, stage):
        """Returns when the fault is over."""
        name = stage.decode() if scenario.target == "decode" else scenario.target
        if name is None:
            self.findings.add("failed", f"{scenario}: no decode says that it serves the request")
        elif scenario.what == "kill":
            self.mesh.services[name].kill()
            time.sleep(DOWN)
            self.mesh.services[name].start()
        elif scenario.what == "stop":
            self.mesh.services[name].signal(signal.SIGSTOP)
            time.sleep(STOPPED)
            self.mesh.services[name].signal(signal.SIGCONT)
        elif scenario.what in BREAK:
            for way in self.ways.to_decodes.values():
                BREAK[scenario.what](way)
            time.sleep(BROKEN)
        else:
            stage.asked.ended()

    def judge(self, scenario, shape, outcome):
        self.findings.outcome(outcome)
        about = self.findings.compare(str(scenario), outcome, self.expected[shape])
        if outcome.ended == "hang":
            self.findings.add("hangs", about)
        elif outcome.ended not in scenario.ends or (outcome.ended == "error" and not typed_well(outcome.detail)):
            self.findings.add("failed", f"{about}: {outcome.ended} {outcome.detail}")
        elif outcome.resumed < scenario.resumed:
            self.findings.add("failed", f"{about}: it did not go on elsewhere, so that it shows nothing")
        return f"{outcome.ended} after {outcome.seconds:.1f} s{f', resumed {outcome.resumed}' if outcome.resumed else ''} {outcome.detail}".rstrip()

    def crowd(self, scenario):
        """More requests at once than the decodes have blocks for."""
        shapes = [number % len(self.shapes) for number in range(CROWD)]
        everyone = [Asked(self.mesh.services["gateway"].http, self.shapes[shape]) for shape in shapes]
        for shape, asked in zip(shapes, everyone):
            self.judge(scenario, shape, asked.ended())
        ends = Counter(asked.outcome.ended for asked in everyone)
        if not ends["whole"]:
            self.findings.add("failed", f"{scenario}: nobody was answered")
        return str(dict(ends))


def main():
    given = prepare(arguments(__doc__, "rounds", 1))
    end_when_left()
    shapes, findings = shapes_of(random.Random(given.seed)), Findings()
    started = time.monotonic()
    with Links() as links:
        services, ways = staged(given.factory, links)
        say(f"starting {len(services)} services (logs: {given.logs}) …")
        with Mesh(given.logs, services) as mesh:
            say(f"ready after {time.monotonic() - started:.0f} s")
            play = Play(mesh, ways, shapes, undisturbed(mesh, "gateway", shapes), findings)
            for turn in range(given.rounds):
                for number, scenario in enumerate(SCENARIOS):
                    play.scenario(turn + number, scenario)
    say(f"{time.monotonic() - started:.0f} s in all; once more: ./andante test --stages --seed {given.seed} --rounds {given.rounds}")
    summary = findings.summary("hangs", "leaks", "wrong_tokens", "failed", "requests", "resumed")
    say(json.dumps({"scenarios": given.rounds * len(SCENARIOS), **summary, "worst_recovery_s": round(findings.worst, 2)}))
    sys.exit(1 if findings.failed() else 0)


if __name__ == "__main__":
    main()
