"""`./andante simulate`: what the launcher adds to the program, which has tests of its own."""

import os
import unittest

from checkout import LauncherTest


class SimulateTest(LauncherTest):
    def simulate(self, *arguments):
        said = self.checkout.base / "said"
        said.write_text('{"policy":"fcfs"}\n')
        return self.checkout.andante("simulate", *arguments, FAKE_JAVA="die", FAKE_LOG=said)  # which ends with 1

    def test_options_reach_the_program_and_its_exit_code_comes_back(self):
        result = self.simulate("--rates", "1,2", "--trace", "a file.csv")
        self.assertEqual(result.returncode, 1)
        self.assertIn("simulator/target/andante-simulator.jar --rates 1,2 --trace a file.csv\n", result.stdout)

    def test_nothing_but_results_goes_to_stdout(self):
        result = self.simulate()
        self.assertEqual([line for line in result.stdout.splitlines() if line and not line.startswith("arguments:")], ['{"policy":"fcfs"}'])
        self.assertIn("Building", result.stderr)

    def test_it_is_built_alone_and_only_if_need_be(self):
        calls = self.checkout.root / "maven-calls"
        self.simulate()
        self.assertIn("-pl simulator -am package", calls.read_text())
        self.simulate()
        self.assertEqual(len(calls.read_text().splitlines()), 1)
        self.assertFalse((self.checkout.root / "target/andante-build.stamp").exists())  # the services are not built
        source = self.checkout.root / "simulator/src/main/java/A.java"
        source.parent.mkdir(parents=True)
        source.write_text("")
        later = (self.checkout.root / "target/andante-simulator.stamp").stat().st_mtime + 5
        os.utime(source, (later, later))
        self.assertIn("simulator/src/main", self.simulate().stderr)


if __name__ == "__main__":
    unittest.main()
