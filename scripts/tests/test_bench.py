"""The side-by-side benchmark with fakes on both sides: turns, ratios, ceilings, and that no process stays behind whatever happens."""

import contextlib
import io
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from harness import children, costs, lines, machine, places, report, rounds, shapes  # noqa: E402
from harness.children import Failure  # noqa: E402


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(pid, seconds=10):
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


class Folder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.base = Path(temporary.name)
        self.log = str(self.base / "log")
        quiet = contextlib.redirect_stderr(io.StringIO())  # where the benchmark tells how far it is
        quiet.__enter__()
        self.addCleanup(quiet.__exit__, None, None, None)


class LinesTest(unittest.TestCase):
    def test_names_say_what_is_measured(self):
        self.assertEqual(lines.parse("pp512").command, "pp 512")
        self.assertEqual(lines.parse("tg128").command, "tg 1 0 128")
        self.assertEqual(lines.parse("tg16@128").command, "tg 16 128 64")
        self.assertEqual(lines.parse("1b/tg1@4096").shape, "1b")
        self.assertEqual(lines.parse("1b/tg1@4096").context, 4160)
        self.assertEqual(lines.parse("http-8").lengths(), {"prompt_tokens": 201, "output_tokens": 64, "sequences": 8})
        for name in lines.DEFAULT:
            lines.parse(name)

    def test_other_names_are_refused(self):
        for name in ("pp", "tg0", "pp0", "tg65@1", "tg-1", "7b/pp512", "1b/http-8", "latency"):
            with self.subTest(name), self.assertRaises(ValueError):
                lines.parse(name)

    def test_quick_lines_are_small(self):
        for line in map(lines.quick, map(lines.parse, lines.DEFAULT)):
            self.assertLessEqual(line.context, 300)


class ChildrenTest(Folder):
    def worker(self, program):
        worker = children.Worker("the worker", [sys.executable, "-u", "-c", program], self.log)
        self.addCleanup(worker.stop)
        return worker

    def test_a_worker_answers(self):
        worker = self.worker("import sys\nfor line in sys.stdin: print('noise'); print('{\"value\": %s}' % line.strip())")
        self.assertEqual(worker.ask("7", 20), {"value": 7})
        self.assertEqual(worker.ask("8", 20), {"value": 8})

    def test_one_that_does_not_answer_in_time_is_stopped(self):
        worker = self.worker("import time\ntime.sleep(600)")
        with self.assertRaisesRegex(Failure, "did not answer 'pp 1' within 0 s"):
            worker.ask("pp 1", 0.3)
        self.assertFalse(alive(worker.pid))

    def test_one_that_ends_is_quoted(self):
        worker = self.worker("import sys\nsys.exit('no memory left')")
        with self.assertRaisesRegex(Failure, "no memory left"):
            worker.ask("pp 1", 20)

    def test_what_a_child_started_ends_with_it(self):
        worker = self.worker("import subprocess, json\np = subprocess.Popen(['sleep', '600'])\ninput()\nprint(json.dumps({'pid': p.pid}))\ninput()")
        pid = worker.ask("start", 20)["pid"]
        worker.stop()
        self.assertTrue(ends(pid))

    def test_one_that_ignores_the_request_to_end_is_killed(self):
        worker = self.worker("import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ninput()\nprint('{}', flush=True)\ntime.sleep(600)")
        worker.ask("ready?", 20)
        worker.stop(0.3)
        self.assertFalse(alive(worker.pid))

    def test_a_command_that_takes_too_long_is_stopped(self):
        with self.assertRaisesRegex(Failure, "took more than"):
            children.output_of("sleep", ["sleep", "600"], 0.3, self.log)
        with self.assertRaisesRegex(Failure, "failed"):
            children.output_of("false", ["false"], 20, self.log)

    def test_no_child_outlives_the_benchmark(self):
        program = ("import sys, time\nsys.path.insert(0, sys.argv[1])\nfrom harness import children\nchildren.guard()\n"
                   "child = children.Child('c', ['sleep', '600'], sys.argv[2])\nprint(child.pid, flush=True)\n"
                   "if sys.argv[3] == 'raise': raise children.Failure('x')\ntime.sleep(600)")
        for how in ("raise", signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how):
                parent = subprocess.Popen([sys.executable, "-c", program, str(ROOT / "benchmarks"), self.log, str(how)], stdout=subprocess.PIPE,
                                          stderr=subprocess.DEVNULL, text=True)
                pid = int(parent.stdout.readline())
                if how != "raise":
                    parent.send_signal(how)
                parent.wait(20)
                parent.stdout.close()
                self.assertTrue(ends(pid))


