"""Other people's processes: one busy loop on each core."""

import os
import sys

from .children import Child

LOOP = "import os, sys\nos.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"


class Neighbours:
    """Run while the block runs. Each is a session of its own, as another user's or container's process is for the scheduler."""

    def __init__(self, logs):
        self.log, self.loops = os.path.join(logs, "neighbours.log"), []

    def __enter__(self):
        for core in sorted(os.sched_getaffinity(0)):
            self.loops.append(Child(f"neighbour on core {core}", [sys.executable, "-S", "-c", LOOP, core], self.log))
        return self

    def __exit__(self, *_):
        for loop in self.loops:
            loop.stop(2)
