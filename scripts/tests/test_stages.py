"""The parts of `./andante test --stages`: which faults there are, and how a request may end that meets one."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))

import asking
import stages
import watching

RIGHT = [1, 2, 3]


class ScenariosTest(unittest.TestCase):
    def test_each_process_is_killed_and_stopped_wherever_a_request_needs_it(self):
        met = {(scenario.what, scenario.target, scenario.stage) for scenario in stages.SCENARIOS}
        self.assertEqual(len(met), len(stages.SCENARIOS), "one is there twice")
        for what in ("kill", "stop"):
            for target in ("prefill", "decode", "gateway"):
                self.assertLessEqual({(what, target, stage) for stage in ("prefill", "push", "decode")}, met)
            self.assertLessEqual({(what, "draft", "decode"), (what, "expert", "prefill"), (what, "expert", "decode")}, met)

    def test_whoever_asks_may_leave_or_be_late_at_each_stage(self):
        for what in ("leave", "deadline"):
            self.assertEqual({scenario.stage for scenario in stages.SCENARIOS if scenario.what == what}, {"prefill", "push", "decode"})


class JudgeTest(unittest.TestCase):
    def setUp(self):
        self.findings = watching.Findings()
        self.play = stages.Play(None, None, [], [RIGHT], self.findings)
        self.said = []
        self.addCleanup(setattr, watching, "say", watching.say)
        watching.say = self.said.append

    def found(self, scenario, *outcome):
        self.play.judge(scenario, 0, asking.Outcome(*outcome))
        return {what: count for what, count in self.findings.counts.items() if what in ("hangs", "failed", "wrong_tokens") and count}

    def test_what_may_be(self):
        any_end = stages.Scenario("kill", "expert", "decode", stages.ANY)
        self.assertEqual(self.found(any_end, "whole", RIGHT), {})
        self.assertEqual(self.found(any_end, "error", [1], 0, "502 server_error x y"), {})
        self.assertEqual(self.found(stages.Scenario("kill", "gateway", "push", ("lost",)), "lost", []), {})

    def test_what_must_be_whole_may_not_fail(self):
        self.assertEqual(self.found(stages.Scenario("kill", "draft", "decode", stages.WHOLE), "error", [1], 0, "502 server_error x y"), {"failed": 1})

    def test_an_error_says_of_what_kind_it_is(self):
        self.assertEqual(self.found(stages.Scenario("kill", "prefill", "push", stages.ANY), "error", [], 0, "404 not_found"), {"failed": 1})

    def test_what_must_go_on_elsewhere_does(self):
        lost = stages.Scenario("kill", "decode", "decode", stages.WHOLE, resumed=True)
        self.assertEqual(self.found(lost, "whole", RIGHT, 1), {})
        self.assertEqual(self.found(lost, "whole", RIGHT, 0), {"failed": 1})

    def test_hangs_and_wrong_tokens(self):
        scenario = stages.Scenario("stop", "decode", "push", stages.WHOLE)
        self.assertEqual(self.found(scenario, "hang", []), {"hangs": 1})
        self.assertEqual(self.found(scenario, "whole", [1, 2, 4]), {"hangs": 1, "wrong_tokens": 1})


if __name__ == "__main__":
    unittest.main()
