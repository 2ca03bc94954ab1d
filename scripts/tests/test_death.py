"""Why a service ended: real logs, in which the message is far above the end, and what to do next."""

import unittest
from pathlib import Path

import death
from checkout import LauncherTest

LOGS = Path(__file__).with_name("logs")
CHAIN = """2026-11-25T10:23:07.344Z ERROR [] 1 --- [x] [main] o.s.boot.SpringApplication : Application run failed

java.lang.IllegalStateException: outermost
{frames}
Caused by: java.lang.RuntimeException: {long}
{causes}Caused by: java.io.IOException: the root of it all
{frames}
2026-11-25T10:23:07.345Z  INFO [] 1 --- [x] [main] d.a.X : later
"""


class CauseTest(unittest.TestCase):
    def cause(self, name):
        return death.cause((LOGS / name).read_text().splitlines())

    def test_the_message_above_the_frames_is_shown_without_them(self):
        self.assertEqual(
            self.cause("wrong-value.txt"),
            [
                "cannot start the engine: lease must be positive, not PT-1S",
                "java.lang.IllegalArgumentException: lease must be positive, not PT-1S",
            ],
        )
        self.assertIn("unknown configuration keys [andante.engin.lease]", self.cause("unknown-key.txt")[1])

    def test_every_cause_is_shown(self):
        shown = self.cause("port-taken.txt")
        self.assertEqual(shown[0], "Application run failed")
        self.assertIn("cannot listen on 127.0.0.1:18097 (andante.grpc.port)", shown[2])
        self.assertIn("Address already in use", shown[-1])

    def test_what_spring_says_it_could_not_do(self):
        shown = self.cause("not-bound.txt")
        self.assertEqual(shown[0], "APPLICATION FAILED TO START")
        self.assertIn("    Property: server.port", shown)

    def test_it_is_bounded_and_keeps_the_last_cause(self):
        frames = "\n".join(f"\tat a.b.C.m{i}(C.java:{i})" for i in range(300))
        causes = "".join(f"Caused by: a.b.E: number {i}\n{frames}\n" for i in range(50))
        shown = death.cause(CHAIN.format(frames=frames, causes=causes, long="x" * 10_000).splitlines())
        self.assertEqual(len(shown), death.LINES)
        self.assertLess(max(map(len, shown)), 700)
        self.assertEqual(shown[-1], "Caused by: java.io.IOException: the root of it all")
        self.assertNotIn("later", " ".join(shown))

    def test_errors_of_the_jvm_itself(self):
        told = ["WARNING: Using incubator modules", "Invalid maximum heap size: -Xmx2x", f"Error: {death.REFUSED}."]
        self.assertIn("Invalid maximum heap size: -Xmx2x", death.cause(told))
        self.assertEqual(death.cause(["Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space"])[0][:19], "Exception in thread")

    def test_no_error_is_no_cause(self):
        self.assertEqual(death.cause(["2026-11-25T10:23:07.345Z  INFO [] 1 --- [x] [main] d.a.X : all is well"]), [])
        self.assertEqual(death.cause([]), [])


class DeathTest(LauncherTest):
    def dies(self, text):
        log = self.checkout.base / "log"
        log.write_text(text)
        result = self.checkout.up(FAKE_JAVA="die", FAKE_LOG=log)
        self.assertEqual(self.checkout.pids(), {})
        return result

    def test_a_wrong_setting_is_named_with_where_settings_are_listed(self):
        for name, message in (("unknown-key.txt", "[andante.engin.lease]"), ("wrong-value.txt", "lease must be positive, not PT-1S")):
            with self.subTest(name):
                result = self.dies((LOGS / name).read_text())
                self.assert_fails(result, 1, "standalone ended while starting", message, "docs/configuration.md", "./andante logs standalone")
                self.assertNotIn("\tat ", result.stderr)

    def test_machine_troubles_come_with_advice(self):
        for text, shown, advice in (
            ("java.lang.OutOfMemoryError: Java heap space", "Java heap space", "ANDANTE_JAVA_OPTS=-Xmx2g"),
            ((LOGS / "port-taken.txt").read_text(), "cannot listen on 127.0.0.1:18097", "./andante up --port N"),
            ("java.io.IOException: No space left on device", "No space left on device", "the disk is full"),
            (f"Unrecognized VM option 'Nope'\nError: {death.REFUSED}.", "    Unrecognized VM option 'Nope'", "ANDANTE_JAVA_OPTS"),
        ):
            with self.subTest(advice):
                self.assert_fails(self.dies(text), 1, shown, advice)

    def test_killed_from_outside(self):
        result = self.checkout.up(FAKE_JAVA="killed")
        self.assert_fails(result, 1, "ended without a word", "when memory ran out", "kv-memory")
        self.assertEqual(self.checkout.pids(), {})


if __name__ == "__main__":
    unittest.main()
