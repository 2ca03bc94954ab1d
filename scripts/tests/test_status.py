"""What status and a second up say about what runs, and about what does not any more."""

import os
import signal
import time
import unittest

from checkout import LauncherTest, alive


class DeadServiceTest(LauncherTest):
    def kill(self, service):
        pid = self.checkout.pids()[service]
        os.kill(pid, signal.SIGKILL)
        while alive(pid):
            time.sleep(0.01)

    def test_a_service_that_died_is_shown_with_the_way_to_its_log(self):
        self.checkout.up("--mesh")
        self.kill("draft")
        status = self.checkout.andante("status")
        self.assertEqual(status.returncode, 1)
        self.assertEqual(status.stdout.count(" ready"), 4)
        self.assertRegex(status.stdout, r"draft .*DEAD: see why with \./andante logs draft")
        self.assertIn("→ start again: ./andante down && ./andante up --mesh", status.stdout)
        self.assert_fails(self.checkout.up("--mesh"), 1, "these have ended: draft", "./andante logs draft", "--mesh")

    def test_one_that_died_alone_is_not_taken_for_never_started(self):
        self.checkout.up()
        self.kill("standalone")
        status = self.checkout.andante("status")
        self.assertEqual(status.returncode, 1)
        self.assertRegex(status.stdout, "standalone .*DEAD")
        self.assertEqual(self.checkout.up().returncode, 0)  # and up starts it again
        self.assertEqual(self.checkout.andante("status").returncode, 0)

    def test_after_down_nothing_is_expected(self):
        self.checkout.up("--mesh")
        self.checkout.andante("down")
        self.assertIn("not running", self.checkout.andante("status").stdout)


class OtherUpTest(LauncherTest):
    def setUp(self):
        super().setUp()
        self.checkout.up()
        self.before = self.checkout.pids()

    def assert_refused(self, result, *texts):
        self.assertIn(f"already up (standalone, port {self.checkout.port}, model tiny.gguf)", result.stdout)
        self.assert_fails(result, 1, "to change that: ./andante down && ./andante up", *texts)
        self.assertEqual(self.checkout.pids(), self.before)

    def test_another_port(self):
        self.assert_refused(self.checkout.andante("up", "--port", 18181), "port 18181", "up --port 18181")

    def test_another_model(self):
        other = self.checkout.base / "other.gguf"
        other.write_bytes(self.checkout.model.read_bytes())
        self.assert_refused(self.checkout.andante("up", "--model", other), "model other.gguf", f"--model {other}")

    def test_five_processes_and_other_settings(self):
        self.assert_refused(self.checkout.andante("up", "--mesh", "--", "--a.b=1"), "five processes", "up --mesh -- --a.b=1")

    def test_what_is_not_asked_for_does_not_matter(self):
        result = self.checkout.andante("up")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("already up", result.stdout)


if __name__ == "__main__":
    unittest.main()
