"""The shell scripts are clean, where shellcheck is installed, and parse everywhere."""

import shutil
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [ROOT / "andante", ROOT / ".ci/run", ROOT / "k8s/render", *sorted((ROOT / "scripts/lib").glob("*.sh"))]


class ScriptsTest(unittest.TestCase):
    def test_bash_parses_them(self):
        for script in SCRIPTS:
            with self.subTest(script.name):
                self.assertEqual(subprocess.run(["bash", "-n", script], check=False).returncode, 0)

    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
    def test_shellcheck_finds_nothing(self):
        result = subprocess.run(["shellcheck", "-x", *SCRIPTS], cwd=ROOT, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_each_part_is_small(self):
        for script in SCRIPTS:
            self.assertLess(len(script.read_text(encoding="utf-8").splitlines()), 200, script.name)


if __name__ == "__main__":
    unittest.main()
