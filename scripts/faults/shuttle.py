"""A link between two network namespaces that loses packets, is slow and far: carries what comes out of one TUN device into the other.

For kernels without `tc netem`. Needs Linux, root and /dev/net/tun, nothing else; the namespaces are this process's own and end with it.
"""

import ctypes
import fcntl
import heapq
import os
import selectors
import shutil
import struct
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

NEAR, FAR = "10.231.77.1", "10.231.77.2"  # addresses of the two ends
CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
DEVICE, MTU = "lossy", 1500
BACKLOG = 256 << 10  # bytes that wait for their turn each way; what comes on top is dropped, as a router does


def missing():
    """What this machine lacks for it, in words; nothing if it has all."""
    if os.geteuid() != 0:
        return "root"
    if not Path("/dev/net/tun").exists():
        return "/dev/net/tun"
    if shutil.which("ip") is None:
        return "the command ip"
    probe = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x40000000))"
    if subprocess.run(["python3", "-c", probe], check=False).returncode != 0:
        return "the right to make network namespaces"
    return ""


class Lane:
    """One direction: says which packets arrive, and when. Knows no clock."""

    def __init__(self, random):
        self.random = random
        self.counts = Counter()
        self.free, self.waiting, self.backlog = 0.0, [], 0
        self.heal()

    def heal(self):
        self.delay, self.rate, self.loss = 0.0, 0, 0.0

    def spoil(self, delay, rate, loss):
        """Seconds each way, bytes a second (0: no limit) and the share of packets that are lost, of what comes from now on."""
        self.delay, self.rate, self.loss = delay, rate, loss

    def offer(self, now, packet):
        self.counts["packets"] += 1
        if self.random.random() < self.loss:
            self.counts["lost"] += 1
        elif self.backlog + len(packet) > BACKLOG:
            self.counts["dropped"] += 1
        else:
            self.free = max(now, self.free) + (len(packet) / self.rate if self.rate else 0)
            self.backlog += len(packet)
            heapq.heappush(self.waiting, (self.free + self.delay, self.counts["packets"], packet))

    def due(self, now):
        """What arrives by now, in the order in which it left."""
        while self.waiting and self.waiting[0][0] <= now:
            packet = heapq.heappop(self.waiting)[2]
            self.backlog -= len(packet)
            yield packet

    def next(self):
        """When the next packet arrives; None: none is under way."""
        return self.waiting[0][0] if self.waiting else None


class Shuttle:
    """Context: this process moves to a namespace of its own, in which it has the address NEAR; `far` makes a child one of the other namespace's. Enter it before there are other threads."""

    def __init__(self, random):
        self.lanes = [Lane(type(random)(random.getrandbits(64))) for _ in range(2)]
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.carry, name="shuttle", daemon=True)

    def __enter__(self):
        unshare()
        self.ends = [device(NEAR)]
        maker = threading.Thread(target=self.make_far)  # a thread has its own network namespace
        maker.start()
        maker.join(20)
        self.thread.start()
        return self

    def make_far(self):
        unshare()
        self.ends.append(device(FAR))
        self.namespace = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def far(self):
        """For a child before it becomes another program."""
        check(ctypes.CDLL(None, use_errno=True).setns(self.namespace, CLONE_NEWNET), "setns")

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join(10)
        for end in (*self.ends, self.namespace):
            os.close(end)

    def spoil(self, delay, rate, loss):
        for lane in self.lanes:
            lane.spoil(delay, rate, loss)

    def heal(self):
        for lane in self.lanes:
            lane.heal()

    def counts(self):
        return self.lanes[0].counts + self.lanes[1].counts

    def carry(self):
        with selectors.DefaultSelector() as selector:
            for number, end in enumerate(self.ends):
                selector.register(end, selectors.EVENT_READ, number)
            while not self.ended.is_set():
                now = time.monotonic()
                due = [at for at in (lane.next() for lane in self.lanes) if at is not None]
                for key, _ in selector.select(max(0, min([0.1, *(at - now for at in due)]))):
                    for packet in packets(key.fd):
                        self.lanes[key.data].offer(time.monotonic(), packet)
                for number, lane in enumerate(self.lanes):
                    for packet in lane.due(time.monotonic()):
                        os.write(self.ends[1 - number], packet)


def packets(end):
    try:
        while packet := os.read(end, 2 * MTU):
            yield packet
    except BlockingIOError:
        return


def unshare():
    check(ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET), "unshare")


def check(status, call):
    if status != 0:
        raise OSError(ctypes.get_errno(), f"{call}: {os.strerror(ctypes.get_errno())}")


def device(address):
    """A TUN device in this thread's namespace, up, with that address; answers its file."""
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    for words in ("link set lo up", f"address add {address}/24 dev {DEVICE}", f"link set {DEVICE} mtu {MTU} up"):
        subprocess.run(["ip", *words.split()], check=True)
    return end
