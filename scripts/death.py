#!/usr/bin/env python3
"""Says why a service ended, from its log: the first error in a few lines, and what to do next.

Prints to standard error what `./andante up` shows. The log of a JVM is mostly stack frames; what a reader needs is the
message above them and the last cause below them.
"""

import re
import sys
from pathlib import Path

LINES, WIDTH = 14, 600  # shown at most
READ = 1 << 22  # bytes of the log's end that are looked at
ENTRY = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*\s+(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b")
SPRING = "APPLICATION FAILED TO START"
REFUSED = "Could not create the Java Virtual Machine"
PLAIN = re.compile(
    r"Exception in thread|Caused by: |Error: |Error occurred during initialization|Unrecognized (VM )?option|OutOfMemoryError"
    r"|insufficient memory for the Java Runtime|A fatal error has been detected by the Java Runtime"
)
FRAME = re.compile(r"\s+at \S+\(|\s+\.\.\. \d+ (more|common frames)|\s*\**\s*$|#\s*$|arguments: ")
MACHINE = (  # looked for in the whole log
    (
        r"java\.lang\.OutOfMemoryError|insufficient memory|Cannot allocate memory",
        "it ran out of memory: free some, or give it more heap, as in ANDANTE_JAVA_OPTS=-Xmx2g ./andante up",
    ),
    (r"Address already in use|Port \d+ was already in use", "a port is taken: choose another one with ./andante up --port N"),
    (r"No space left on device", "the disk is full: free some space and try again"),
    (
        REFUSED,
        "the JVM refused an option: see ANDANTE_JAVA_OPTS, and that JAVA_HOME is an OpenJDK of 25 or newer",
    ),
    (r"A fatal error has been detected by the Java Runtime", "the JVM itself broke: the report it names in its log says where"),
)
ASKED = (  # looked for in the first error
    (
        r"unknown configuration keys|APPLICATION FAILED TO START|no backend '|must be ",
        "if it is a setting behind `--`: docs/configuration.md lists them all",
    ),
    (r"cannot load the model", "choose another model (./andante model list), or fetch it again (./andante model pull …)"),
)
KILLED = (
    "it ended without a word, so it was killed: by hand, or by the kernel when memory ran out (dmesg | grep -i kill)",
    "if it was memory: stop other programs, or take less of it: ./andante up -- --andante.engine.kv-memory=128MB",
)


def cause(lines):
    """The lines that say what went wrong, without stack frames; none if the log tells of no error."""
    begin = next((i for i, line in enumerate(lines) if SPRING in line), None)
    if begin is None:
        begin = next((i for i, line in enumerate(lines) if (entry := ENTRY.match(line)) and entry[1] in ("ERROR", "FATAL")), None)
    if begin is None:
        begin = next((i for i, line in enumerate(lines) if PLAIN.search(line) and not FRAME.match(line)), None)
    if begin is None:
        return []
    refused = REFUSED in lines[begin]
    while refused and begin and not (ENTRY.match(lines[begin - 1]) or FRAME.match(lines[begin - 1])):
        begin -= 1  # the JVM says first what it refuses
    end = next((i for i in range(begin + 1, len(lines)) if ENTRY.match(lines[i])), len(lines))
    block = [message(line) for line in lines[begin:end] if not FRAME.match(line)]
    if len(block) > LINES:  # the last cause is the one nearest to what happened
        last = next((line for line in reversed(block) if line.startswith("Caused by: ")), block[-1])
        block = [*block[: LINES - 2], "…", last]
    return [line if len(line) <= WIDTH else line[:WIDTH] + "…" for line in block]


def message(line):
    """A log line without its time, process and thread."""
    return line.split(" : ", 1)[-1] if ENTRY.match(line) else line


def steps(text, found, service):
    for table, where in ((MACHINE, text), (ASKED, "\n".join(found))):
        for pattern, words in table:
            if re.search(pattern, where):
                return [words, f"the whole log: ./andante logs {service}"]
    return [*(() if found else KILLED), f"the whole log: ./andante logs {service}"]


def tail(path):
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - READ))
            return file.read(READ).decode("utf-8", "replace")
    except OSError as error:
        return f"Error: the log cannot be read: {error}"


def main():
    service, log = sys.argv[1], Path(sys.argv[2])
    text = tail(log)
    lines = text.splitlines()
    found = cause(lines)
    shown = found or [line[:WIDTH] for line in lines[-5:]]
    print(f"andante: {service} ended while starting; {'its log says' if found else 'the last lines of its log'}:", file=sys.stderr)
    for line in shown:
        print(f"    {line}", file=sys.stderr)
    for step in steps(text, found, service):
        print(f"  → {step}", file=sys.stderr)


if __name__ == "__main__":
    main()
