"""The HTTP line: Andante's gateway and llama-server under the same closed-loop load."""

import http.client
import itertools
import json
import os
import socket
import sys
import time

from . import children, places
from .children import Child, Failure
from .sides import Side, tool, tool_version

START, LOAD = 180, 600  # seconds
SEEDS = itertools.count(1000 + os.getpid() % 1000 * 1000)  # no prompt is ever sent twice: llama-server keeps them

# Ways to start llama-server that may be its best; the scouting round finds out.
LLAMA_FLAGS = ("", "--flash-attn on", "--kv-unified", "--cache-ram 0 --no-cache-prompt")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path, seconds=5):
    """(status, body), or None if nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


class Server(Side):
    """A server under load. It is started by the first measure and runs until `stop`."""

    ready_path = "/v1/models"

    def __init__(self, engine, fmt, threads, logs, models, flags=""):
        super().__init__(engine, fmt, threads, logs, flags)
        self.models, self.running, self.port, self.path, self.ready_s = models, None, None, None, None

    def supports(self, line):
        return line.kind == "http"

    @property
    def cold(self):
        return self.running is None

    def command(self, line):
        raise NotImplementedError

    def start(self, line):
        if self.running and self.running.alive():
            return
        self.stop()
        self.path, self.port = self.models(line, self.format), free_port()
        begin = time.monotonic()
        self.running = Child(self.name, self.command(line), self.log())
        while (get(self.port, self.ready_path) or (0,))[0] != 200:
            if not self.running.alive():
                self.running.stop()
                raise Failure(f"{self.name} ended at its start: {self.running.last_words()}")
            if time.monotonic() - begin > START:
                self.stop()
                raise Failure(f"{self.name} was not ready within {START} s and was stopped")
            time.sleep(0.1)
        self.ready_s = round(time.monotonic() - begin, 2)

    def warm(self, line):
        self.start(line)
        self.load(2, 4, min(16, line.steps))
        return self.measure(line)["value"]

    def measure(self, line):
        self.start(line)
        result = self.load(line.sequences, max(6, 3 * line.sequences), line.steps)
        metrics = {key: result[key] for key in ("ttft_ms_p50", "ttft_ms_p95", "tpot_ms_p50", "tpot_ms_p95")}
        return {"value": result["tok_s"], "metrics": metrics | {"ready_s": self.ready_s, "rss_mib": self.rss_mib()}}

    def load(self, clients, requests, tokens):
        """What the peers' load generator says of so many requests; Failure if one of them failed."""
        script = os.path.join(places.HERE, "load.py")
        printed = children.output_of("the load", [sys.executable, script, places.SHARED, self.url(), clients, requests, tokens, next(SEEDS),
                                                  self.model_name()], LOAD, os.path.join(self.logs, "load.log"))
        result = json.loads(printed.splitlines()[-1])
        if result["errors"]:
            raise Failure(f"{self.name}: {result['errors']} of {requests} requests failed")
        return result

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def model_name(self):
        _, body = get(self.port, "/v1/models", 30) or (0, b'{"data": []}')
        models = json.loads(body)["data"]
        if not models:
            raise Failure(f"{self.name} names no model")
        return models[0]["id"]

    def rss_mib(self):
        try:
            with open(f"/proc/{self.running.pid}/status", encoding="utf-8") as status:
                return round(next(int(row.split()[1]) for row in status if row.startswith("VmRSS")) / 1024, 1)
        except (OSError, StopIteration):
            return None

    def stop(self):
        if self.running:
            self.running.stop(30)
            self.running = None


class AndanteServer(Server):
    """All roles in one JVM, started with the launcher's JVM options, apart from any mesh that runs."""

    ready_path = "/ready"

    def __init__(self, fmt, threads, logs, models, backend, precision):
        super().__init__("andante", fmt, threads, logs, models)
        self.backend, self.precision, self.version = backend, precision, backend

    def log(self):
        return os.path.join(self.logs, "andante-server.log")

    @property
    def about(self):
        return {"backend": self.backend, "precision": self.precision or "auto", "jdk": places.jdk(), "jvm_flags": places.jvm_options(self.path)}

    def command(self, line):
        return [places.java(), *places.jvm_options(self.path), "-jar", places.STANDALONE, f"--server.port={self.port}",
                f"--andante.model.path={self.path}", f"--andante.compute.backend={self.backend}", f"--andante.compute.threads={self.threads}",
                *([f"--andante.compute.precision={self.precision}"] if self.precision else [])]


class LlamaServer(Server):
    """One slot a client, 1024 tokens each."""

    def __init__(self, fmt, threads, logs, models, flags=""):
        super().__init__("llama-server", fmt, threads, logs, models, flags)
        self.version = tool_version()

    def command(self, line):
        return [tool("llama-server"), "-m", self.path, "--host", "127.0.0.1", "--port", self.port, "-t", self.threads, "-tb", self.threads,
                "-np", line.sequences, "-c", 1024 * line.sequences, "--no-webui", "-ngl", 0, *self.flags.split()]


def peers(formats, threads, logs, models, thorough):
    """llama-server in each format; in the first one with all flags that may be its best."""
    if not tool("llama-server"):
        return []
    found = [LlamaServer(fmt, threads, logs, models) for fmt in formats]
    return found + [LlamaServer(formats[0], threads, logs, models, flags) for flags in LLAMA_FLAGS[1:] if thorough]