class FakeSide:
    """Measures whatever it is told to, in order."""

    cold = False

    def __init__(self, engine, values, calls, fmt="Q4_1"):
        self.engine, self.format, self.flags, self.version, self.threads = engine, fmt, "", "1", 2
        self.name, self.values, self.calls = f"{engine} {fmt}", list(values), calls
        self.about = {"compute_format": "f32", "ceilings": {}}

    def supports(self, line):
        return True

    def warm(self, line):
        self.calls.append("warm " + self.name)
        return self.values[0]

    def measure(self, line):
        self.calls.append(self.name)
        value = self.values.pop(0)
        if isinstance(value, Exception):
            raise value
        return {"value": value}

    def file_bytes(self):
        return 100

    def stop(self):
        pass


class NoCeilings:
    threads, samples = 2, {}

    def sample(self, *_, **__):
        pass

    def best(self, kind, threads=None, size=None):
        return {"read": (40.0, "vector"), "f32": (200.0, "vector")}.get(kind)

    def during(self, line, kind):
        return {"read": 40.0, "f32": 200.0}[kind]


ABOUT = {"": {"cost": {"block_flops": 2e8, "head_flops": 5e7, "attention_flops": 0, "weight_bytes": 1e8, "kv_bytes": 0}, "file_bytes": 100,
              "compute_format": "f32", "jdk": "Fake 25", "jvm_flags": ["-Xfake"], "backend": "fake", "description": "a fake"}}
HEADER = {"model": "m.Q4_1.gguf", "date": "2026-11-25", "commit": "abc", "quick": False, "machine": {"cpu": "C", "isa": "avx2"}}


class RoundsTest(Folder):
    def run_line(self, name, ours, peers, count=3):
        turns = rounds.Rounds(count, str(self.base), NoCeilings())
        turns.run(lines.parse(name), ours, peers)
        return turns

    def test_the_sides_take_turns_and_the_first_changes(self):
        calls = []
        self.run_line("pp512", FakeSide("andante", [9] * 3, calls), [FakeSide("peer", [5] * 3, calls)])
        self.assertEqual(calls, ["warm peer Q4_1", "warm andante Q4_1", "andante Q4_1", "peer Q4_1", "peer Q4_1", "andante Q4_1", "andante Q4_1", "peer Q4_1"])

    def test_scouting_leaves_the_best_and_who_is_near(self):
        calls = []
        peers = [FakeSide("slow", [5] * 9, calls), FakeSide("best", [10] * 9, calls), FakeSide("near", [8] * 9, calls), FakeSide("nearly", [7.9] * 9, calls)]
        turns = self.run_line("tg128", FakeSide("andante", [9] * 3, calls), peers)
        self.assertEqual({r.side.engine: len(r.runs) for r in turns.results}, {"slow": 0, "best": 3, "near": 3, "nearly": 0, "andante": 3})

    def test_a_side_that_fails_is_noted_and_the_other_goes_on(self):
        calls = []
        turns = self.run_line("pp512", FakeSide("andante", [9] * 3, calls), [FakeSide("peer", [5, Failure("it broke")], calls)])
        self.assertIn("it broke", turns.notes[0])
        self.assertEqual([len(r.runs) for r in turns.results], [1, 3])

    def test_no_round_begins_when_the_time_is_over(self):
        turns = rounds.Rounds(5, str(self.base), NoCeilings(), lambda: True)
        turns.run(lines.parse("pp512"), FakeSide("andante", [9] * 5, []), [])
        self.assertEqual(len(turns.results[0].runs), 1)
        self.assertIn("1 of 5 rounds", turns.notes[0])

    def test_busy_neighbours_run_only_while_it_is_measured(self):
        pids = []

        class Watching(FakeSide):
            def measure(self, line):
                pids.append([child.pid for child in children.RUNNING if "neighbour" in child.name])
                return super().measure(line)

        turns = self.run_line("busy", Watching("andante", [10, 4, 10, 5], []), [], count=1)
        self.assertEqual(turns.results[0].runs, [0.5])
        self.assertEqual([len(found) for found in pids], [0, len(os.sched_getaffinity(0))] * 2)
        self.assertFalse([pid for found in pids for pid in found if alive(pid)])


