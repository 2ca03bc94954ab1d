#!/usr/bin/env python3
"""Runs the launcher's tests, a few classes at a time as they mostly wait, and leaves a report in surefire's format in the folder given."""

import concurrent.futures
import io
import os
import sys
import time
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
AT_ONCE = max(2, min(4, os.cpu_count() or 1))  # processes; more would wait for a processor instead


class Recorder(unittest.TextTestResult):
    """Notes of each test what surefire's report says: (class, name, seconds, kind of failure or None, message)."""

    def startTestRun(self):
        super().startTestRun()
        self.cases, self.begin = [], time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()

    def note(self, test, kind=None, message=""):
        self.cases.append((type(test).__name__, test.id().rsplit(".", 1)[-1], time.monotonic() - self.begin, kind, str(message)))

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "failure", err[1])

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, "error", err[1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.note(test, "failure", f"{subtest.params}: {err[1]}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped", reason)


def run_class(name):
    """Runs the tests of MODULE.CLASS; answers whether they passed, what came of each, and what unittest has to say."""
    said = io.StringIO()
    result = unittest.TextTestRunner(stream=said, resultclass=Recorder, verbosity=0).run(unittest.defaultTestLoader.loadTestsFromName(name))
    return result.wasSuccessful(), result.cases, said.getvalue()


def prepare():
    for folder in (HERE, HERE.parent):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))


def classes():
    """MODULE.CLASS of all there are."""

    def tests(suite):
        for test in suite:
            yield from tests(test) if isinstance(test, unittest.TestSuite) else (test,)

    found = unittest.defaultTestLoader.discover(str(HERE), top_level_dir=str(HERE))
    if unittest.defaultTestLoader.errors:
        sys.exit("\n".join(unittest.defaultTestLoader.errors))
    return list(dict.fromkeys(f"{type(test).__module__}.{type(test).__name__}" for test in tests(found)))


def write(cases, folder):
    suite = ElementTree.Element("testsuite", name="launcher", tests=str(len(cases)))
    for name, test, took, kind, message in cases:
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=test, time=f"{took:.3f}")
        if kind:
            ElementTree.SubElement(case, kind, message=message)
    folder.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(folder / "TEST-launcher.xml", encoding="utf-8")


def main():
    begin, cases, passed = time.monotonic(), [], True
    prepare()
    with concurrent.futures.ProcessPoolExecutor(AT_ONCE, initializer=prepare) as pool:
        for well, noted, said in pool.map(run_class, classes()):
            cases += noted
            passed &= well
            if not well:
                print(said, file=sys.stderr, flush=True)
    write(cases, Path(sys.argv[1]))
    print(f"Ran {len(cases)} tests in {time.monotonic() - begin:.0f} s", file=sys.stderr)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
