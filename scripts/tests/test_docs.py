"""The documents hold together: links lead somewhere, decisions are numbered once, and commands exist and are complete."""

import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(p for p in ROOT.rglob("*.md") if not {"target", "node_modules"} & set(p.relative_to(ROOT).parts))
DECISIONS = ROOT / "docs/decisions"


def commands(page):
    """The lines of the shell blocks of a page, without comments."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        yield from (line.split("  #")[0].rstrip() for line in block.replace("\\\n", " ").splitlines() if line and not line.startswith("#"))


class LinksTest(unittest.TestCase):
    def test_they_lead_to_a_file(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
                if "://" not in target:
                    self.assertTrue((page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}")


class DecisionsTest(unittest.TestCase):
    def test_each_has_its_own_number_and_its_line_in_the_index(self):
        pages = sorted(DECISIONS.glob("0*.md"))
        index = re.findall(r"^(\d+)\. \[(.+)\]\((.+)\)$", (DECISIONS / "README.md").read_text(encoding="utf-8"), re.M)
        self.assertEqual([file for _, _, file in index], [page.name for page in pages])
        for place, (number, title, file) in enumerate(index, 1):
            self.assertEqual((int(number), int(file[:4])), (place, place))
            self.assertEqual((DECISIONS / file).read_text(encoding="utf-8").splitlines()[0], f"# {place}. {title}")


class CommandsTest(unittest.TestCase):
    def test_the_launcher_and_the_scripts_know_them(self):
        usage = subprocess.run([ROOT / "andante", "help"], capture_output=True, text=True, check=True).stdout
        known = set(re.findall(r"^  ([a-z]+)\b", usage, re.M))
        for page in PAGES:
            for line in commands(page):
                for command in re.findall(r"\./andante ([a-z]+)", line):
                    self.assertIn(command, known, f"{page.relative_to(ROOT)}: {line}")
                for option in re.findall(r"\./andante [a-z]+ (?:[^-][^ ]* )*(--[a-z][a-z-]*)", line):
                    self.assertIn(option, usage, f"{page.relative_to(ROOT)}: {line}")
                first = line.split()[0]
                if re.match(r"(\./)?(\w+/)+\w", first) and not first.startswith("./andante"):
                    self.assertTrue((ROOT / first).exists(), f"{page.relative_to(ROOT)}: {line}")

    def test_an_image_is_made_before_it_is_installed(self):
        for page in PAGES:
            lines = list(commands(page))
            installs = [i for i, line in enumerate(lines) if re.match(r"helm install|kubectl .*apply", line)]
            if installs:
                before = lines[: installs[0]]
                self.assertIn("./andante build", before, page.name)
                made = [line for line in before if line.startswith("images/build")]
                self.assertTrue(made, f"{page.relative_to(ROOT)} installs an image that no registry has")
                self.assertTrue([line for line in before if "target/andante-image.tar" in line], page.name)

    def test_the_image_has_the_name_that_the_chart_asks_for(self):
        version = re.search(r"^appVersion: (\S+)$", (ROOT / "helm/andante/Chart.yaml").read_text(encoding="utf-8"), re.M)[1]
        texts = [page.read_text(encoding="utf-8") for page in (*PAGES, ROOT / "images/Dockerfile")]
        tags = {tag for text in texts for tag in re.findall(r"(?:-t|docker-image) andante:(\S+)", text)}
        self.assertEqual(tags, {version})
        self.assertIn(f'default="andante:{version}"', (ROOT / "images/build").read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
