"""The processes of a mesh: which there are, how they start, and what they hold."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from link import Bundle

START = 180.0  # seconds that a service may take to be ready
MODEL = "dummy:mixtral-tiny"
REQUEST_TIMEOUT, HASTY_TIMEOUT, LEASE = 30.0, 0.4, 3.0
HEAPS = {"prefill": "384m", "decode": "384m", "draft": "192m", "expert": "256m", "gateway": "256m"}
COMMON = ("--andante.grpc.keep-alive=2s", "--andante.grpc.keep-alive-timeout=2s", "--andante.drain.timeout=5s")
# Exact, since answers are compared that were computed in different batches: docs/decisions/0036-own-tiles.md.
ENGINE = (f"--andante.model.path={MODEL}", "--andante.compute.precision=exact", f"--andante.engine.lease={LEASE:.0f}s", "--andante.engine.warm-up=0s")
FEW_BLOCKS = "--andante.engine.blocks=112"
EXPERT = (f"--andante.model.path={MODEL}", "--andante.expert.shard=0", "--andante.expert.shards=1")
INSTANCES = "--spring.cloud.discovery.client.simple.instances.andante-{}[{}].uri=http://{}:{}"


def free_ports(count):
    """Loopback ports that nobody listens on, below those that the system gives to outgoing connections."""
    found, port = [], 20000 + os.getpid() % 8000
    while len(found) < count:
        port += 1
        with socket.socket() as probe:
            try:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
                found.append(port)
            except OSError:
                if port > 32000:
                    raise
    return found


class Service:
    """One process, started again and again with the same words."""

    def __init__(self, name, words, http, log):
        self.name, self.words, self.http, self.log = name, words, http, log
        self.process, self.starts = None, 0
        self.serves = True  # whether clients are sent to it
        self.host, self.entering = "127.0.0.1", None  # where it is, and what its process does first

    def start(self):
        self.starts += 1
        with self.log.open("ab") as log:
            log.write(f"--- start {self.starts}\n".encode())
            log.flush()
            self.process = subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=self.entering)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)

    def signal(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def drain(self, seconds):
        """Asks it to end, as a rollout does; whether it did within that time. It is gone in any case."""
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            self.kill()
            return False

    def get(self, path, timeout=3.0):
        """Status and text; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.http}{path}", timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            return 0, ""

    def jcmd(self, *words, seconds, **how):
        """Has the JVM do what its tool can ask for; raises OSError or subprocess.TimeoutExpired."""
        return subprocess.run([Path(self.words[0]).with_name("jcmd"), str(self.process.pid), *words], timeout=seconds, **how)

    def left_behind(self, kind):
        """Where something about the process as it is now goes."""
        return self.log.with_suffix(f".{self.starts}.{time.strftime('%H%M%S')}.{kind}")

    def evidence(self):
        """Writes down which objects and threads the process has, for whoever looks for what it holds; answers the file."""
        file = self.left_behind("held.txt")
        with file.open("wb") as out:
            for question in ("GC.class_histogram", "Thread.print"):
                try:
                    self.jcmd(question, seconds=30, stdout=out, stderr=out)
                except (OSError, subprocess.TimeoutExpired) as error:
                    out.write(f"{question}: {error}\n".encode())
        return file

    def heap(self):
        """Writes down all that is reachable there, for whoever looks for what a request waits for; answers the file."""
        file = self.left_behind("hprof")
        try:
            self.jcmd("GC.heap_dump", str(file.resolve()), seconds=60, capture_output=True)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"no file: {error}"
        return file

    def connections(self):
        """Writes down what the system holds of its HTTP connections, at either end: bytes that are on their way or were not read; answers the file."""
        file, port = self.left_behind("tcp.txt"), f":{self.http:04X} "
        with file.open("w") as out:
            for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
                rows = table.read_text().splitlines(keepends=True) if table.exists() else []
                out.writelines(row for i, row in enumerate(rows) if i == 0 or port in row)
        return file

    def resident_mib(self):
        """What it has of the machine's memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmRSS")) / 1024

    def live_mib(self):
        """What of its heap is reachable."""
        self.jcmd("GC.run", seconds=60, capture_output=True, check=True)
        told = self.jcmd("GC.heap_info", seconds=60, capture_output=True, check=True, text=True).stdout
        return used_kib(told) / 1024

    def ready(self):
        return self.get("/ready")[0] == 200

    def ended(self):
        return self.process.poll()


class Factory:
    """Makes the services of a mesh, each with ports of its own."""

    def __init__(self, home, java, folder, aot):
        """`aot`: start-up caches of the JVM by role, of those that have one."""
        self.home, self.java, self.folder, self.aot = Path(home), java, folder, aot

    def make(self, name, role, http, grpc, *words):
        module = role if role == "gateway" else f"{role}-service"
        jar = self.home / module / "target" / f"andante-{module}.jar"
        listen = [f"--server.port={http}"] + ([] if role == "gateway" else [f"--andante.grpc.port={grpc}"])
        cache = [f"-XX:AOTCache={self.aot[role]}"] if role in self.aot else []
        command = [*self.java, f"-Xmx{HEAPS[role]}", *cache, "-jar", str(jar), *listen, *COMMON, *words]
        return Service(name, command, http, self.folder / f"{name}.log")


def faulty(factory, links):
    """Services whose loss is felt: one of most roles, the decodes behind links; and the links.

    KV for decode-1 comes over gRPC, for decode-2 over a KV link; what is done to the links to a decode meets both.
    """
    names = ("prefill", "decode-1", "decode-2", "draft", "expert", "gateway", "hasty")
    *free, kv, kv_reached = free_ports(3 * len(names) + 2)
    ports = dict(zip(names, zip(*[iter(free)] * 3)))
    grpc = {name: ports[name][1] for name in names}
    kv_words, made_links = decodes_behind(links, ports, kv, kv_reached)
    workers = instances("prefill", [grpc["prefill"]]) + instances("decode", [grpc["decode-1"], grpc["decode-2"]])

    def service(name, role, *words):
        return factory.make(name, role, *ports[name][:2], *words)

    made = [
        service("draft", "draft"),
        service("expert", "expert", *EXPERT),
        service("prefill", "prefill", *prefill_words([grpc["expert"]])),
        *(service(name, "decode", *decode_words(ports[name][2], grpc["draft"], [grpc["expert"]]), *words) for name, words in kv_words.items()),
        service("gateway", "gateway", *gateway_words(REQUEST_TIMEOUT), *workers),
        service("hasty", "gateway", *gateway_words(HASTY_TIMEOUT), *workers),
    ]
    return made, made_links


def decodes_behind(links, ports, kv, kv_reached):
    """By name of the two decodes: words that have the first take KV over gRPC and the second over a KV link, too; and what links lead there, from the last of its ports."""
    words = {
        "decode-1": ["--andante.decode.kv-link=off"],
        "decode-2": [f"--andante.decode.kv-link-port={kv}", f"--andante.decode.kv-link-advertised-port={kv_reached}"],
    }
    ways = {name: [links.link(ports[name][2], ports[name][1])] for name in words}
    ways["decode-2"].append(links.link(kv_reached, kv))
    return words, {name: Bundle(*to) for name, to in ways.items()}


def doubled(factory):
    """Two services of each role, the gateways' last, so that one of each can always serve."""
    roles = ("draft", "expert", "prefill", "decode", "gateway")
    names = [(f"{role}-{i}", role) for role in roles for i in (1, 2)]
    ports = dict(zip(names, zip(*[iter(free_ports(2 * len(names)))] * 2)))
    grpc = {role: [ports[name, of][1] for name, of in names if of == role] for role in roles}
    words = {
        "draft": lambda i: [],
        "expert": lambda i: EXPERT,
        "prefill": lambda i: prefill_words(grpc["expert"]),
        "decode": lambda i: decode_words(grpc["decode"][i], grpc["draft"][i], grpc["expert"]),
        "gateway": lambda i: [*gateway_words(REQUEST_TIMEOUT), *instances("prefill", grpc["prefill"]), *instances("decode", grpc["decode"])],
    }
    return [factory.make(name, role, *ports[name, role], *words[role](int(name[-1]) - 1)) for name, role in names]


