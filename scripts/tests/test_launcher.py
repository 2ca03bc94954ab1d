"""The launcher's commands against a fake JDK and a fake Maven: what a user sees, and what is left behind."""

import os
import socket
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

from checkout import LauncherTest, alive, mesh_ports

CPU = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""


class UpTest(LauncherTest):
    def test_up_builds_starts_chats_and_shows_the_address(self):
        result = self.checkout.up()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("> What is the capital of France?", result.stdout)
        self.assertIn("París is[31m it, What", result.stdout)  # streamed, and the escape character is gone
        self.assertIn(f"curl -N http://127.0.0.1:{self.checkout.port}/v1/chat/completions", result.stdout)
        self.assertIn('"model":"fake-model"', result.stdout)
        log = self.checkout.andante("logs", "standalone").stdout
        self.assertIn(f"--andante.model.path={self.checkout.model}", log)
        self.assertIn("--add-modules=jdk.incubator.vector", log)
        self.assertIn(f"-Dandante.compute.probe-folder={self.checkout.cache}/probes ", log)

    @unittest.skipUnless(all(f" {flag} " in CPU for flag in ("avx2", "fma", "f16c")), "kernels in C are for processors with AVX2")
    def test_the_vector_api_is_left_out_where_kernels_in_c_compute(self):
        kernels = self.checkout.root / "core/compute-cpu/target/classes/dev/andante/compute/ckernels/linux-x86_64/libandante.so"
        kernels.parent.mkdir(parents=True)
        kernels.touch()
        self.checkout.up()
        self.assertNotIn("jdk.incubator.vector", self.checkout.andante("logs").stdout)
        for arguments, env in (("--", "--andante.compute.backend=vector"), {}), ((), {"ANDANTE_COMPUTE_BACKEND": "vector"}):
            self.checkout.andante("down")
            self.checkout.up(*arguments, **env)
            self.assertIn("--add-modules=jdk.incubator.vector", self.checkout.andante("logs").stdout)

    def test_a_second_up_says_so_and_starts_nothing(self):
        self.checkout.up()
        before = self.checkout.pids()
        result = self.checkout.up()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("already up", result.stdout)
        self.assertIn("París", result.stdout)
        self.assertIn("curl", result.stdout)
        self.assertEqual(self.checkout.pids(), before)

    def test_mesh_starts_five_processes_that_know_each_other(self):
        result = self.checkout.up("--mesh")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(set(self.checkout.pids()), {"gateway", "prefill", "decode", "draft", "expert"})
        grpc = self.argument("decode", "--andante.grpc.port")
        self.assertEqual(self.argument("gateway", "--spring.cloud.discovery.client.simple.instances.andante-decode[0].uri"), f"http://127.0.0.1:{grpc}")
        draft = self.argument("draft", "--andante.grpc.port")
        self.assertEqual(self.argument("decode", "--andante.decode.draft-address"), f"127.0.0.1:{draft}")
        for engine in ("prefill", "decode"):
            self.assertEqual(self.argument(engine, "-Dandante.compute.probe-folder"), f"{self.checkout.cache}/probes")
        status = self.checkout.andante("status")
        self.assertEqual(status.returncode, 0)
        self.assertEqual(status.stdout.count(" ready"), 5)

    def argument(self, service, name):
        log = self.checkout.andante("logs", service).stdout
        return log.split(f"{name}=")[1].split()[0]

    def test_a_service_that_is_slow_to_become_java_is_not_taken_for_dead(self):
        log = self.checkout.cache / "run/standalone.log"
        log.parent.mkdir(parents=True)
        os.mkfifo(log)  # the copy of the shell that becomes Java waits here until somebody reads

        def read_late():
            time.sleep(0.7)
            log.read_text()

        reader = threading.Thread(target=read_late, daemon=True)
        reader.start()
        result = self.checkout.up()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_arguments_after_the_dashes_reach_the_service(self):
        self.checkout.up("--", "--andante.compute.backend=reference")
        self.assertIn("--andante.compute.backend=reference", self.checkout.andante("logs").stdout)

    def test_java_options_of_the_user_come_after_the_launchers_own(self):
        self.checkout.up(ANDANTE_JAVA_OPTS="-Dandante.compute.probe-folder=")
        log = self.checkout.andante("logs").stdout
        self.assertLess(log.index(f"-Dandante.compute.probe-folder={self.checkout.cache}"), log.index("-Dandante.compute.probe-folder= -jar"))