class ReportTest(Folder):
    def made(self, name="tg128", ours=(100, 300, 200), peer=(50, 40, 60), other=(10, 10, 10)):
        turns = rounds.Rounds(3, str(self.base), NoCeilings())
        turns.run(lines.parse(name), FakeSide("andante", ours, []), [FakeSide("peer", peer, []), FakeSide("peer", other, [], "Q8_0")])
        return report.Report(turns, NoCeilings(), ABOUT, HEADER)

    def test_the_ratio_is_of_medians_to_the_best_peer(self):
        made = self.made()
        self.assertEqual(made.ratio(lines.parse("tg128")), 4)
        self.assertRegex(made.table(), r"tg128 +200 +50 +4.00 +50% read +peer Q4_1")

    def test_a_line_says_all_that_is_needed_to_compare_it(self):
        line = next(line for line in self.made().lines() if line.get("engine") == "andante")
        for key, value in {"value": 200, "runs": [100, 300, 200], "format": "Q4_1", "model": "m.Q4_1.gguf", "prompt_tokens": 0, "output_tokens": 128,
                           "sequences": 1, "jdk": "Fake 25", "jvm_flags": ["-Xfake"], "threads": 2, "of_read": 0.5, "unit": "tok/s"}.items():
            self.assertEqual(line[key], value, key)
        self.assertEqual(line["machine"], {"cpu": "C", "isa": "avx2"})
        self.assertEqual(json.loads(report.dump(line)), line)

    def test_prompts_are_held_against_the_peak(self):
        line = next(line for line in self.made("pp512").lines() if line.get("engine") == "andante")
        self.assertAlmostEqual(line["of_peak"], 200 * (2e8 + 5e7 / 512) / 200e9, 4)

    def test_a_failed_side_is_told(self):
        made = self.made(ours=(1, Failure("gone"), 1))
        self.assertIn("gone", made.table())

    def test_a_run_beside_others_is_no_record(self):
        made = self.made()
        for result in made.rounds.results:
            result.others = [0.0] * len(result.runs)
        self.assertFalse(made.busy())
        for result in made.rounds.results:
            result.others = [0.3] * len(result.runs)
        self.assertTrue(made.busy())
        self.assertIn("no record", made.table())


class CostTest(unittest.TestCase):
    NUMBERS = {"block_flops": 200, "head_flops": 50, "attention_flops": 2, "weight_bytes": 100, "kv_bytes": 10}

    def test_decode_reads_the_weights_once_for_all_sequences(self):
        cost = costs.Cost(lines.parse("tg4@128"), self.NUMBERS, 100)
        self.assertEqual((cost.products, cost.weight_bytes), (250, 25))
        self.assertEqual(cost.kv_bytes, 10 * (128 + 32.5))
        self.assertEqual(cost.flops, 250 + 2 * 160.5)

    def test_a_prompt_reads_them_once_a_chunk_and_has_one_row_of_logits(self):
        cost = costs.Cost(lines.parse("pp1024"), self.NUMBERS, 100)
        self.assertAlmostEqual(cost.products, 200 + 50 / 1024)
        self.assertAlmostEqual(cost.weight_bytes, 200 / 1024)


class UsageTest(unittest.TestCase):
    @unittest.skipUnless(os.path.exists("/proc/stat"), "no /proc")
    def test_what_we_use_ourselves_is_not_others(self):
        usage = machine.Usage(lambda: [])
        end = time.process_time() + 0.3
        while time.process_time() < end:
            pass
        self.assertGreaterEqual(usage.others(), 0)
        self.assertLessEqual(usage.others(), 1)

    def test_the_machine_is_named(self):
        self.assertTrue(machine.describe()["isa"])
        self.assertGreaterEqual(machine.describe()["cores"], 1)


