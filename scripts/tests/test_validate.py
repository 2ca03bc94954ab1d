"""`./andante simulate validate`: the fit of a cost model to recorded steps, and what is made of two runs."""

import contextlib
import io
import json
import random
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from unittest import mock

from checkout import LauncherTest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import validate  # noqa: E402
from harness import steps  # noqa: E402
from harness.children import Failure  # noqa: E402

MODEL = ((9e-3, 2e-4, 3e-8), (6e-3, 4e-4, 2e-7), (3e-4,))


def taken(model, count=400, seed=1):
    """Steps that take what the model says, give or take a tenth."""
    rng = random.Random(seed)
    for _ in range(count):
        decodes, prompt = rng.choice((0, 1, 3, 16)), rng.choice((0, 0, 20, 256))
        step = steps.Step(0.0, 0.0, decodes, decodes * rng.randint(20, 600), prompt, prompt * (prompt + 1) // 2 + prompt * rng.choice((0, 256)), 0)
        if decodes or prompt:
            yield step._replace(seconds=steps.predict(model, step) * rng.uniform(0.9, 1.1))


class FitTest(unittest.TestCase):
    def test_the_model_is_found_again(self):
        found = steps.fit(list(taken(MODEL, 4000)))
        for step in taken(MODEL, 50, seed=2):
            wanted = steps.predict(MODEL, step)
            self.assertLess(abs(steps.predict(found, step) / wanted - 1), 0.05, step)

    def test_nothing_is_negative_whatever_the_steps(self):
        falling = [steps.Step(0, 0.1 / (1 + s.decodes), *s[2:]) for s in taken(MODEL)]
        for part in steps.fit(falling):
            self.assertGreaterEqual(min(part), 0)

    def test_a_prompt_alone_never_has_less_of_a_constant_than_answers(self):
        prefill, decode, _ = steps.fit(list(taken(((1e-3, 2e-4, 3e-8), *MODEL[1:]))))
        self.assertEqual(prefill[0], decode[0])

    def test_a_machine_that_is_slower_for_a_while(self):
        slow = [step._replace(seconds=step.seconds * (1.3 if step.prompt else 1.1)) for step in taken(MODEL, 2000)]
        prompts, answers = found = steps.pace(MODEL, slow)
        self.assertAlmostEqual(prompts, 1.3, 1)
        self.assertAlmostEqual(answers, 1.1, 1)
        self.assertAlmostEqual(sum(steps.predict(steps.at_pace(MODEL, found), step) for step in slow) / sum(step.seconds for step in slow), 1, 1)
        self.assertEqual(steps.pace(MODEL, slow[:3]), (1, 1))

    def test_answers_beside_prompts_cost_what_they_add_there(self):
        alone, beside = (steps.predict(MODEL, steps.Step(0, 0, decodes, 0, 20, 0, 0)) for decodes in (0, 8))
        self.assertAlmostEqual(beside - alone, 8 * MODEL[2][0])
        self.assertLess(abs(steps.fit(list(taken(MODEL, 4000)))[2][0] / MODEL[2][0] - 1), 0.15)

    def test_noise_is_how_steps_of_a_load_differ_and_one_on_average(self):
        loads = [list(taken(MODEL, 4000)), [step._replace(seconds=2 * step.seconds) for step in taken(MODEL, 4000, seed=3)]]
        for factors in steps.noise(MODEL, loads):
            self.assertEqual(len(factors), 40)
            self.assertAlmostEqual(sum(factors) / 40, 1)
            self.assertEqual(factors, sorted(factors))
            self.assertAlmostEqual(factors[0], 0.9, 1)
            self.assertAlmostEqual(factors[-1], 1.1, 1)
        self.assertEqual(steps.noise(MODEL, []), ([1.0], [1.0]))
        self.assertEqual(steps.quantiles([3.0, 1.0], 4), [0.5, 0.5, 1.5, 1.5])

    def test_too_few_and_drafted_steps(self):
        with self.assertRaisesRegex(Failure, "too few"):
            steps.fit([step._replace(drafts=1) for step in taken(MODEL)])

    def test_a_step_lasts_until_the_next_unless_there_was_nothing_to_do(self):
        def event(start, seconds, thread="decode"):
            return {"values": {"startTime": f"2026-11-28T12:00:{start}+00:00", "duration": f"PT{seconds}S", "eventThread": {"javaName": thread},
                               "decodes": 1, "decodeContext": 5, "promptTokens": 0, "promptPairs": 0, "draftTokens": 0}}

        events = [event("00.000000000", 0.01), event("00.011500000", 0.01), event("01.000000000", 0.02), event("00.010500000", 0.005, "prefill")]
        found = steps.parse({"recording": {"events": events}})
        self.assertEqual([round(step.seconds, 6) for step in found], [0.0115, 0.01, 0.02, 0.005])
        self.assertAlmostEqual(steps.duration("PT1M2.5S"), 62.5)
        self.assertAlmostEqual(steps.instant("2026-11-28T12:00:00.123456789Z") % 60, 0.123456789, 5)


def run(rate, ttft=0.1):
    requests = [{"due_ms": 1000.0 * i, "whole_ms": 500.0, "tokens": 5, "tpot_ms": 100.0, "prompt_tokens": 40, "expected_ttft_s": 1.0,
                 "expected_tokens_per_s": 4.8, "outcome": "completed"} for i in range(4)]
    times = {"mean": 500.0, "p99": 600.0}
    line = {"tokens": 20, "mean_qoe_v2": 0.9, "seconds": 4.0, "ttft_ms": {"mean": 1e3 * ttft, "p99": 2e3 * ttft}, "tbt_ms": times, "whole_ms": times}
    return {"name": f"fcfs-{rate:g}", "line": line, "requests": requests, "begin": 0, "end": 1}


def compared(rate, ttft):
    return validate.compared(validate.measured(run(rate)), validate.measured(run(rate, ttft)), 0)


class CompareTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def arguments(self, *words):
        with contextlib.redirect_stderr(io.StringIO()):
            return validate.arguments(["--model", __file__, "--out", str(self.folder), *words])

    def test_errors_are_over_what_was_measured_and_aims_judge_them(self):
        real = validate.measured(run(1))
        self.assertAlmostEqual(real["tokens_per_s"], 20 / 3.5)
        self.assertAlmostEqual(real["tbt_mean"], 0.1)
        line = {**real, "ttft_mean": 0.07, "tbt_p99": 0.9}
        found = validate.compared(real, line, front=0.02)
        self.assertAlmostEqual(found["error"]["ttft_mean"], -0.1)
        self.assertEqual(found["missed"], ["tbt_p99"])
        self.assertEqual(validate.compared(real, {**real, "tokens_per_s": 0.9 * real["tokens_per_s"]}, 0)["missed"], ["tokens_per_s"])

    def test_the_simulator_gets_the_same_requests(self):
        one, asked = run(0.5), []
        (self.folder / one["name"]).mkdir()

        def output(name, command, *_):
            asked.extend(map(str, command))
            return json.dumps({"policy": "sarathi"})

        memory = mock.Mock(block=16, blocks=10)
        with mock.patch.object(validate.children, "output_of", output):
            validate.simulated(self.arguments(), one, MODEL, ([0.5, 1.5], [1.0]), memory, 2, "fcfs")
        rows = [json.loads(row) for row in (self.folder / one["name"] / "trace.jsonl").read_text().splitlines()]
        self.assertEqual([row["timestamp"] for row in rows], [0, 1000, 2000, 3000])
        self.assertEqual((rows[0]["input_length"], rows[0]["output_length"], rows[0]["hash_ids"]), (40, 5, [0, 1]))
        words = dict(zip(asked, asked[1:]))
        self.assertEqual((words["--policies"], words["--rates"], words["--kv-tokens"], words["--part-tokens"]), ("sarathi", "own", "160", "16"))
        self.assertEqual((words["--decode"], words["--beside"]), ("0.006,0.0004,2e-07", "0.0003"))
        self.assertEqual((words["--prompt-noise"], words["--answer-noise"]), ("0.5,1.5", "1"))

    def test_memory_is_that_of_the_engine_that_decodes(self):
        page = ('vllm:cache_config_info{block_size="32",engine="prefill",num_gpu_blocks="9"} 1\n'
                'vllm:cache_config_info{block_size="16",engine="decode",num_gpu_blocks="364"} 1\nvllm:prefix_cache_hits_total{engine="decode"} %d\n')
        with mock.patch.object(validate.Memory, "page", side_effect=[page % 100, page % 420]):
            memory = validate.Memory(mock.Mock())
            self.assertEqual((memory.block, memory.blocks, memory.shared_blocks(10)), (16, 364, 2))
        with mock.patch.object(validate.Memory, "page", return_value=""), self.assertRaisesRegex(Failure, "does not tell"):
            validate.Memory(mock.Mock())

    def test_curves_have_both_sides_of_each_policy(self):
        lines = [{"policy": policy, "rate": rate, **compared(rate, 0.3), "at_pace": compared(rate, 0.2)}
                 for policy in ("fcfs", "qoe") for rate in (1, 0.5)]
        svg = ElementTree.fromstring(validate.plot(lines, ["fcfs", "qoe"]))
        words = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
        for title in (*validate.TITLES.values(), "qoe simulated"):
            self.assertIn(title, words)
        self.assertEqual(validate.curves(lines, "ttft_mean")["qoe simulated"], [(0.5, 0.2), (1, 0.2)])
        self.assertEqual(validate.curves(lines, "tbt_mean")["qoe measured"][0], (0.5, 100))

    def test_the_verdict_counts_both(self):
        found = validate.verdict([{"policy": "qoe", "rate": 1.5, **compared(1, 0.2), "at_pace": compared(1, 0.1)}])
        self.assertEqual((found["aims"], found["met"], found["met_at_pace"], found["missed_at_pace"]), (7, 5, 7, {}))
        self.assertEqual(found["missed"], {"qoe 1.5": ["ttft_mean", "ttft_p99"]})

    def test_others_are_refused(self):
        for words in (["--rates", "x"], ["--rates", ""], ["--clients", "0"], ["--fit-rates", "0.5"], ["--fit-rates", ""], ["--policies", "rr"], ["--seconds", "1"], ["--model", "nowhere"]):
            with self.subTest(words), self.assertRaises(SystemExit) as end:
                self.arguments(*words)
            self.assertEqual(end.exception.code, 2)


class CommandTest(LauncherTest):
    def test_options_reach_the_script_and_help_needs_no_build(self):
        script = self.checkout.root / "benchmarks" / "validate.py"
        script.parent.mkdir(exist_ok=True)
        script.write_text("import sys\nprint('validate', *sys.argv[1:])\n")
        result = self.checkout.andante("simulate", "validate", "--help")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "validate --help\n", ""))
        model = self.checkout.model
        result = self.checkout.andante("simulate", "validate", "--model", str(model), "--rates", "1,2")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"validate --model {model} --rates 1,2\n", result.stdout)


if __name__ == "__main__":
    unittest.main()
