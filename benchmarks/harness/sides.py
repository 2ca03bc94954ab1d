"""Who is measured: our worker, and the peers' builds in each format. All do the same work for a line and answer tokens per second."""

import json
import os

from . import children, places
from .children import Failure, Worker

START, TURN = 300, 600  # seconds for loading a model, and for one measure with its preparation


class Side:
    """One build of an engine with one format of the weights and its settings."""

    def __init__(self, engine, fmt, threads, logs, flags=""):
        self.engine, self.format, self.threads, self.logs, self.flags = engine, fmt, threads, logs, flags
        self.version = "?"

    @property
    def name(self):
        return " ".join(filter(None, (self.engine, self.format, self.flags)))

    def log(self):
        return os.path.join(self.logs, self.engine.replace(" ", "-") + ".log")

    def supports(self, line):
        return line.kind in ("pp", "tg", "busy")

    @property
    def cold(self):
        """Whether it would have to start, and so should be warmed, before a measure."""
        return False

    def stop(self):
        """Ends what runs; the next measure starts it again."""


class WorkerSide(Side):
    """A process that loads a model once and is asked for each measure."""

    def __init__(self, engine, fmt, threads, logs, models, flags=""):
        super().__init__(engine, fmt, threads, logs, flags)
        self.models, self.running, self.path, self.about = models, None, None, {}

    @property
    def cold(self):
        return self.running is None

    def command(self, path):
        raise NotImplementedError

    def env(self):
        return None

    def worker(self, line):
        path = self.models(line, self.format)
        if self.running and self.running.alive() and self.path == path:
            return self.running
        self.stop()
        self.running, self.path = Worker(self.name, self.command(path), self.log(), self.env()), path
        self.about = self.running.ask("info", START)
        self.version = self.about.get("version") or self.version
        return self.running

    def file_bytes(self):
        return os.path.getsize(self.path)

    def warm(self, line):
        """The last of some runs that come before the first that counts."""
        return self.worker(line).ask(f"warm {self.warm_seconds} {line.command}", TURN)["warmed"][-1]

    def measure(self, line):
        return self.worker(line).ask(line.command, TURN)

    def stop(self):
        if self.running:
            self.running.stop()
            self.running = None


class Andante(WorkerSide):
    warm_seconds = 20

    def __init__(self, fmt, threads, logs, models, backend, precision, context):
        super().__init__("andante", fmt, threads, logs, models)
        self.backend, self.precision, self.context = backend, precision, context

    def command(self, path):
        return [places.java(), *places.jvm_options(path), "-jar", places.JAR, path, "--threads", self.threads, "--backend", self.backend,
                "--precision", self.precision or "fast", "--max-context", self.context]

    def worker(self, line):
        running = super().worker(line)
        self.version = self.about["backend"]
        return running

    def ceiling(self, kind, threads, size=None):
        """One sample of each source, by name; nothing if the kind cannot be measured here."""
        return self.running.ask(" ".join(map(str, filter(None, ("ceiling", kind, threads, size)))), 60)["sources"]


class Binding(WorkerSide):
    """llama-cpp-python; `passive` makes its threads sleep where they would spin."""

    warm_seconds = 15

    def __init__(self, fmt, threads, logs, models, passive=False):
        super().__init__("llama-cpp-python", fmt, threads, logs, models, "OMP_WAIT_POLICY=passive" if passive else "")
        self.passive = passive

    def env(self):
        return {"OMP_WAIT_POLICY": "passive"} if self.passive else None

    def command(self, path):
        return [binding_python(), os.path.join(places.BENCHMARKS, "peer_worker.py"), path, self.threads]


