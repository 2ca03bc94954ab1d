"""What `./andante test --overload` makes of what it sees."""

import sys
import time
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))

import asking  # noqa: E402
import overload  # noqa: E402
import services  # noqa: E402
import watching  # noqa: E402
from checkout import LauncherTest  # noqa: E402


def whole(waited=0.0, tokens=2, seconds=0.0):
    return asking.Outcome("whole", list(range(tokens)), waited=waited, seconds=seconds)


def refused(detail="429 rate_limit saturated m", retry_after="3", seconds=0.1):
    return asking.Outcome("error", [], detail=detail, retry_after=retry_after, seconds=seconds)


class OverloadTest(unittest.TestCase):
    def setUp(self):
        self.findings = watching.Findings()
        self.addCleanup(setattr, watching, "say", watching.say)
        watching.say = lambda words: None
        self.watch = overload.Watch(self.findings, [[0, 1]])

    def counts(self, tenant, outcome):
        self.watch.heard(0, tenant, outcome)
        return {what: count for what, count in self.findings.counts.items() if count and what not in ("requests", "resumed")}

    def test_answers_and_refusals_with_a_time_to_come_back_are_fine(self):
        self.counts("flood", refused())
        self.counts("polite", whole(waited=overload.QUEUE_TIMEOUT))
        self.assertEqual(self.counts("flood", whole()), {})
        self.assertFalse(self.findings.failed())
        self.assertEqual((self.watch.counts["flood"], self.watch.counts["flood whole"], self.watch.counts["polite whole"]), (2, 1, 1))

    def test_who_asks_for_less_than_its_share_is_refused_once_in_a_hundred_times_at_most(self):
        for _ in range(99):
            self.counts("polite", whole())
        self.counts("polite", refused())
        self.watch.shared()
        self.assertFalse(self.findings.failed())
        self.counts("polite", refused())
        self.watch.shared()
        self.assertEqual(self.findings.counts["starved"], 1)
        self.assertTrue(self.findings.failed())

    def test_a_wait_beyond_the_bound(self):
        late = overload.QUEUE_TIMEOUT + overload.SLACK + 1
        self.assertEqual(self.counts("flood", whole(waited=late)), {"starved": 1})
        self.assertEqual(self.counts("flood", refused(seconds=late)), {"starved": 2})
        self.assertEqual(self.watch.longest, late)

    def test_other_errors_and_refusals_without_a_time(self):
        for outcome in (refused(retry_after=""), refused(retry_after="0"), refused("502 server_error x y")):
            self.counts("flood", outcome)
        self.assertEqual(self.findings.counts["failed"], 3)
        self.assertEqual(self.counts("flood", asking.Outcome("lost", []))["hangs"], 1)
        self.assertEqual(self.counts("flood", whole(tokens=1))["wrong_tokens"], 1)

    def test_goodput_is_tokens_of_whole_answers(self):
        begin = time.monotonic()
        self.counts("flood", whole())
        self.counts("flood", asking.Outcome("error", [0], detail="429 x", retry_after="1"))
        tokens, answers = self.watch.served(begin - 1, begin + 1)
        self.assertAlmostEqual(2 * tokens, 2)
        self.assertAlmostEqual(2 * answers, 1)
        self.assertEqual(self.watch.served(begin - 2, begin - 1), (0, 0))

    def test_an_answer_counts_while_it_is_generated(self):
        with mock.patch.object(overload.time, "monotonic", return_value=100.0):
            self.watch.heard(0, "flood", whole(tokens=2, seconds=10, waited=6))
        for begin, end, tokens in ((90, 96, 0), (96, 97, 0.5), (95, 98, 1), (98, 101, 1), (0, 200, 2)):
            self.assertAlmostEqual(self.watch.served(begin, end)[0] * (end - begin), tokens)

    def test_rounds_of_answers_that_end_together_are_an_even_flow(self):
        for end in range(2, 40, 2):
            with mock.patch.object(overload.time, "monotonic", return_value=float(end)):
                self.watch.heard(0, "closed", whole(seconds=2))
        for begin in (3, 3.5, 4.7):
            tokens, answers = self.watch.served(begin, begin + 5)
            self.assertAlmostEqual(tokens, 1)
            self.assertAlmostEqual(answers, 0.5)

    def test_the_most_is_the_best_part_once_it_rises_no_more(self):
        watch = mock.Mock()
        watch.served.side_effect = [(10, 1), (50, 2), (100, 3), (104, 4), (90, 5), (500, 6)]
        with mock.patch.object(overload.time, "sleep"):
            self.assertEqual(overload.most(watch), (104, 4))
            watch.served.side_effect = lambda *_: (0, 0)
            with self.assertRaisesRegex(RuntimeError, "nothing was served"):
                overload.most(watch)

    def test_windows_cover_the_time(self):
        self.assertEqual(overload.windows(60), [(0, 20), (20, 40), (40, 60)])
        self.assertEqual(len(overload.windows(600)), 10)
        self.assertEqual(overload.windows(5), [(0, 5)])

    def test_memory_that_grows_is_found(self):
        flat, fat = mock.Mock(), mock.Mock()
        flat.name, fat.name = "flat", "fat"
        memory = overload.Memory([flat, fat])
        for at in range(101):
            flat.resident_mib.return_value, fat.resident_mib.return_value = 300 + at % 7, 300 + at
            memory.look(at)
        growth = memory.grown(100, self.findings)
        self.assertEqual(growth, {"flat": 0, "fat": 60})
        self.assertEqual(self.findings.counts["grown"], 1)
        self.assertEqual(overload.live_growth({"a": 100, "b": 100}, {"a": 130, "b": 140}, self.findings), {"a": 30, "b": 40})
        self.assertEqual(self.findings.counts["grown"], 2)

    def test_what_of_a_heap_is_used(self):
        told = ("PID:\n DefNew     total 78656K, used 5K [0x1, 0x2)\n  eden space 69952K,   0% used [0x1)\n Tenured    total 174784K, used 8000K [0x1)\n"
                " Metaspace       used 40000K, committed 41000K\n  class space    total 9K, used 4000K\n")
        self.assertEqual(services.used_kib(told), 8005)

    def test_a_flood_has_both_tenants_and_ends(self):
        asked, looked = [], []
        outcome = whole()
        with mock.patch.object(overload, "ask", side_effect=lambda port, shape, limit, headers: asked.append(headers) or outcome):
            overload.flood(1, 900, 100, 0.3, [{}], overload.random.Random(1), self.watch.heard, looked.append)
        tenants = {headers["x-llm-d-inference-fairness-id"] for headers in asked}
        self.assertEqual(tenants, {"flood", "polite"})
        self.assertEqual(self.watch.counts["flood"] + self.watch.counts["polite"], len(asked))
        self.assertGreater(self.watch.counts["flood"], self.watch.counts["polite"])
        self.assertEqual(looked[-1], 0.3)


class CommandTest(LauncherTest):
    def test_wrong_usage(self):
        for words, text in ((("--rounds", "1"), "'--rounds' is no option"), (("--minutes", "x"), "needs a number")):
            self.assert_fails(self.checkout.andante("test", "--overload", *words), 2, text)


if __name__ == "__main__":
    unittest.main()