class ShapesTest(Folder):
    TINY = {"width": 64, "layers": 1, "heads": 2, "kv_heads": 1, "head_dim": 32, "feed_forward": 96, "vocabulary": 128, "context": 64}

    def test_equal_shapes_give_equal_bytes_and_other_seeds_others(self):
        one = Path(shapes.make(shapes.Shape(**self.TINY), str(self.base / "a"))).read_bytes()
        self.assertEqual(one, Path(shapes.make(shapes.Shape(**self.TINY), str(self.base / "b"))).read_bytes())
        self.assertNotEqual(one, Path(shapes.make(shapes.Shape(**self.TINY, seed=2), str(self.base / "a"))).read_bytes())

    def test_each_format_has_the_size_that_its_header_says(self):
        for fmt in shapes.FORMATS:
            shape = shapes.Shape(**self.TINY, format=fmt)
            data = Path(shapes.make(shape, str(self.base))).read_bytes()
            magic, version, tensors, keys = struct.unpack_from("<4sIQQ", data)
            self.assertEqual((magic, version, tensors, keys), (b"GGUF", 3, len(list(shape.tensors())), len(shape.metadata())))
            body = sum(-(-shapes.size(kind, dims) // 32) * 32 for _, kind, dims in shape.tensors())
            self.assertEqual(len(data) % 32, 0)
            self.assertGreater(len(data) - body, 0)
            self.assertLess(len(data) - body, 4096)

    def test_the_default_is_of_the_one_billion_class(self):
        elements = sum(dims[0] * (dims[1] if len(dims) > 1 else 1) for _, _, dims in shapes.Shape().tensors())
        self.assertTrue(1.1e9 < elements < 1.4e9, elements)

    def test_a_shape_that_does_not_fill_blocks_is_refused(self):
        with self.assertRaisesRegex(Failure, "no multiple of 32"):
            shapes.make(shapes.Shape(**{**self.TINY, "width": 60}), str(self.base))


class ProgramTest(Folder):
    """compute.py as a whole."""

    def setUp(self):
        super().setUp()
        self.trace = self.base / "trace"
        self.out = self.base / "out"
        self.model = self.base / "tiny.Q4_1.gguf"
        self.model.write_bytes(b"GGUF" + bytes(96))
        for place in ("jdk/bin/java", "peers/venv/bin/python"):
            path = self.base / place
            path.parent.mkdir(parents=True)
            shutil.copy(Path(__file__).with_name("fake_worker"), path)

    def compute(self, *options, **env):
        return subprocess.run(
            [sys.executable, ROOT / "benchmarks/compute.py", "--model", self.model, "--out", self.out, "--peer-formats", "Q4_1", *options],
            env={**os.environ, "JAVA_HOME": str(self.base / "jdk"), "PEERS_DIR": str(self.base / "peers"), "FAKE_TRACE": str(self.trace),
                 "ANDANTE_CACHE": str(self.base / "cache"), **env},
            capture_output=True, text=True, timeout=120, check=False)

    def pids(self):
        return {int(line.split()[-1]) for line in self.trace.read_text().splitlines()}

    def test_a_run_prints_lines_and_a_table_and_leaves_no_process(self):
        result = self.compute("--lines", "pp512,tg8@128", "--rounds", "2")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"pp512 +300 +100 +3.00 .*llama-cpp-python Q4_1")
        self.assertRegex(result.stdout, r"tg8@128 +300 +100 +3.00")
        self.assertIn("ceiling read 2 threads", result.stdout)
        printed = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
        kept = [json.loads(line) for line in next(self.out.glob("*.jsonl")).read_text().splitlines()]
        self.assertEqual(printed, kept)
        self.assertEqual([line["runs"] for line in printed if line.get("engine") == "andante"], [[300, 300]] * 2)
        self.assertEqual(len(list(self.out.glob("*.png"))), 1)
        self.assertFalse([pid for pid in self.pids() if alive(pid)])
        measures = [line.rsplit(" ", 1)[0] for line in self.trace.read_text().splitlines() if " pp 512" in line and "warm" not in line]
        self.assertEqual(measures, ["java pp 512", "python pp 512", "python pp 512", "java pp 512"])

    def test_without_peers_our_side_is_measured_alone(self):
        result = self.compute("--lines", "tg128", "--rounds", "1", "--no-peer")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"tg128 +300 +– +–")

    def test_a_broken_peer_is_noted(self):
        result = self.compute("--lines", "tg128", "--rounds", "1", FAKE_WORKER="die", FAKE_SIDE="python")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("out of luck", result.stdout)
        self.assertRegex(result.stdout, r"tg128 +300 +–")

    def test_our_own_failure_fails_the_run(self):
        for mode in ("die", "error"):
            with self.subTest(mode):
                result = self.compute("--lines", "tg128", "--rounds", "1", FAKE_WORKER=mode, FAKE_SIDE="java")
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertRegex(result.stdout, r"tg128 +failed")

    def test_an_interrupt_ends_everything(self):
        process = subprocess.Popen(
            [sys.executable, ROOT / "benchmarks/compute.py", "--model", self.model, "--out", self.out, "--lines", "tg128", "--peer-formats", "Q4_1"],
            env={**os.environ, "JAVA_HOME": str(self.base / "jdk"), "PEERS_DIR": str(self.base / "peers"), "FAKE_TRACE": str(self.trace),
                 "FAKE_WORKER": "hang"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while time.monotonic() < end and not (self.trace.exists() and "warm" in self.trace.read_text()):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 128 + signal.SIGINT)
        self.assertFalse([pid for pid in self.pids() if alive(pid)])

    def test_what_was_measured_before_an_interrupt_is_told(self):
        process = subprocess.Popen(
            [sys.executable, ROOT / "benchmarks/compute.py", "--model", self.model, "--out", self.out, "--lines", "tg128,tg64", "--no-peer", "--rounds", "1000000"],
            env={**os.environ, "JAVA_HOME": str(self.base / "jdk"), "FAKE_TRACE": str(self.trace)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        end = time.monotonic() + 60
        while time.monotonic() < end and not (self.trace.exists() and self.trace.read_text().count("java tg 1 0 128") > 2):
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)
        self.assertRegex(printed, r"tg128 +300")
        self.assertIn("ended before all was measured", printed)

    def test_the_history_takes_no_quick_run(self):
        before = list((ROOT / "benchmarks/history").glob("*.jsonl"))
        result = self.compute("--lines", "tg128", "--quick", "--history", "--no-peer")
        self.assertIn("not kept in the history", result.stderr)
        self.assertEqual(list((ROOT / "benchmarks/history").glob("*.jsonl")), before)

    def test_wrong_use(self):
        for options in (["--lines", "speed"], ["--rounds", "0"], ["--threads", "0"], ["--lines", ""], ["--nonsense"]):
            with self.subTest(options):
                self.assertEqual(self.compute(*options).returncode, 2)


class LauncherTest(unittest.TestCase):
    def andante(self, *arguments):
        home = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, home)
        jdk = Path(home) / "jdk"
        for tool in ("java", "javac"):
            path = jdk / "bin" / tool
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("#!/bin/sh\n")
            path.chmod(0o755)
        (jdk / "release").write_text('JAVA_VERSION="25.0.3"\n')
        return subprocess.run([ROOT / "andante", "bench", *arguments], env={**os.environ, "HOME": home, "ANDANTE_CACHE": home, "JAVA_HOME": str(jdk)},
                              capture_output=True, text=True, timeout=60, check=False)

    def test_each_program_says_its_options(self):
        for program, option in ((["compute"], "--quick"), (["kernels"], "--limit"), ([], "--no-mesh")):
            with self.subTest(program):
                result = self.andante(*program, "--help")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn(option, result.stdout)

    def test_what_it_does_not_know_is_refused(self):
        self.assertEqual(self.andante("speed").returncode, 2)
        self.assertIn("no model 'nope'", self.andante("compute", "--model", "nope").stderr)


class PlacesTest(Folder):
    def test_the_peers_are_found_in_the_launchers_cache_too(self):
        python = self.base / "peers/venv/bin/python"
        python.parent.mkdir(parents=True)
        python.write_text("")
        old = {key: os.environ.pop(key, None) for key in ("PEERS_DIR", "ANDANTE_CACHE")}
        self.addCleanup(lambda: [os.environ.update({key: value}) if value else os.environ.pop(key, None) for key, value in old.items()])
        os.environ["ANDANTE_CACHE"] = str(self.base)
        self.assertEqual(places.peers(), str(self.base / "peers"))
        os.environ["PEERS_DIR"] = str(self.base / "none")
        self.assertIsNone(places.peers())


class HistoryTest(unittest.TestCase):
    def test_every_run_of_the_history_can_be_read(self):
        for path in (ROOT / "benchmarks/history").glob("*.jsonl"):
            for text in path.read_text(encoding="utf-8").splitlines():
                line = json.loads(text)
                self.assertFalse(line["quick"], path)
                self.assertTrue(line["machine"]["cpu"], path)


if __name__ == "__main__":
    unittest.main()