class Tools(Side):
    """llama.cpp's own programs, which load the model and warm up at each call."""

    def __init__(self, fmt, threads, logs, models, extra=()):
        super().__init__("llama.cpp", fmt, threads, logs, " ".join(extra))
        self.models, self.extra, self.path = models, list(extra), None
        self.version = tool_version()

    def supports(self, line):
        return super().supports(line) and (line.kind != "busy" or bool(self.extra)) and not (self.extra and line.kind != "busy")

    def warm(self, line):
        return self.measure(line)["value"]

    def measure(self, line):
        self.path = self.models(line, self.format)
        if line.sequences > 1:
            return {"value": self._batched(line)}
        size = ["-p", line.prompt, "-n", 0] if line.kind == "pp" else ["-p", 0, "-n", line.steps, "-d", line.depth]
        rows = json.loads(self._run("llama-bench", "-t", self.threads, "-ngl", 0, "-r", 1, "-o", "json", *size, *self.extra))
        return {"value": rows[0]["samples_ts"][0]}

    def file_bytes(self):
        return os.path.getsize(self.path)

    def _batched(self, line):
        per = -(-line.context // 256) * 256
        printed = self._run("llama-batched-bench", "-t", self.threads, "-tb", self.threads, "-c", per * line.sequences, "-b", 2048, "-ub", 512,
                            "-npp", line.depth, "-ntg", line.steps, "-npl", line.sequences, "--output-format", "jsonl")
        return next(json.loads(row)["speed_tg"] for row in printed.splitlines() if row.startswith("{"))

    def _run(self, program, *options):
        return children.output_of(program, [tool(program), "-m", self.path, *options], TURN, self.log())


class Node(Side):
    """node-llama-cpp, by the peers' own script; it measures fixed lengths."""

    def __init__(self, fmt, threads, logs, models):
        super().__init__("node-llama-cpp", fmt, threads, logs)
        self.models, self.path = models, None

    def supports(self, line):
        return not line.shape and (line.name in ("pp512", "tg128") or (line.depth, line.steps) == (128, 64))

    def warm(self, line):
        return self.measure(line)["value"]

    def measure(self, line):
        self.path = self.models(line, self.format)
        script = os.path.join(places.peers(), "node", "bench_node.mjs")
        printed = children.output_of("node-llama-cpp", ["node", script, self.path, self.format, self.threads, 1, line.sequences], TURN, self.log())
        for row in map(json.loads, filter(lambda text: text.startswith("{"), printed.splitlines())):
            self.version = row["version"]
            if row["test"] == line.name:
                return {"value": row["value"]}
        raise Failure(f"node-llama-cpp measured no {line.name}")

    def file_bytes(self):
        return os.path.getsize(self.path)


def binding_python():
    path = os.path.join(places.peers() or "", "venv", "bin", "python")
    return path if os.path.exists(path) else None


def tool(name):
    path = os.path.join(places.peers() or "", "llama.cpp", "bin", name)
    return path if os.path.exists(path) else None


def tool_version():
    path = os.path.join(places.peers() or "", "llama.cpp", "VERSION")
    if not os.path.exists(path):
        return "?"
    with open(path, encoding="utf-8") as version:
        return version.read().strip()


def has_node():
    return os.path.isdir(os.path.join(places.peers() or "", "node", "node_modules", "node-llama-cpp"))


def in_format(model, fmt, own, logs):
    """The model's path in a format; made by the peers' quantiser when it is not the file's own."""
    if fmt == own:
        return model
    if not (binding_python() and places.shared_script("bench.py")):
        raise Failure(f"{fmt} cannot be made: the peers' scripts are not there")
    printed = children.output_of("the quantiser", [binding_python(), os.path.join(places.BENCHMARKS, "peer_worker.py"), "--format", fmt, model,
                                                   places.SHARED], START, os.path.join(logs, "quantiser.log"), {"PEERS_DIR": places.peers()})
    return printed.strip().splitlines()[-1]


def peers(formats, threads, logs, models):
    """All that are installed here, in all formats."""
    found = []
    for fmt in formats:
        if binding_python():
            found.append(Binding(fmt, threads, logs, models))
        if tool("llama-bench"):
            found.append(Tools(fmt, threads, logs, models))
    if has_node():
        found.append(Node(formats[0], threads, logs, models))
    return found


def busy_peers(fmt, threads, logs, models):
    """As started without a thought, and as their authors would for shared cores."""
    found = []
    if binding_python():
        found += [Binding(fmt, threads, logs, models), Binding(fmt, threads, logs, models, passive=True)]
    if tool("llama-bench"):
        found.append(Tools(fmt, threads, logs, models, ("--poll", "0")))
    return found
