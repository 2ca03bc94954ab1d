"""Checksums of models. What was checked is noted beside the file, with the size and the time it had: it is read again only
after it changed. Standard library only."""

import hashlib

from fetching import Problem, Progress


def sha256_of(path, label):
    digest = hashlib.sha256()
    with path.open("rb") as file, Progress(label, path.stat().st_size) as progress:
        while block := file.read(1 << 20):
            digest.update(block)
            progress.add(len(block))
    return digest.hexdigest()


def note_of(path):
    return path.with_name(f".{path.name}.sha256")


def note(path, sha256):
    """What is noted of a file that has this checksum."""
    stat = path.stat()
    return f"{sha256} {stat.st_size} {stat.st_mtime_ns}\n"


def noted(path):
    try:
        return note_of(path).read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def is_intact(path, sha256):
    """Whether the file has this checksum; reads it only if it changed since that was last seen."""
    if noted(path) == note(path, sha256):
        return True
    if sha256_of(path, "checking SHA-256") != sha256:
        return False
    keep_note(path, sha256)
    return True


def keep_note(path, sha256):
    """Notes that the file was seen to have this checksum; without one, that nothing is known of it."""
    try:
        note_of(path).unlink(missing_ok=True)
        if sha256:
            note_of(path).write_text(note(path, sha256), encoding="ascii")
    except OSError:
        pass  # a folder that cannot be written: the file is read again next time


def wrong_checksum(path, expected, actual, *next_steps):
    return Problem(f"{path} has the wrong checksum:\n  expected {expected}\n  got      {actual}", *next_steps)


def check_note(path):
    """Raises Problem if the file was once checked, and has another content now."""
    words = noted(path).split()
    if words and not is_intact(path, words[0]):
        raise Problem(f"{path} is damaged: its SHA-256 is no longer {words[0]}", "./andante model pull … fetches it again")
