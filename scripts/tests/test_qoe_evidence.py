"""`./andante simulate evidence`: what is run, what is read from it, and its curves."""

import io
import json
import shlex
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from contextlib import redirect_stdout
from pathlib import Path
from unittest import mock

import qoe_evidence
import qoe_plot

# Prints what the simulator would, and keeps how it was called.
SIMULATOR = """
import json, sys
words = dict(zip(sys.argv[2::2], sys.argv[3::2]))
open(sys.argv[1], "a").write(" ".join(sys.argv[2:]) + "\\n")
for rate in words["--rates"].split(","):
    qoe = min(1, (2 if words["--policies"] == "qoe" else 1) / float(rate))
    print(json.dumps({"policy": words["--policies"], "rate": float(rate), "mean_qoe_v1": qoe, "mean_qoe_v2": qoe * qoe}), flush=True)
"""


class QoeEvidenceTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.calls = self.folder / "calls"
        (self.folder / "simulator.py").write_text(SIMULATOR)

    def evidence(self, *words, simulator=None):
        simulator = simulator or shlex.join([sys.executable, str(self.folder / "simulator.py"), str(self.calls)])
        argv = ["evidence", "--out", str(self.folder / "out"), "--simulate", simulator, *words]
        said = io.StringIO()
        with mock.patch.object(sys, "argv", argv), redirect_stdout(said):
            qoe_evidence.main()
        return said.getvalue()

    def test_tables_and_what_the_aims_ask(self):
        said = self.evidence("--only", "poisson", "--requests", "10")
        self.assertIn("| `qoe` | 1.00 / 1.00 |", said)
        self.assertIn("v1: 2.00 times fcfs at 2", said)
        self.assertIn("v2: 4.00 times fcfs at 2", said)
        # 1/r falls below 0.9 between 1.1 and 1, 2/r between 2.5 and 2, on straight lines between those points
        self.assertIn("up to 2.25, fcfs up to 1.11: 2.02 times the rate", said)
        self.assertIn("--trace poisson --policies mlfq", self.calls.read_text())
        self.assertIn("--requests 10 --seed 1", self.calls.read_text())

    def test_runs_that_are_there_are_not_repeated(self):
        self.evidence("--only", "poisson")
        results = self.folder / "out" / "results.jsonl"
        lines = results.read_text().splitlines()
        self.assertEqual(len(lines), len(qoe_evidence.POLICIES) * len(qoe_evidence.RATES))
        kept = [line for line in lines if json.loads(line)["policy"] != "mlfq" or json.loads(line)["rate"] < 2]
        results.write_text("\n".join(kept) + '\n{"cut')
        self.calls.unlink()
        with mock.patch("sys.stderr", io.StringIO()):
            self.evidence("--only", "poisson")
        self.assertEqual(len(self.calls.read_text().splitlines()), 1)
        self.assertIn("--policies mlfq --rates 2,2.5,3", self.calls.read_text())

    def test_a_simulator_that_fails_ends_it(self):
        with self.assertRaisesRegex(SystemExit, "ended with 3"):
            self.evidence("--only", "parts", simulator=f"{sys.executable} -c 'raise SystemExit(3)'")

    def test_unknown_traces_are_named(self):
        with mock.patch("sys.stderr", io.StringIO()) as said, self.assertRaises(SystemExit):
            self.evidence("--only", "nothing")
        self.assertIn("there is no nothing; there are poisson", said.getvalue())

    def test_capacity(self):
        self.assertAlmostEqual(qoe_evidence.capacity([(1, 0.95), (2, 0.85)]), 1.5)
        self.assertIsNone(qoe_evidence.capacity([(1, 0.5)]))
        self.assertEqual(qoe_evidence.capacity([(1, 1), (3, 0.9)]), 3)

    def test_the_picture_has_a_line_for_each_policy_and_is_xml(self):
        self.evidence("--only", "gamma")
        svg = ElementTree.parse(self.folder / "out" / "qoe.svg").getroot()
        paths = [path for path in svg.iter("{http://www.w3.org/2000/svg}path") if path.get("stroke") == qoe_plot.COLOURS[-1]]
        self.assertEqual(len(paths), 3)  # the key and two panels
        self.assertNotEqual(paths[1].get("d"), paths[2].get("d"))


if __name__ == "__main__":
    unittest.main()