class FailureTest(LauncherTest):
    def test_no_jdk(self):
        self.checkout.make_jdk(self.checkout.jdk, "21.0.1")
        self.checkout.hide_other_jdks()
        result = self.checkout.up(PATH=self.checkout.path_without("java", "javac"))
        self.assert_fails(result, 3, "no JDK 25 or newer was found", "the newest found is 21", "JAVA_HOME=", "apt-get install")

    def test_port_taken_names_the_owner_and_another_port(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", self.checkout.port))
            other.listen()
            result = self.checkout.up()
        self.assert_fails(result, 1, f"port {self.checkout.port} is taken", f"(pid {os.getpid()})", "--port")
        self.assertEqual(self.checkout.pids(), {})

    def test_the_port_of_a_worker_is_taken(self):
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with mesh_ports():
                try:
                    other.bind(("127.0.0.1", 9102))
                    other.listen()
                except OSError:
                    pass  # somebody else has it, which does as well
            self.assertEqual(self.checkout.up("--mesh").returncode, 0)
        log = self.checkout.andante("logs", "decode").stdout
        self.assertNotIn("--andante.grpc.port=9102 ", log)

    def test_a_full_disk(self):
        path = self.checkout.tool("df", "#!/bin/sh\necho header\necho disk 100 99 2048 99% /\n")
        result = self.checkout.up(PATH=path)
        self.assert_fails(result, 1, "the build needs 1000 MiB", "2 MiB are free", "free some space", "ANDANTE_CACHE=")
        self.checkout.andante("build")
        self.assert_fails(self.checkout.up(PATH=path), 1, "the log needs 50 MiB", "ANDANTE_CACHE=")
        self.assertEqual(self.checkout.pids(), {})

    def test_no_python_or_an_old_one(self):
        hidden = self.checkout.path_without("python3")
        self.assert_fails(self.checkout.up(PATH=hidden), 3, "python3 was not found", "apt-get install python3-pip")
        self.checkout.tool("python3", '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.6.9\nexit 1\n')
        self.assert_fails(self.checkout.up(PATH=hidden), 3, "Python 3.6.9 is too old", "3.9 or newer", "apt-get install")

    def test_python_without_pip(self):
        venv = self.checkout.base / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
        result = self.checkout.andante("up", "--port", self.checkout.port, PATH=f"{venv / 'bin'}:{os.environ['PATH']}")
        self.assert_fails(result, 1, "has no pip", "apt-get install python3-pip", "--model FILE.gguf")

    def test_not_a_port(self):
        for port in ("0", "65536", "http", "-1", ""):
            result = self.checkout.andante("up", "--port", port)
            self.assert_fails(result, 2, "is no port")

    def test_never_ready_is_stopped_after_the_deadline(self):
        result = self.checkout.up(FAKE_JAVA="hang", ANDANTE_START_TIMEOUT=1)
        self.assert_fails(result, 1, "not ready after", "ANDANTE_START_TIMEOUT")
        self.assertEqual(self.checkout.pids(), {})

    def test_the_first_chat_is_refused(self):
        self.assert_fails(self.checkout.up(FAKE_JAVA="refuse"), 1, "all places are taken", "try again in 7 s")

    def test_unknown_words(self):
        self.assert_fails(self.checkout.andante("upp"), 2, "no command 'upp'")
        self.assert_fails(self.checkout.andante("up", "--meshh"), 2, "--meshh")
        self.assert_fails(self.checkout.andante("up", "--model"), 2, "needs a value")
        self.assert_fails(self.checkout.andante("up", "--model", "nope"), 1, "no model 'nope'")
        self.assert_fails(self.checkout.andante("test", "--slow"), 2, "--slow")
        self.assert_fails(self.checkout.andante("chat", "hi"), 1, "not running")
        self.assert_fails(self.checkout.andante("logs", "gateway"), 1, "no log of 'gateway'")

    def test_an_unwritable_cache(self):
        (self.checkout.base / "file").write_text("")
        result = self.checkout.up(ANDANTE_CACHE=str(self.checkout.base / "file/cache"))
        self.assert_fails(result, 1, "cannot create", "ANDANTE_CACHE=")
        result = self.checkout.andante("up", "--port", self.checkout.port, ANDANTE_CACHE=str(self.checkout.base / "file/cache"))
        self.assert_fails(result, 1, "Not a directory", "ANDANTE_CACHE=")  # the default model would be fetched first
        self.assertNotIn("Traceback", result.stderr)


class DownTest(LauncherTest):
    def test_down_stops_and_cleans(self):
        self.checkout.up("--mesh")
        pids = self.checkout.pids()
        result = self.checkout.andante("down")
        self.assertEqual(result.returncode, 0)
        self.assertIn("Stopped", result.stdout)
        self.assertFalse([p for p in pids.values() if alive(p)])
        self.assertEqual(self.checkout.pids(), {})
        self.assertIn("not running", self.checkout.andante("down").stdout)
        self.assertEqual(self.checkout.andante("status").returncode, 1)

    def test_down_kills_what_does_not_listen(self):
        self.checkout.up(FAKE_JAVA="deaf")
        pid = self.checkout.pids()["standalone"]
        result = self.checkout.andante("down", ANDANTE_STOP_TIMEOUT=1)
        self.assertIn("is killed", result.stderr)
        self.assertFalse(alive(pid))

    def test_down_never_touches_another_process_with_the_same_pid(self):
        run = self.checkout.cache / "run"
        run.mkdir(parents=True)
        (run / "standalone.pid").write_text(str(os.getpid()))
        result = self.checkout.andante("down")
        self.assertIn("not running", result.stdout)
        self.assertTrue(alive(os.getpid()))


class StartupCacheTest(LauncherTest):
    def log(self):
        return self.checkout.andante("logs", "standalone").stdout

    def up(self, *arguments, **env):
        return self.checkout.up(*arguments, **{"ANDANTE_AOT": "on", **env})

    def recorded(self):
        return sorted(path.name.rsplit("-", 1)[0] for path in (self.checkout.cache / "aot").iterdir())

    def test_one_is_recorded_for_each_build_and_used_from_then_on(self):
        self.assertIn("Recording", self.up().stdout)
        self.assertIn("-XX:AOTCache=", self.log())
        self.assertEqual(self.recorded(), ["standalone"])
        self.checkout.andante("down")
        self.assertNotIn("Recording", self.up().stdout)
        self.assertIn("-XX:AOTCache=", self.log())
        self.checkout.andante("down")
        os.utime(self.checkout.root / "standalone/target/andante-standalone.jar", (1, 1))
        self.assertIn("Recording", self.up().stdout)
        self.assertEqual(self.recorded(), ["standalone"])

    def test_each_service_of_the_mesh_has_its_own(self):
        self.up("--mesh")
        self.assertEqual(self.recorded(), ["decode", "draft", "expert", "gateway", "prefill"])

    def test_without_one_it_starts_all_the_same(self):
        result = self.up(FAKE_JAVA="deaf", ANDANTE_STOP_TIMEOUT=1)
        self.assertIn("is killed", result.stderr)
        self.assertIn("Ready after", result.stdout)
        self.assertNotIn("AOTCache", self.log())

    def test_a_service_that_dies_while_it_is_recorded_is_explained(self):
        result = self.up(FAKE_JAVA="killed")
        self.assert_fails(result, 1, "killed")
        self.assertEqual(self.checkout.pids(), {})

    def test_it_can_be_switched_off(self):
        self.assertNotIn("Recording", self.up(ANDANTE_AOT="off").stdout)
        self.assertNotIn("AOTCache", self.log())


class ChatTest(LauncherTest):
    def test_a_question_a_conversation_and_commands(self):
        self.checkout.up()
        self.assertIn("París", self.checkout.andante("chat", "Hello there").stdout)
        talk = self.checkout.andante("chat", stdin="first\n/help\n/system be brief\n/reset\nsecond\n/quit\n")
        self.assertEqual(talk.returncode, 0, talk.stderr)
        self.assertIn("first", talk.stdout)
        self.assertIn("secon", talk.stdout)
        self.assertIn("forgets", talk.stdout)

    def test_a_broken_stream_is_a_failure(self):
        self.checkout.up(FAKE_JAVA="break")
        result = self.checkout.andante("chat", "Hello")
        self.assertEqual(result.returncode, 1)
        self.assertIn("the decode worker is gone", result.stderr)


if __name__ == "__main__":
    unittest.main()
