"""The launcher runs on what macOS has: bash 3.2 and BSD's tools. Neither is at hand in the tests, so what they lack is refused."""

import re
import shutil
import subprocess
import unittest
from pathlib import Path

from checkout import LauncherTest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [ROOT / "andante", *sorted((ROOT / "scripts/lib").glob("*.sh"))]

REFUSED = {
    r"\b(mapfile|readarray|coproc)\b": "came with bash 4",
    r"\b(declare|local|typeset|readonly)\s+-\w*[Ang]": "associative arrays, name references and -g came with bash 4",
    r"\b(declare|readonly|export|typeset)\s+(-\w+\s+)?\w+=\(": "bash 3.2 may make it a string; assign first, then readonly",
    r"\$\{\w+(\[[^]]*\])?(\^|,)": "changing case came with bash 4",
    r"\$\{\w+(\[[^]]*\])?@\w\}": "${x@Q} came with bash 4.4",
    r"\$\{[^}]*\$'": "$'…' inside ${…} is not understood by bash 3.2",
    r"\$\{?\w+\[-\d": "negative indices came with bash 4.3",
    r"\[\[?\s+-v\s": "-v came with bash 4.2",
    r"\|&|&>>|;;?&(\s|$)": "came with bash 4",
    r"\bwait -n\b|\bprintf -v \w+\[|printf\s+'?%\(": "came with bash 4",
    r"\bexec \{\w+\}|\{\w+\}[<>]": "{fd}> came with bash 4.1",
    r"\bread\b[^|;]* -t\s*\d*\.\d": "bash 3.2 waits whole seconds only",
    r"\$\w+[^\x00-\x7f]": "bash 3.2 takes the first byte of … for a part of the name: ${x}…",
    r"\b(EPOCHSECONDS|EPOCHREALTIME|BASHPID|BASH_REMATCH\[@\])\b": "came later than bash 3.2",
    r"\bsource <\(|\. <\(": "reads nothing in bash 3.2",
    r"\breadlink -\w*[fe]|\brealpath\b": "older macOS has neither",
    r"\b(grep|egrep) -\w*P|\bsed (-\w+ )*-i|\bsed -\w*r|\bsort -\w*V|\bxargs -\w*r|\bfind\b.*(-quit|-printf|-readable)": "only GNU's has it",
    r"\bdate (-d|--|\+%\S*N)|\bmktemp --|\bcp --|\bdf --|\bhead -n -|\bdu -\w*b|\bps -\w*e?o \w+ --": "only GNU's has it",
    r"(^|[|;&(]\s*)\s*(timeout|nproc|sha256sum|flock|tac|numfmt|pidof)\s": "not there on macOS",
}
# arrays that always have an element: "${x[@]}" of an empty one is an error in bash 3.2 under set -u
NEVER_EMPTY = {"JVM_OPTIONS", "MESH_PORTS", "files", "folders", "names", "options", "ready", "service_options", "waiting"}
# for these, the code beside them does without
GUARDED = {
    r"\bstat -c": ("common.sh", "stat -f"),
    r"/proc/[^s]": {"processes.sh": "ps -ww", "ports.sh": "lsof", "options.sh": "linux-x86_64"},
    r"\bsetsid\b": ("processes.sh", "command -v setsid"),
}


def code(script):
    """(number, line) of all but comments and here-documents."""
    end = None
    for number, line in enumerate(script.read_text(encoding="utf-8").splitlines(), 1):
        if end:
            end = None if line == end else end
            continue
        if match := re.search(r"<<-?'?(\w+)", line):
            end = match[1]
        if not line.lstrip().startswith("#"):
            yield number, line