def narrow(factory, links, delay, concurrent, queued, queue_timeout):
    """One of each that is needed, decode so many seconds from its experts, room for as many answers as the gateway lets in, and tenants that name themselves."""
    names = ("expert", "prefill", "decode", "gateway")
    ports = dict(zip(names, zip(*[iter(free_ports(3 * len(names)))] * 3)))
    links.link(ports["expert"][2], ports["expert"][1]).slow(delay, 0)
    admission = "--andante.gateway.admission"
    words = {
        "expert": EXPERT,
        "prefill": [*ENGINE, "--andante.prefill.transfer-timeout=5s"],
        "decode": [*ENGINE, f"--andante.decode.expert-addresses={local([ports['expert'][2]])}"],
        "gateway": [f"--andante.gateway.request-timeout={REQUEST_TIMEOUT:.0f}s", f"{admission}.queue-timeout={queue_timeout:.0f}s",
                    f"{admission}.max-concurrent={concurrent}", f"{admission}.max-queued={queued}", f"{admission}.control=all",
                    *instances("prefill", [ports["prefill"][1]]), *instances("decode", [ports["decode"][1]])],
    }
    return [factory.make(name, name, *ports[name][:2], *words[name]) for name in names]


def local(ports):
    return ",".join(f"127.0.0.1:{port}" for port in ports)


