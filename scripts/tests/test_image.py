"""The image tar: its layers, names and digests, and what it says when something is missing."""

import contextlib
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from checkout import Checkout

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "images"))
loader = importlib.machinery.SourceFileLoader("image_build", str(ROOT / "images/build"))
image_build = importlib.util.module_from_spec(importlib.util.spec_from_loader("image_build", loader))
loader.exec_module(image_build)


class ImageTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.base = Path(temporary.name)

    def layer(self, at="/opt/x"):
        source = self.base / "source"
        (source / "lib").mkdir(parents=True, exist_ok=True)
        (source / "lib/a.jar").write_text("jar")
        path = image_build.layer(source, at)
        self.addCleanup(path.unlink)
        return path

    def test_a_layer_holds_the_folder_at_its_place_and_is_reproducible(self):
        one, two = self.layer(), self.layer()
        self.assertEqual(one.read_bytes(), two.read_bytes())
        with tarfile.open(one) as archive:
            self.assertEqual(archive.getnames(), ["opt/x", "opt/x/lib", "opt/x/lib/a.jar"])
            self.assertEqual({(m.uid, m.gid, m.mtime) for m in archive}, {(0, 0, image_build.TIME)})

    def test_the_archive_names_its_layers_by_their_digests(self):
        layers = [self.layer(), self.layer("/opt/y")]
        output = self.base / "out/image.tar"
        image_build.write_image(output, "andante:1", layers)
        with tarfile.open(output) as archive:
            manifest = json.load(archive.extractfile("manifest.json"))[0]
            config = json.load(archive.extractfile(manifest["Config"]))
            self.assertEqual(manifest["RepoTags"], ["andante:1"])
            digests = [f"sha256:{hashlib.sha256(archive.extractfile(name).read()).hexdigest()}" for name in manifest["Layers"]]
        self.assertEqual(config["rootfs"]["diff_ids"], digests)
        self.assertEqual(config["config"]["User"], "65532:65532")

    def test_what_is_missing_is_said_with_what_to_do(self):
        (self.base / "there").mkdir()
        self.assertIn("is there already", self.failure(self.base / "there"))
        image_build.ROOT, root = self.base, image_build.ROOT
        self.addCleanup(setattr, image_build, "ROOT", root)
        self.assertIn("./andante build", self.failure(self.base / "new"))

    def test_the_base_is_unpacked_by_pythons_without_extraction_filters_too(self):
        base = self.base / "base.tar"
        with tarfile.open(base, "w") as archive:
            archive.add(__file__, "etc/file")
        for known in (True, False):
            with self.subTest(known=known), mock.patch.object(image_build.startup_cache, "tarfile") as fake:
                fake.open.return_value.__enter__.return_value.extractall = lambda path, **options: self.assertEqual(bool(options), known)
                if not known:
                    del fake.fully_trusted_filter
                for name in ("java", "andante"):
                    (self.base / name).mkdir(exist_ok=True)
                image_build.startup_cache.record(base, self.base / "java", self.base / "andante", (), self.base / f"work-{known}")

    def test_it_takes_the_jdk_that_the_launcher_takes(self):
        checkout = Checkout()
        self.addCleanup(checkout.close)
        with mock.patch.dict(os.environ, {"JAVA_HOME": str(checkout.jdk)}):
            self.assertEqual(image_build.java_home(), checkout.jdk)
        checkout.make_jdk(checkout.jdk, "21.0.1")
        with mock.patch.dict(os.environ, {"JAVA_HOME": str(checkout.jdk), "PATH": checkout.path_without("java", "javac")}), mock.patch.object(
            image_build, "ROOT", checkout.root
        ):
            checkout.hide_other_jdks()
            with self.assertRaises(SystemExit) as ended:
                image_build.java_home()
        self.assertEqual(ended.exception.code, 3)

    def failure(self, folder):
        said = io.StringIO()
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(said):
            image_build.stage(folder)
        return said.getvalue()


if __name__ == "__main__":
    unittest.main()
