"""When the launcher builds, what it says of a build that lacks something, and what CI installs before."""

import os
import platform
import shutil
import subprocess
import unittest

from checkout import ROOT, LauncherTest


class BuildTest(LauncherTest):
    def test_it_builds_only_what_is_older_than_its_sources(self):
        source = self.checkout.root / "gateway/src/main/java/A.java"
        source.parent.mkdir(parents=True)
        source.write_text("class A {}")
        for _ in range(2):
            self.assertEqual(self.checkout.andante("build").returncode, 0)
        calls = self.checkout.root / "maven-calls"
        self.assertEqual(len(calls.read_text().splitlines()), 1)
        stamp = (self.checkout.root / "target/andante-build.stamp").stat().st_mtime
        os.utime(source, (stamp + 10, stamp + 10))
        self.assertIn("A.java is newer", self.checkout.andante("build").stdout)
        self.assertEqual(len(calls.read_text().splitlines()), 2)
        os.utime(source, (stamp + 1000, stamp + 1000))
        self.checkout.andante("build", ANDANTE_BUILD="off")
        self.assertEqual(len(calls.read_text().splitlines()), 2)

    def test_maven_user_home_holds_the_repository(self):
        self.checkout.andante("build", MAVEN_USER_HOME="/somewhere/m2")
        self.assertIn("-Dmaven.repo.local=/somewhere/m2/repository", (self.checkout.root / "maven-calls").read_text())

    def test_the_build_fails(self):
        result = self.checkout.up(FAKE_MAVEN="Could not transfer artifact")
        self.assert_fails(result, 1, "could not download a library", "check the network")
        self.assert_fails(self.checkout.up(FAKE_MAVEN="cannot find symbol"), 1, "cannot find symbol", "the build failed")
        self.assert_fails(self.checkout.up(FAKE_MAVEN="No space left on device"), 1, "ran out of disk")


class CompilerTest(LauncherTest):
    LACK = "no C compiler"

    def setUp(self):
        super().setUp()
        (self.checkout.root / "core/compute-cpu/src/main/c").mkdir(parents=True)
        self.without = self.checkout.path_without("cc")

    def with_compiler(self):
        return {"PATH": self.without, "CC": "true"}

    def test_its_lack_is_said_with_how_to_get_it_and_breaks_nothing(self):
        result = self.checkout.up(PATH=self.without)
        self.assertEqual(result.returncode, 0, result.stderr)
        (line,) = [line for line in result.stdout.splitlines() if self.LACK in line]
        for part in ("faster kernels are left out", "apt-get install gcc libc6-dev", "dnf install gcc", "xcode-select --install", "./andante build"):
            self.assertIn(part, line)

    def test_it_is_said_once_a_build_and_the_next_build_uses_a_compiler_that_came(self):
        self.assertIn(self.LACK, self.checkout.andante("build", PATH=self.without).stdout)
        self.assertNotIn(self.LACK, self.checkout.andante("build", PATH=self.without).stdout)
        result = self.checkout.andante("build", **self.with_compiler())
        self.assertIn("there is a C compiler now", result.stdout)
        self.assertNotIn(self.LACK, result.stdout)
        self.assertNotIn("Building", self.checkout.andante("build", **self.with_compiler()).stdout)

    def test_nothing_is_said_where_it_would_bring_nothing(self):
        self.assertNotIn(self.LACK, self.checkout.andante("build", PATH=self.without, FAKE_MAVEN_SAYS="C kernels: none for x").stdout)
        shutil.rmtree(self.checkout.root / "core")
        (self.checkout.root / "target/andante-build.stamp").unlink()
        self.assertNotIn(self.LACK, self.checkout.andante("build", PATH=self.without).stdout)


class KernelsTest(LauncherTest):
    """The script that Maven compiles the C kernels with."""

    def compile(self, compiler):
        self.target = self.checkout.base / "classes"
        script = ROOT / "core/compute-cpu/src/main/c/build"
        return subprocess.run([script, self.target], env={**self.checkout.env, "CC": compiler}, capture_output=True, text=True)

    def fake_compiler(self, script):
        path = self.checkout.base / "fake-cc"
        self.checkout.executable(path, f"#!/bin/sh\n{script}\n")
        return str(path)

    @unittest.skipUnless(platform.system() == "Linux" and platform.machine() == "x86_64", "kernels are for Linux on x86-64")
    def test_a_compiler_that_cannot_is_as_good_as_none(self):
        for compiler in ("/nowhere/cc", self.fake_compiler("echo 'fatal error: stdint.h: No such file' >&2; exit 1")):
            result = self.compile(compiler)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("the slower Vector API backend is used", result.stdout)
            self.assertIn("apt-get install gcc libc6-dev", result.stdout)
            self.assertEqual(list(self.target.rglob("*.so")), [])
        self.assertIn("stdint.h", result.stdout)

    @unittest.skipUnless(platform.system() == "Linux" and platform.machine() == "x86_64", "kernels are for Linux on x86-64")
    def test_kernels_that_do_not_compile_fail_the_build(self):
        result = self.compile(self.fake_compiler('case "$*" in *probe.c*) shift $(($# - 1)); : >"$1" ;; *) exit 1 ;; esac'))
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(list(self.target.rglob("*.so")), [])


class ContinuousIntegrationTest(LauncherTest):
    def run_ci(self, path):
        base = self.checkout.base / "clone"
        shutil.copytree(ROOT / ".ci", base / ".ci")
        self.checkout.executable(base / "andante", "#!/bin/sh\necho andante $*\n")
        self.checkout.tool("apt-get", "#!/bin/sh\necho apt-get $*\n")
        self.checkout.tool("sudo", '#!/bin/sh\nexec "$@"\n')
        self.checkout.tool("python3", "#!/bin/sh\n")
        self.checkout.tool("git", "#!/bin/sh\n")
        result = subprocess.run([base / ".ci/run"], env={**self.checkout.env, "PATH": path}, capture_output=True, text=True, check=True)
        return result.stdout.splitlines()

    def test_it_installs_a_c_compiler_where_there_is_none(self):
        lines = self.run_ci(self.checkout.path_without("cc"))
        self.assertEqual(lines[0], "apt-get update -q")
        self.assertTrue(lines[1].startswith("apt-get install ") and lines[1].endswith(" gcc libc6-dev"), lines[1])
        self.assertEqual(lines[2:], ["andante test"])

    def test_it_installs_nothing_that_is_there(self):
        path = self.checkout.path_without()
        self.checkout.tool("cc", "#!/bin/sh\ncat >/dev/null\n")  # the pipe would break if nobody read it
        self.assertEqual(self.run_ci(path), ["andante test"])


if __name__ == "__main__":
    unittest.main()
