"""Downloads with a progress bar and resume, the disk check before them, and what is said when the disk refuses. Standard library only."""

import contextlib
import errno
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request

TRIES = 5
TIMEOUT = 60  # seconds without a byte
ELSEWHERE = "choose another place: ANDANTE_CACHE=/some/folder ./andante …"


class Problem(Exception):
    """A failure in words a user can act on: what happened, then what to do next."""

    def __init__(self, what, *next_steps):
        super().__init__(what)
        self.next_steps = next_steps

    def show(self):
        print(f"andante: {self}", file=sys.stderr)
        for step in self.next_steps:
            print(f"  → {step}", file=sys.stderr)


class Progress:
    """A bar on a terminal, a line every ten seconds elsewhere; total may be unknown (None)."""

    def __init__(self, label, total, done=0):
        self.label, self.total, self.done = label, total, done
        self.terminal = sys.stderr.isatty()
        self.shown = time.monotonic()

    def __enter__(self):
        return self

    def add(self, count):
        self.done += count
        now = time.monotonic()
        if now - self.shown >= (0.1 if self.terminal else 10):
            self.shown = now
            self.line()

    def line(self, end=""):
        text = f"  {self.label}: {self.done / 1e6:.0f}"
        if self.total:
            share = min(1.0, self.done / self.total)
            bar = "█" * int(24 * share)
            text = f"  {self.label} {bar:░<24} {self.done / 1e6:.0f}/{self.total / 1e6:.0f}"
        text += " MB"
        print(f"\r\033[K{text}{end}" if self.terminal else text, end="" if self.terminal else "\n", file=sys.stderr, flush=True)

    def __exit__(self, *_):
        if self.terminal:
            self.line("\n")


def need_disk(folder, size, what):
    free = shutil.disk_usage(folder).free
    if free < size:
        raise Problem(
            f"{what} needs {size >> 20} MiB in {folder}, and {free >> 20} MiB are free",
            f"free some space there, or {ELSEWHERE}",
        )


def problem_of(error):
    """What the operating system refused, in words a user can act on."""
    reason, file = error.strerror or str(error), error.filename2 or error.filename
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):  # of copytree: a list of (source, target, reason)
        _, file, reason = error.args[0][0]
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in reason:
        return Problem(f"the disk is full{f' while writing {file}' if file else ''}", f"free some space and run the command again, or {ELSEWHERE}")
    return Problem(f"cannot use {file}: {reason}" if file else reason, "check that place and its permissions", f"for models and logs, {ELSEWHERE}")


@contextlib.contextmanager
def saying_what_the_disk_refuses():
    try:
        yield
    except OSError as error:
        raise problem_of(error) from error


def download(url, part):
    """Fetches url into the file `part`, going on from what an earlier try left there."""
    for attempt in range(1, TRIES + 1):
        try:
            return fetch(url, part)
        except urllib.error.HTTPError as error:
            if error.code == 416:  # what is there is not a beginning of what the server has
                part.unlink(missing_ok=True)
            elif error.code < 500:
                raise Problem(f"{url} answers {error.code} {error.reason}", "check the address") from error
            reason = error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT) or error.filename == str(part):  # here, not on the way
                raise problem_of(error) from error
            reason = error
        if attempt < TRIES:
            print(f"  interrupted ({reason}); going on in {attempt} s", file=sys.stderr)
            time.sleep(attempt)
    raise Problem(f"{url} could not be downloaded: {reason}", "check the network and run the command again; it goes on where it stopped")


def fetch(url, part):
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "andante"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        if have and answer.status != 206:  # the server begins again, so do we
            have = 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        if length:
            need_disk(part.parent, int(length), url)
        with part.open("ab" if have else "wb") as file, Progress(part.name.removesuffix(".part"), total, have) as progress:
            while block := answer.read(1 << 16):
                file.write(block)
                progress.add(len(block))
    if total is not None and part.stat().st_size < total:
        raise socket.timeout(f"{part.stat().st_size} of {total} bytes arrived")
