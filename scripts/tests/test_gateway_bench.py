"""The cost of the gateway with a fake load generator: what is subtracted from what, and which options are refused."""

import contextlib
import io
import json
import sys
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import gateway  # noqa: E402


def line(p50, p99, cpu=2.0):
    times = {"p50": p50, "p99": p99}
    return {"requests": 10, "completed": 10, "most_open": 4, "ttft_ms": times, "tbt_ms": times, "tokens_with_warm_up": 4000, "prompt_tokens_mean": 99.0,
            "costs": {"gateway": {"cpu_s": cpu, "cores": 0.5, "rss_mib": 300.0}, "client": {"cpu_s": 1.0, "cores": 0.25, "rss_mib": 100.0}}}


class Stage:
    """Answers each load with the next line and remembers what was asked."""

    def __init__(self, *lines):
        self.lines, self.asked = list(lines), []
        self.a = mock.Mock(heap="512m")

    def load(self, name, pace, *options, direct=False):
        self.asked.append((name, pace, direct, options))
        return self.lines.pop(0)


class MeasuresTest(unittest.TestCase):
    def test_what_the_gateway_adds_is_the_difference(self):
        stage = Stage(line(2.0, 5.0), line(3.5, 9.0))
        found = gateway.ttft(stage, 100, 20)
        self.assertEqual([direct for _, _, direct, _ in stage.asked], [True, False])
        self.assertEqual(stage.asked[0][3], stage.asked[1][3])  # the same load
        self.assertEqual((found["added_ms_p50"], found["added_ms_p99"]), (1.5, 4.0))
        self.assertEqual(found["cores_per_1000_tokens_s"], 0.5)  # 2 s of a core for 4,000 tokens
        self.assertEqual(found["tokens_per_s"], 1000.0)
        self.assertIn("adds p50 1.50 ms", gateway.row(found))

    def test_so_many_streams_are_open_on_average(self):
        stage = Stage(line(1, 1), line(1, 1))
        gateway.ttft(stage, 1000, 20)
        options = stage.asked[0][3]
        self.assertEqual(options[options.index("--rate") + 1] * options[options.index("--output-tokens") + 1] / stage.asked[0][1], 1000)

    def test_a_prompt_costs_processor_time(self):
        stage = Stage(line(1, 1), line(1, 1, cpu=4.0))
        self.assertEqual(gateway.prompt(stage, 100_000)["core_s_per_request"], 0.5)

    def test_memory_is_that_with_all_open(self):
        found = gateway.opened(Stage(line(1, 1)), 5000)
        self.assertEqual((found["gateway_rss_mib"], found["most_open"]), (300.0, 4))
        json.dumps(found)


class ArgumentsTest(unittest.TestCase):
    def parse(self, *words):
        with contextlib.redirect_stderr(io.StringIO()):
            return gateway.arguments(["--model", __file__, *words])

    def test_lines_can_be_left_out(self):
        a = self.parse("--streams", "0", "--open", "0")
        self.assertEqual((a.streams, a.open, a.prompt), ([], 0, 100_000))

    def test_others_are_refused(self):
        for words in (["--streams", "x"], ["--streams", "-1"], ["--open", "-1"], ["--prompt", "10000000"], ["--seconds", "0"], ["--model", "nowhere"]):
            with self.subTest(words), self.assertRaises(SystemExit) as end:
                self.parse(*words)
            self.assertEqual(end.exception.code, 2)


if __name__ == "__main__":
    unittest.main()
