"""What steps of an engine took, from a flight recording, and the cost model of the simulator that fits them best."""

import json
import os
import re
import subprocess
from collections import namedtuple
from datetime import datetime
from itertools import combinations

from . import places
from .children import Failure

EVENT = "dev.andante.EngineStep"
HOST = 2e-3  # seconds between two steps that are the engine's own work; more means that it had nothing to do
FEW = 20  # steps of a kind that a fit needs

# start: seconds since 1970; decodes: answers that got a token, which attend to `context` tokens; prompt: rows of prompts, with so many pairs
Step = namedtuple("Step", "start seconds decodes context prompt pairs drafts")


def recording(file):
    """JVM option that records steps and nothing else until the JVM ends."""
    return f"-XX:StartFlightRecording:settings=none,+{EVENT}#enabled=true,filename={file}"


def read(file):
    """All steps of a recording, in their order; those of engines that work at the same time follow one another."""
    tool = os.path.join(os.environ["JAVA_HOME"], "bin", "jfr") if os.environ.get("JAVA_HOME") else "jfr"
    try:
        printed = subprocess.run([tool, "print", "--json", "--stack-depth", "1", "--events", EVENT, file], capture_output=True, timeout=120, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Failure(f"{file} cannot be read: {error}") from error
    return parse(json.loads(printed))


def parse(recorded):
    threads = {}
    for event in recorded["recording"]["events"]:
        values = event["values"]
        thread = (values.get("eventThread") or {}).get("javaName")
        threads.setdefault(thread, []).append(Step(
            instant(values["startTime"]), duration(values["duration"]), values["decodes"], values["decodeContext"],
            values["promptTokens"], values["promptPairs"], values["draftTokens"]))
    return [step for steps in threads.values() for step in with_host_work(sorted(steps))]


def instant(text):
    """Of ISO 8601 with any number of digits."""
    whole, rest = re.fullmatch(r"([^.]*?)(\.\d+)?(?:Z|[+-]\d\d:?\d\d)", text).groups()
    zone = text[len(whole) + len(rest or ""):].replace("Z", "+00:00")
    return datetime.fromisoformat(whole + zone).timestamp() + float(rest or 0)


def duration(text):
    """Of ISO 8601, up to hours."""
    hours, minutes, seconds = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?", text).groups()
    return 3600 * float(hours or 0) + 60 * float(minutes or 0) + float(seconds or 0)


def with_host_work(steps):
    """A step lasts until the next one begins, unless the engine had nothing to do between them."""
    for step, after in zip(steps, [*steps[1:], None]):
        gap = after.start - step.start - step.seconds if after else HOST + 1
        yield step._replace(seconds=step.seconds + gap) if 0 <= gap <= HOST else step


def fit(steps):
    """((a0, a1, a2), (d0, d1, d2), (e,)) as `simulate` takes them: seconds a step, a row or answer, a pair or token of context; an answer beside prompts."""
    prompts, decodes = kinds(step for step in steps if not step.drafts)
    if len(decodes) < FEW or len(prompts) < FEW:
        raise Failure(f"{len(decodes)} steps of answers and {len(prompts)} with prompts are too few to fit a cost model to")
    d0, d1, d2 = least_squares([((1, s.decodes, s.context), s.seconds) for s in decodes])
    rest = [((1, s.prompt, s.pairs, s.decodes), s.seconds - d2 * s.context) for s in prompts]
    a0, a1, a2, beside = least_squares(rest)
    if a0 < d0:  # the greater of both counts where a step has prompts and answers
        a0 = d0
        _, a1, a2, beside = least_squares([((0, *terms), max(seconds - d0, 0)) for (_, *terms), seconds in rest])
    return (a0, a1, a2), (d0, d1, d2), (beside,)


def kinds(steps):
    """Those with prompts, and those of answers alone."""
    steps = list(steps)
    return [step for step in steps if step.prompt], [step for step in steps if step.decodes and not step.prompt]


def predict(model, step):
    """Seconds, as the simulator has them."""
    (a0, a1, a2), (d0, d1, d2), (beside,) = model
    base = max(a0 if step.prompt else 0, d0 if step.decodes else 0)
    return base + a1 * step.prompt + a2 * step.pairs + (beside if step.prompt else d1) * step.decodes + d2 * step.context


def noise(model, loads, count=40):
    """What steps took over what the model says at the pace of their load, as so many factors that are equally likely and 1 on average:
    (with prompts, of answers alone)."""
    found = [], []
    for steps in loads:
        at = at_pace(model, pace(model, steps))
        for ratios, kind in zip(found, kinds(steps)):
            ratios += [step.seconds / predict(at, step) for step in kind]
    return tuple(quantiles(ratios, count) if len(ratios) >= FEW else [1.0] for ratios in found)


def quantiles(ratios, count):
    """So many of them, each the middle of an equal part of what is sorted, over their mean."""
    ratios = sorted(ratios)
    chosen = [ratios[int((i + 0.5) * len(ratios) / count)] for i in range(count)]
    mean = sum(chosen) / count
    return [one / mean for one in chosen]


def pace(model, steps):
    """What steps took over what the model says, (with prompts, of answers alone): a machine is not equally fast all the time. 1 where there are few."""
    factors = []
    for kind in kinds(steps):
        factors.append(sum(step.seconds for step in kind) / sum(predict(model, step) for step in kind) if len(kind) >= FEW else 1.0)
    return tuple(factors)


def at_pace(model, factors):
    """The model of a machine that is so much slower."""
    prompts, answers = factors
    return tuple(tuple(factor * one for one in part) for part, factor in zip(model, (prompts, answers, prompts)))


def least_squares(samples):
    """Coefficients of all terms, none negative, that keep errors least, each over what is predicted: short and long ones count alike."""
    weights = [1.0] * len(samples)
    for _ in range(4):
        found = solve(samples, weights)
        weights = [1 / max(1e-5, sum(c * t for c, t in zip(found, terms))) ** 2 for terms, _ in samples]
    return found


def solve(samples, weights):
    """Of all choices of terms that are let be more than 0, the best without a negative coefficient."""
    count = len(samples[0][0])
    scale = [max(abs(terms[i]) for terms, _ in samples) or 1 for i in range(count)]
    matrix = [[0.0] * count for _ in range(count)]
    right = [0.0] * count
    for (terms, value), weight in zip(samples, weights):
        row = [term / one for term, one in zip(terms, scale)]
        for i in range(count):
            right[i] += weight * row[i] * value
            for j in range(count):
                matrix[i][j] += weight * row[i] * row[j]
    best, least = [0.0] * count, 0.0
    for size in range(1, count + 1):
        for chosen in combinations(range(count), size):
            part = eliminate([[matrix[i][j] for j in chosen] + [right[i]] for i in chosen])
            if part and min(part) >= 0:
                full = [dict(zip(chosen, part)).get(i, 0.0) for i in range(count)]
                error = sum(full[i] * matrix[i][j] * full[j] for i in range(count) for j in range(count)) - 2 * sum(f * r for f, r in zip(full, right))
                if error < least:
                    best, least = full, error
    return tuple(value / one for value, one in zip(best, scale))


def eliminate(rows):
    """The solution of linear equations; None if there is no single one."""
    size = len(rows)
    rows = [row[:] for row in rows]
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(rows[k][i]))
        if abs(rows[pivot][i]) < 1e-12:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(size):
            if k != i:
                factor = rows[k][i] / rows[i][i]
                rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i])]
    return [rows[i][size] / rows[i][i] for i in range(size)]
