#!/usr/bin/env python3
"""Runs the launcher's tests and leaves a report in surefire's format in the folder given."""

import sys
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).parent


class Recorder(unittest.TextTestResult):
    def startTestRun(self):
        super().startTestRun()
        self.suite = ElementTree.Element("testsuite", name="launcher")

    def case(self, test):
        return ElementTree.SubElement(self.suite, "testcase", classname=type(test).__name__, name=test.id().rsplit(".", 1)[-1])

    def addSuccess(self, test):
        super().addSuccess(test)
        self.case(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        ElementTree.SubElement(self.case(test), "failure", message=str(err[1]))

    def addError(self, test, err):
        super().addError(test, err)
        ElementTree.SubElement(self.case(test), "error", message=str(err[1]))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        ElementTree.SubElement(self.case(test), "skipped", message=reason)


def main():
    reports = Path(sys.argv[1])
    sys.path.insert(0, str(HERE.parent))
    suite = unittest.defaultTestLoader.discover(str(HERE), top_level_dir=str(HERE))
    result = unittest.TextTestRunner(resultclass=Recorder, verbosity=1).run(suite)
    reports.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(result.suite).write(reports / "TEST-launcher.xml", encoding="utf-8")
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()
