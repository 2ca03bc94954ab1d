"""What `bench load` hands to its program: the server, the processes to measure, the place of the report."""

import unittest

from checkout import LauncherTest


class LoadTest(LauncherTest):
    def test_without_a_url_it_takes_what_is_up(self):
        self.checkout.up("--mesh")
        result = self.checkout.andante("bench", "load", "--rate", 3)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"LoadBenchmark --rate 3 http://127.0.0.1:{self.checkout.port} ", result.stdout)
        for name, pid in self.checkout.pids().items():
            self.assertIn(f" --watch {name}={pid}", result.stdout)
        self.assertIn(f"--out {self.checkout.root}/benchmarks/target/load", result.stdout)

    def test_a_url_is_taken_as_it_is(self):
        result = self.checkout.andante("bench", "load", "http://example:1", "--out", "/somewhere")
        self.assertIn("LoadBenchmark http://example:1 --out /somewhere\n", result.stdout)
        self.assertNotIn("--watch", result.stdout)

    def test_nothing_is_up(self):
        self.assert_fails(self.checkout.andante("bench", "load"), 1, "Andante is not running", "./andante up")

    def test_its_status_is_passed_on(self):
        self.assertEqual(self.checkout.andante("bench", "load", "http://example:1", FAKE_STATUS=2).returncode, 2)


if __name__ == "__main__":
    unittest.main()
