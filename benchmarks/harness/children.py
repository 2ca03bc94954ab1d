"""Child processes that always end: when told to, when the benchmark fails, is interrupted or killed, and when a deadline passes."""

import atexit
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time

RUNNING = []  # children that have not been stopped
PR_SET_PDEATHSIG = 1


class Failure(Exception):
    """Something that this run cannot go on without, or one measure cannot; the text says what and where to look."""


def tell(text):
    print(text, file=sys.stderr, flush=True)


def fresh_logs(folder):
    """Makes the folder, without logs of earlier runs: what a failure quotes is of this one."""
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        if name.endswith(".log"):
            os.remove(os.path.join(folder, name))


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """A process in a session of its own: a Ctrl-C reaches the benchmark alone, which then stops its children."""

    def __init__(self, name, command, log, env=None, stdin=subprocess.DEVNULL, stdout=None):
        self.name, self.log = name, log
        tail = {"preexec_fn": _die_with_parent} if sys.platform == "linux" else {}
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(
                [str(word) for word in command], env={**os.environ, **(env or {})}, stdin=stdin, stdout=stdout or errors,
                stderr=errors, start_new_session=True, **tail)
        self.pid = self.process.pid
        RUNNING.append(self)

    def alive(self):
        return self.process.poll() is None

    def stop(self, patience=10):
        """Asks it to end, then kills what is left of its session; safe to call again."""
        if self in RUNNING:
            RUNNING.remove(self)
        if self.alive():
            self.process.terminate()
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)  # the session's id is the child's; what it started has it, too
        except (ProcessLookupError, PermissionError):
            pass
        self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass

    def last_words(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as text:
                return "".join(text.readlines()[-8:]).strip()
        except OSError:
            return ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Worker(Child):
    """A child that answers each line on its standard input with one JSON line on its standard output."""

    def __init__(self, name, command, log, env=None):
        super().__init__(name, command, log, env, subprocess.PIPE, subprocess.PIPE)
        self.buffer = b""

    def ask(self, question, seconds):
        """The answer; Failure when it is an error, does not come in time, or the worker is gone (then it is stopped)."""
        try:
            self.process.stdin.write(question.encode() + b"\n")
            self.process.stdin.flush()
            answer = self._answer(time.monotonic() + seconds)
        except TimeoutError:
            self.stop(1)
            raise Failure(f"{self.name} did not answer '{question}' within {seconds:.0f} s and was stopped") from None
        except (OSError, ValueError, EOFError):
            self.stop()
            raise Failure(f"{self.name} ended at '{question}': {self.last_words() or 'no word'}") from None
        if "error" in answer:
            raise Failure(f"{self.name}: {answer['error']}")
        return answer

    def _answer(self, deadline):
        pipe = self.process.stdout.fileno()
        while True:
            while b"\n" in self.buffer:
                line, self.buffer = self.buffer.split(b"\n", 1)
                if line.startswith(b"{"):
                    return json.loads(line)
            ready, _, _ = select.select([pipe], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            piece = os.read(pipe, 65536)
            if not piece:
                raise EOFError
            self.buffer += piece


def output_of(name, command, seconds, log, env=None):
    """Runs a command to its end and returns what it printed; Failure if it fails or takes longer."""
    child = Child(name, command, log, env, stdout=subprocess.PIPE)
    try:
        printed, _ = child.process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Failure(f"{name} took more than {seconds:.0f} s and was stopped") from None
    finally:
        child.stop(1)
    if child.process.returncode:
        raise Failure(f"{name} failed ({child.process.returncode}): {child.last_words()}")
    return printed.decode(errors="replace")


def stop_all():
    for child in list(reversed(RUNNING)):
        try:
            child.stop(3)
        except subprocess.TimeoutExpired:
            tell(f"{child.name} (pid {child.pid}) did not end")


def _interrupt(number, _):
    raise SystemExit(128 + number)


def guard():
    """From now on every end of this process but SIGKILL runs through `stop_all`; SIGKILL ends the children by the kernel."""
    atexit.register(stop_all)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
