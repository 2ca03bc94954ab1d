"""Both sides of `./andante bench qoe` with a fake load generator: what is put on whom, and what is made of it."""

import contextlib
import io
import json
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import qoe  # noqa: E402


def line(v2, completed=10):
    times = {"p50": 1000.0, "p99": 2000.0}
    return {"benchmark": "load", "requests": 10, "completed": completed, "seconds": 5.0, "mean_qoe_v1": v2, "mean_qoe_v2": v2, "share_qoe_95": v2,
            "tokens_per_s": 100.0, "ttft_ms": times, "tbt_ms": times}


class Side:
    def __init__(self, side):
        self.side = side

    def log(self):
        return f"{self.side}.log"


class Stage:
    """Ours is twice as good, and as fast."""

    def __init__(self, a):
        self.a, self.asked, self.sides = a, [], [Side("qoe"), Side("fcfs")]

    def load(self, side, name, *options):
        self.asked.append((name, options))
        return line(0.8 if side.side == "qoe" else 0.4, 10 if side.side == "qoe" else 8)


def parse(*words):
    with contextlib.redirect_stderr(io.StringIO()):
        return qoe.arguments(["--model", __file__, *words])


class QoeBenchTest(unittest.TestCase):
    def setUp(self):
        usage = mock.patch.object(qoe.machine, "Usage", lambda pids: mock.Mock(others=lambda: 0))
        usage.start()
        self.addCleanup(usage.stop)

    def test_both_get_the_same_in_turns(self):
        stage = Stage(parse("--rates", "1,2", "--rounds", "2", "--seconds", "80"))
        found = list(qoe.measures(stage, stage.a, 3.0))
        self.assertEqual([one["side"] for one in found], ["qoe", "fcfs", "fcfs", "qoe"] * 2)
        for i in range(0, len(found), 2):
            self.assertEqual(stage.asked[i][1], stage.asked[i + 1][1])
        self.assertEqual(stage.asked[2][1], ("--rate", 6.0, "--duration", 10.0, "--seed", 1))
        self.assertEqual(stage.asked[4][1][-1], 2)  # another round, other arrivals
        json.dumps(found)

    def test_what_keeps_up_is_the_better_of_both(self):
        stage = Stage(parse())
        self.assertEqual(qoe.saturation(stage, 5), 2.0)  # 10 completed in 5 s
        stage.load = lambda *_: line(0, 0)
        with self.assertRaisesRegex(qoe.Failure, "completed nothing"):
            qoe.saturation(stage, 5)

    def test_the_table_and_the_page_have_both(self):
        stage = Stage(parse("--rates", "1,2"))
        found = list(qoe.measures(stage, stage.a, 3.0))
        rows = list(qoe.rows(found))
        self.assertEqual(rows[0], "| qoe / fcfs | 1 | 2 |")
        self.assertIn("| QoE v2 | 0.80 / 0.40 | 0.80 / 0.40 |", rows)
        self.assertIn("| not completed | 0 / 2 | 0 / 2 |", rows)
        page = qoe.report({"saturation_rate": 3.0, "text": "<b>"}, found)
        self.assertNotIn("<b>", page)
        svg = ElementTree.fromstring(page[page.index("<svg"):page.index("</svg>") + 6])
        titles = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
        for name, _, _ in qoe.FIGURES:
            self.assertIn(name, titles)

    def test_a_run_that_was_cut_off_has_a_table_too(self):
        stage = Stage(parse("--rates", "1,2"))
        found = list(qoe.measures(stage, stage.a, 3.0))[:3]
        self.assertIn("| QoE v1 | 0.80 / 0.40 | – / 0.40 |", list(qoe.rows(found)))

    def test_sides_differ_in_their_policy_alone(self):
        a = parse("--ours", "andante.gateway.admission.reject-when-late=on")
        with mock.patch.object(qoe.Reading, "start"):
            ours, theirs = qoe.Stage(a).sides
        self.assertEqual(set(ours.options) - set(theirs.options), {"andante.engine.policy=qoe", "andante.gateway.admission.reject-when-late=on"})
        self.assertEqual(set(theirs.options) - set(ours.options), {"andante.engine.policy=fcfs"})
        self.assertEqual(qoe.last_of_each_key("a=1", "b=2", "a=3=4"), ("a=3=4", "b=2"))

    def test_others_are_refused(self):
        for words in (["--rates", "x"], ["--rates", "0"], ["--rates", ""], ["--seconds", "5"], ["--rounds", "0"], ["--ours", "x"], ["--model", "nowhere"]):
            with self.subTest(words), self.assertRaises(SystemExit) as end:
                parse(*words)
            self.assertEqual(end.exception.code, 2)


if __name__ == "__main__":
    unittest.main()
