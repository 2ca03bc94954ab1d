"""What goes wrong, and when: drawn from a seed, so that a schedule can be had again."""

from dataclasses import dataclass, field

LENGTH = 5.0  # seconds in which faults begin
WORKERS = ("prefill", "decode-1", "decode-2", "draft", "expert")
GATEWAYS = ("gateway", "hasty")
LINKS = ("decode-1", "decode-2")  # by the worker they lead to


@dataclass(frozen=True)
class Fault:
    """From `at` seconds on, for `lasts` seconds: then the process is started or continued, the link healed."""

    at: float
    kind: str  # kill, stop, slow, cut, corrupt
    target: str
    lasts: float
    detail: dict = field(default_factory=dict)

    def __str__(self):
        detail = "".join(f" {key}={value}" for key, value in self.detail.items())
        return f"{self.at:.2f} s: {self.kind} {self.target} for {self.lasts:.2f} s{detail}"


def draw(random):
    """One to four faults, of which no two are of one process or link at a time, by ascending start."""
    faults, busy = [], {}
    for at in sorted(random.uniform(0.2, LENGTH) for _ in range(random.randint(1, 4))):
        fault = one(random, round(at, 3))
        thing = (fault.kind in ("kill", "stop"), fault.target)
        if busy.get(thing, 0) <= fault.at:
            busy[thing] = fault.at + fault.lasts + 0.5
            faults.append(fault)
    return faults


def one(random, at):
    kind = random.choice(("kill", "kill", "stop", "stop", "slow", "cut", "corrupt"))
    if kind == "kill":
        return Fault(at, kind, random.choice(WORKERS + WORKERS + GATEWAYS), round(random.uniform(0, 2), 3))
    if kind == "stop":
        return Fault(at, kind, random.choice(WORKERS + WORKERS + GATEWAYS), round(random.uniform(1, 10), 3))
    link, lasts = random.choice(LINKS), round(random.uniform(0.5, 5), 3)
    if kind == "slow":
        return Fault(at, kind, link, lasts, {"delay": round(random.uniform(0.01, 0.3), 3), "rate": random.choice((4 << 10, 32 << 10, 256 << 10))})
    if kind == "corrupt":
        return Fault(at, kind, link, lasts, {"gaps": [random.randint(0, 4000) for _ in range(random.randint(1, 6))]})
    return Fault(at, kind, link, lasts)


def requests(random, count):
    """Shapes of requests, half of them greedy, some with the same beginning."""
    shared = [random.randint(1, 250) for _ in range(160)]
    return [shape(random, number, shared) for number in range(count)]


def shape(random, number, shared):
    own = [random.randint(1, 250) for _ in range(random.choice((3, 20, 60, 150)))]
    request = {
        "prompt": (shared[: random.choice((48, 160))] if number % 3 == 0 else []) + own,
        "max_tokens": random.choice((1, 8, 40, 120, 180)),
        "temperature": 0 if number % 2 == 0 else 0.9,
        "stream": random.random() < 0.7,
        "ignore_eos": True,
        "return_token_ids": True,
        "andante": {"explain": True},
    }
    if number % 2:
        request["seed"] = random.randint(0, 1 << 31)
    if number % 5 == 4:
        request["frequency_penalty"] = 0.5
    return request