def instances(role, ports, host="127.0.0.1"):
    return [INSTANCES.format(role, i, host, port) for i, port in enumerate(ports)]


def prefill_words(experts, transfer=5):
    return [*ENGINE, FEW_BLOCKS, f"--andante.prefill.expert-addresses={local(experts)}", "--andante.prefill.expert-deadline=2s", f"--andante.prefill.transfer-timeout={transfer}s"]


def decode_words(kv, draft, experts):
    addresses = (f"--andante.decode.kv-address={local([kv])}", f"--andante.decode.draft-address={local([draft])}")
    return [*ENGINE, FEW_BLOCKS, *addresses, f"--andante.decode.expert-addresses={local(experts)}", "--andante.decode.expert-deadline=2s"]


def gateway_words(timeout):
    return [f"--andante.gateway.request-timeout={timeout * 1000:.0f}ms", "--andante.gateway.admission.queue-timeout=5s"]


class Mesh:
    """Context: starts all services, and ends all of them whatever happens."""

    def __init__(self, folder, services, links=None):
        self.folder, self.links = folder, links or {}
        self.services = {service.name: service for service in services}

    def __enter__(self):
        try:
            for service in self.services.values():
                service.start()
            self.await_ready(START)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for service in self.services.values():
            service.signal(signal.SIGCONT) if service.process else None
            service.kill()

    def unready(self):
        return [name for name, service in self.services.items() if not service.ready()]

    def await_ready(self, seconds):
        end = time.monotonic() + seconds
        while waiting := self.unready():
            for service in self.services.values():
                if service.ended() is not None:
                    raise RuntimeError(f"{service.name} ended with {service.ended()}; its log: {service.log}")
            if time.monotonic() > end:
                raise RuntimeError(f"not ready after {seconds:.0f} s: {', '.join(waiting)}; logs: {self.folder}")
            time.sleep(0.1)

    def held(self):
        """What services still hold for requests, in words; nothing at idle."""
        found = []
        for name, service in self.services.items():
            status, text = service.get("/metrics")
            if status != 200:
                found.append(f"{name} does not tell its metrics")
                continue
            found += [f"{name} {metric} {value:g}" for metric, value in figures(text) if value != 0]
        return found


HELD = ("vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc", "andante_kv_parked_bytes", "andante_admission_running", "andante_admission_queued")


def figures(text):
    """Of a Prometheus page, the gauges of what is held."""
    for line in text.splitlines():
        name = line.partition("{")[0].partition(" ")[0]
        if name in HELD:
            yield name, float(line.rsplit(" ", 1)[1])


def used_kib(told):
    """Of what jcmd says of a heap's generations."""
    return sum(int(used) for used in re.findall(r"total \d+K, used (\d+)K", told.partition("Metaspace")[0]))