class PortableTest(unittest.TestCase):
    def found(self, pattern):
        return [(s.name, n, line) for s in SCRIPTS for n, line in code(s) if re.search(pattern, line)]

    def test_nothing_that_bash_3_or_bsd_tools_lack(self):
        for pattern, why in REFUSED.items():
            with self.subTest(pattern):
                self.assertEqual(self.found(pattern), [], why)

    def test_arrays_that_may_be_empty_are_guarded(self):
        for name, number, line in self.found(r'"\$\{\w+\[@\]\}"'):
            bare = re.sub(r'\$\{(\w+)\[@\]\+"\$\{\1\[@\]\}"\}', "", line)
            for array in re.findall(r"\$\{(\w+)\[[@*]\]\}", bare):
                self.assertIn(array, NEVER_EMPTY, f"{name}:{number}: " + line)

    def test_what_only_linux_has_comes_with_another_way(self):
        for pattern, places in GUARDED.items():
            places = dict([places]) if isinstance(places, tuple) else places
            for name, number, line in self.found(pattern):
                self.assertIn(name, places, f"{number}: {line}")
                self.assertIn(places[name], (ROOT / "scripts/lib" / name).read_text(encoding="utf-8"))

    def test_no_case_with_open_patterns_inside_a_substitution(self):
        for script in SCRIPTS:  # bash 3.2 takes the pattern's ) for the end of $(
            text = "\n".join(line for _, line in code(script))
            self.assertIsNone(re.search(r"\$\([^()]*\bcase\b[^()]*\bin\b[^()]*\)", text), script.name)

    def test_the_patterns_find_what_they_are_for(self):
        for bad in (
            "mapfile -t x < <(y)", "declare -A x", "local -n y=x", "readonly X=(a b)", "${x,,}", "${x^}", "${x@Q}", "${x//$'\\n'/ }", "${x[-1]}",
            "a |& b", "a &>>b", "wait -n", "exec {fd}<x", "read -r -t 0.5 x", '"$name…"', "readlink -f x", "find . -print -quit", "sed -i s/a/b/ x",
            "x=$(date +%s%N)", "timeout 3 x", "a | sort -V", "[[ -v x ]]", "BASHPID",
        ):  # fmt: skip
            self.assertTrue(any(re.search(p, bad) for p in REFUSED), bad)


class FallbackTest(LauncherTest):
    """The other ways, tried on Linux by taking the first ones away."""

    def bash(self, script, path=None):
        prelude = f"set -euo pipefail; cache={self.checkout.cache}; ANDANTE_HOME={self.checkout.root}; cd {ROOT}/scripts/lib; . ./common.sh; . ./processes.sh; . ./ports.sh; "
        env = {**self.checkout.env, **({"PATH": path} if path else {})}
        return subprocess.run(["bash", "-c", prelude + script], env=env, capture_output=True, text=True, check=True).stdout.strip()

    def test_real_path_follows_chains_of_links(self):
        base = self.checkout.base.resolve()
        (base / "a").mkdir()
        (base / "a/file").write_text("")
        (base / "one").symlink_to("a/file")
        (base / "two").symlink_to(base / "one")
        (base / "b").symlink_to("a")
        for link in ("two", "one", "a/file", "b/file"):
            self.assertEqual(self.bash(f"real_path {base}/{link}"), f"{base}/a/file")

    def test_mtime_with_either_stat(self):
        file = self.checkout.model
        expected = str(int(file.stat().st_mtime))
        self.assertEqual(self.bash(f"mtime {file}"), expected)
        bsd = self.checkout.tool("stat", f'#!/bin/sh\n[ "$1" = -f ] && [ "$2" = %m ] && exec {shutil.which("stat")} -c %Y "$3"\nexit 1\n')
        self.assertEqual(self.bash(f"mtime {file}", bsd), expected)

    def test_a_process_that_becomes_another_program_is_not_gone(self):
        empty_first = "command_line() { if [ -e seen ]; then echo java $(mark_of x) -jar; else : >seen; fi; }; "
        self.assertEqual(self.bash(f"cd {self.checkout.base}; {empty_first} is_ours $$ x && echo ours"), "ours")
        self.assertEqual(self.bash("command_line() { :; }; is_ours $$ x || echo gone"), "gone")
        self.assertEqual(self.bash("command_line() { echo another program; }; is_ours $$ x || echo anothers"), "anothers")

    def test_a_process_is_known_with_ps_too(self):
        self.checkout.up()
        (self.checkout.root / "scripts/lib/processes.sh").write_text(
            (self.checkout.root / "scripts/lib/processes.sh").read_text().replace("[ -d /proc/self ]", "false")
        )
        status = self.checkout.andante("status")
        self.assertEqual(status.returncode, 0, status.stdout)
        self.assertIn("Stopped: standalone", self.checkout.andante("down").stdout)

    @unittest.skipUnless(shutil.which("lsof"), "lsof is not installed")
    def test_the_owner_of_a_port_is_known_with_lsof_too(self):
        self.checkout.up()
        (self.checkout.root / "scripts/lib/ports.sh").write_text(
            (self.checkout.root / "scripts/lib/ports.sh").read_text().replace("/proc/net/tcp ]", "/nowhere ]")
        )
        result = self.checkout.up(ANDANTE_CACHE=self.checkout.base / "other")
        self.assert_fails(result, 1, f"(pid {self.checkout.pids()['standalone']})")


if __name__ == "__main__":
    unittest.main()
