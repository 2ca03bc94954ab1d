#!/usr/bin/env python3
"""Makes the output of a test run readable.

follow:  reads Maven's output and passes on one line a module and a test class, and what went wrong.
summary: counts the results in the surefire reports, lists failures, and skipped tests by their reasons.
"""

import argparse
import re
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

MODULE = re.compile(r"\[INFO\] Building Andante(?: :: (\S+))?.*\[(\d+/\d+)\]")
CLASS = re.compile(r"\[\w+\] Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+), Time elapsed: ([\d.]+ s).* -- in (\S+)")
SKIP = re.compile(r"^(org\.opentest4j\.TestAbortedException:? ?)?(Assumption failed: )?")
SHOWN = 12  # names of skipped tests with the same reason
BROKEN = re.compile(r"\[ERROR\]")


def follow(lines):
    begin, errors = time.monotonic(), 0
    for line in lines:
        if match := MODULE.search(line):
            print(f"{time.monotonic() - begin:5.0f} s  {match[1] or 'parent'} [{match[2]}]", flush=True)
        elif match := CLASS.search(line):
            run, failures, broken, skipped, took, name = match.groups()
            bad = int(failures) + int(broken)
            notes = (f", {bad} FAILED" if bad else "") + (f", {skipped} skipped" if skipped != "0" else "")
            print(f"           {name.rsplit('.', 1)[-1]}: {run} run{notes} ({took})", flush=True)
        elif BROKEN.match(line):
            errors += 1
            if errors <= 40:
                print(line.rstrip(), flush=True)


class Totals:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], []

    def add(self, report):
        suite = ElementTree.parse(report).getroot()
        cases = list(suite.iter("testcase"))
        for case in cases:
            name = f"{case.get('classname', '').rsplit('.', 1)[-1]}.{case.get('name')}"
            bad = case.find("failure") if case.find("failure") is not None else case.find("error")
            skip = case.find("skipped")
            if bad is not None:
                self.failed.append((name, reason(bad)))
            elif skip is not None:
                self.skipped.append((name, reason(skip)))
            else:
                self.passed += 1
        if not cases:  # surefire counts nothing for a class whose @BeforeAll gave up
            self.skipped.append((suite.get("name", report.stem).rsplit(".", 1)[-1], "the whole class: what it needs is not here"))


def reason(element):
    """The first words of a message, however far below they stand; without what only says that a test was skipped."""
    lines = [SKIP.sub("", line.strip()) for line in (element.get("message") or element.text or "").splitlines()]
    return next((line for line in lines if line and not line.startswith("at ")), "no reason given")[:200]


def reports(root, since):
    places = ("*/target/surefire-reports", "core/*/target/surefire-reports", "target/launcher-reports")
    found = [path for place in places for path in sorted(root.glob(f"{place}/TEST-*.xml"))]
    return [path for path in found if path.stat().st_mtime >= since]


def grouped(entries):
    """Names by their reason, in the order in which the reasons came."""
    groups = {}
    for name, why in entries:
        groups.setdefault(why, []).append(name)
    return groups


def summary(root, since):
    totals = Totals()
    for report in reports(root, since):
        try:
            totals.add(report)
        except ElementTree.ParseError as error:
            totals.failed.append((report.name, f"unreadable report, the tests may have been killed: {error}"))
    if totals.skipped:
        print("Skipped:")
    for why, names in grouped(totals.skipped).items():
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        print(f"  {len(names)} × {why}\n      {', '.join(names[:SHOWN])}{more}")
    if totals.failed:
        print("Failed:")
    for name, why in totals.failed:
        print(f"  {name}: {why}")
    print(f"{totals.passed} passed, {len(totals.failed)} failed, {len(totals.skipped)} skipped")
    return 1 if totals.failed or not totals.passed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["follow", "summary"])
    parser.add_argument("root", nargs="?", type=Path, default=Path("."))
    parser.add_argument("--since", type=float, default=0)
    args = parser.parse_args()
    if args.command == "follow":
        follow(sys.stdin)
        return 0
    return summary(args.root, args.since)


if __name__ == "__main__":
    sys.exit(main())
