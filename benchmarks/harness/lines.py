"""The lines of the table: what is measured, on which model, with how many tokens."""

import re
from dataclasses import dataclass, replace

DEFAULT = ("pp512", "pp2048", "tg128", "tg8@128", "tg16@128", "tg1@4096", "busy", "http-8", "1b/pp512", "1b/tg64", "1b/tg16@32")
STEPS = 64  # generated after a depth
BATCHED = re.compile(r"tg(\d+)@(\d+)")


@dataclass(frozen=True)
class Line:
    """kind: pp, tg, http or busy; `depth` tokens are in the context before `steps` are generated for each of `sequences`."""

    name: str
    kind: str
    shape: str = ""  # empty: the model that was asked for
    sequences: int = 1
    prompt: int = 0
    depth: int = 0
    steps: int = 0

    @property
    def unit(self):
        return "of quiet" if self.kind == "busy" else "tok/s"

    @property
    def command(self):
        """As both workers understand it."""
        return f"pp {self.prompt}" if self.kind == "pp" else f"tg {self.sequences} {self.depth} {self.steps}"

    @property
    def context(self):
        """Positions of the longest sequence."""
        return max(self.prompt, self.depth) + self.steps

    def lengths(self):
        """For the record: tokens in and out of each sequence."""
        return {"prompt_tokens": self.prompt or self.depth, "output_tokens": self.steps, "sequences": self.sequences}


def parse(name):
    """ppN: prompt; tgN: N tokens of one sequence; tgS@D: S sequences from depth D; http-N: N clients; busy; 1b/… on that shape."""
    shape, _, test = name.rpartition("/")
    if shape not in ("", "1b"):
        raise ValueError(f"there is no shape '{shape}'; there is 1b")
    if m := re.fullmatch(r"pp(\d+)", test):
        line = Line(name, "pp", shape, prompt=int(m[1]))
    elif m := re.fullmatch(r"tg(\d+)", test):
        line = Line(name, "tg", shape, steps=int(m[1]))
    elif m := BATCHED.fullmatch(test):
        line = Line(name, "tg", shape, sequences=int(m[1]), depth=int(m[2]), steps=STEPS)
    elif m := re.fullmatch(r"http-(\d+)", test):
        if shape:
            raise ValueError("http lines need a model with a tokenizer")
        line = Line(name, "http", sequences=int(m[1]), prompt=201, steps=64)
    elif test == "busy":
        line = Line(name, "busy", shape, steps=32)
    else:
        raise ValueError(f"there is no line '{name}'; lines look like {', '.join(DEFAULT)}")
    if min(line.sequences, line.prompt + line.steps) < 1 or line.sequences > 64:
        raise ValueError(f"'{name}': at least one token, 1 to 64 sequences")
    return line


def quick(line):
    """The same with so little work that a run shows whether all parts work, and nothing about speed."""
    return replace(line, prompt=line.prompt if line.kind == "http" else min(line.prompt, 128), depth=min(line.depth, 256),
                   steps=min(line.steps, 16 if line.kind == "http" else 8), sequences=min(line.sequences, 4))
