"""The summary counts what the reports hold, and a run without results is a failure."""

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path

import report

REPORT = """<testsuite><testcase classname="a.BTest" name="ok"/>
<testcase classname="a.BTest" name="bad"><failure message="expected 1&#10;but was 2"/></testcase>
<testcase classname="a.BTest" name="broken"><error>java.lang.NullPointerException&#10;&#9;at a.B</error></testcase>
<testcase classname="a.BTest" name="later"><skipped message="no GPU"/></testcase></testsuite>"""


class SummaryTest(unittest.TestCase):
    def run_summary(self, text=None, since=0.0):
        with tempfile.TemporaryDirectory() as root:
            folder = Path(root) / "core/x/target/surefire-reports"
            folder.mkdir(parents=True)
            if text is not None:
                (folder / "TEST-a.BTest.xml").write_text(text)
                os.utime(folder / "TEST-a.BTest.xml", (1000, 1000))
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                status = report.summary(Path(root), since)
            return status, out.getvalue()

    def test_counts_and_reasons(self):
        status, text = self.run_summary(REPORT)
        self.assertEqual(status, 1)
        self.assertTrue(text.endswith("1 passed, 2 failed, 1 skipped\n"), text)
        self.assertIn("1 × no GPU\n      BTest.later\n", text)
        self.assertIn("BTest.bad: expected 1\n", text)
        self.assertIn("BTest.broken: java.lang.NullPointerException\n", text)

    def test_skipped_tests_stand_under_their_reason(self):
        aborted = "org.opentest4j.TestAbortedException"
        cases = [f'<testcase classname="a.C" name="n{i}"><skipped>{aborted}: Assumption failed: needs a GPU: none\n\tat a.C.m(C.java:1)</skipped></testcase>'
                 for i in range(20)]  # fmt: skip
        cases.append(f'<testcase classname="a.C" name="x"><skipped>{aborted}: \nassumption was not met due to: [no compiler]\n\tat a.C</skipped></testcase>')
        status, text = self.run_summary(f'<testsuite><testcase classname="a.C" name="ok"/>{"".join(cases)}</testsuite>')
        self.assertEqual(status, 0)
        self.assertIn("  20 × needs a GPU: none\n      C.n0, C.n1, ", text)
        self.assertIn("C.n11 and 8 more\n", text)
        self.assertIn("  1 × assumption was not met due to: [no compiler]\n      C.x\n", text)
        self.assertTrue(text.endswith("1 passed, 0 failed, 21 skipped\n"), text)

    def test_a_class_that_ran_nothing_is_skipped(self):
        status, text = self.run_summary('<testsuite name="a.b.CudaTest" tests="0"><properties/></testsuite>')
        self.assertIn("the whole class: what it needs is not here\n      CudaTest\n", text)
        self.assertTrue(text.endswith("0 passed, 0 failed, 1 skipped\n"))
        self.assertEqual(status, 1)  # and a run in which nothing passed is a failure

    def test_reports_of_an_earlier_run_do_not_count(self):
        status, text = self.run_summary(REPORT, since=2000)
        self.assertEqual((status, text), (1, "0 passed, 0 failed, 0 skipped\n"))

    def test_nothing_and_half_a_report_are_failures(self):
        self.assertEqual(self.run_summary()[0], 1)
        self.assertIn("unreadable", self.run_summary("<testsuite><testc")[1])

    def test_follow_shows_classes_and_errors(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            report.follow(
                [
                    "[INFO] Building Andante :: engine 0.1.0-SNAPSHOT                  [12/19]\n",
                    "[WARNING] Tests run: 3, Failures: 0, Errors: 1, Skipped: 1, Time elapsed: 0.1 s -- in dev.andante.ATest\n",
                    "[INFO] noise\n",
                    "[ERROR] something broke\n",
                ]
            )
        self.assertIn("engine [12/19]", out.getvalue())
        self.assertIn("ATest: 3 run, 1 FAILED, 1 skipped (0.1 s)", out.getvalue())
        self.assertIn("something broke", out.getvalue())
        self.assertNotIn("noise", out.getvalue())


if __name__ == "__main__":
    unittest.main()
