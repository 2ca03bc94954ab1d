#!/usr/bin/env python3
"""Writes what follows from helm/andante/values.yaml: values.schema.json and the table in README.md.

A key with a comment above it is a value; a key without one groups those below it. With --check nothing is written:
exit status 1 says that a file is out of date.
"""

import json
import re
import sys
from pathlib import Path

CHART = Path(__file__).resolve().parents[1] / "helm/andante"
BEGIN, END = "<!-- values: made by scripts/chart_docs.py -->", "<!-- end of values -->"
POLICIES = ["IfNotPresent", "Always", "Never"]
ENUMS = {
    "image.pullPolicy": POLICIES,
    "model.fetch.pullPolicy": POLICIES,
    "model.source": ["pip", "url", "volume", "image"],
    "gateway.service.type": ["ClusterIP", "NodePort", "LoadBalancer"],
}
PATTERNS = {"model.sha256": "^([0-9a-fA-F]{64})?$", "model.mountPath": "^/", "model.file": "^[^/].*$", "image.repository": "^.+$"}
MINIMA = {"replicas": 0, "preStopSeconds": 0, "minReadySeconds": 0, "maxUnavailable": 0}  # all other numbers: 1
MAXIMA = {"gateway.service.port": 65535}


def parse(lines):
    """Yields (path, comment or None, literal) for each key that is a value or a group."""
    stack, comment, skip = [], [], None
    for line in lines:
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if skip is not None and text and indent > skip:
            continue  # inside a documented value
        skip = None
        if text.startswith("#"):
            comment.append(text[1:].strip())
            continue
        match = re.match(r"([\w-]+):\s*(.*)$", text)
        if not match:
            comment = []
            continue
        while stack and stack[-1][0] >= indent:
            stack.pop()
        stack.append((indent, match[1]))
        yield ".".join(name for _, name in stack), " ".join(comment) or None, match[2]
        if comment:
            skip = indent
        comment = []


def schema_of(path, comment, literal):
    name = path.rsplit(".", 1)[-1]
    if re.fullmatch(r"\d+", literal):
        kind = {"type": "integer", "minimum": MINIMA.get(name, 1)}
        if path in MAXIMA:
            kind["maximum"] = MAXIMA[path]
        if name == "maxUnavailable":
            kind = {"anyOf": [kind, {"type": "string", "pattern": "^[0-9]+%$"}]}
    elif literal in ("true", "false"):
        kind = {"type": "boolean"}
    elif literal.startswith("["):
        kind = {"type": "array", "items": {"type": "object"}}
        if name == "pullSecrets":
            kind["items"] = {"type": "string"}
    elif literal.startswith("{") or not literal:
        kind = {"type": "object"}
        if name in ("commonLabels", "podAnnotations", "annotations", "nodeSelector"):
            kind["additionalProperties"] = {"type": "string"}
    else:
        kind = {"type": "string"}
        if path in ENUMS:
            kind["enum"] = ENUMS[path]
        if path in PATTERNS:
            kind["pattern"] = PATTERNS[path]
    return {"description": comment, **kind}


def group():
    return {"type": "object", "additionalProperties": False, "properties": {}}


def schema(entries):
    root = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Values of the Andante chart", **group()}
    root["properties"]["global"] = {"description": "Helm's own; the chart does not read it.", "type": "object"}
    for path, comment, literal in entries:
        *parents, name = path.split(".")
        at = root
        for parent in parents:
            at = at["properties"][parent]
        at["properties"][name] = schema_of(path, comment, literal) if comment else group()
    return json.dumps(root, indent=2) + "\n"


def table(entries):
    rows = ["| value | default | meaning |", "|---|---|---|"]
    for path, comment, literal in entries:
        if comment:
            default = literal or "see values.yaml"
            rows.append(f"| `{path}` | `{default}` | {comment.replace('|', chr(92) + '|')} |")
    return "\n".join(rows)


def main():
    entries = list(parse((CHART / "values.yaml").read_text(encoding="utf-8").splitlines()[1:]))
    readme = (CHART / "README.md").read_text(encoding="utf-8")
    head, tail = readme.split(BEGIN)[0], readme.split(END)[1]
    wanted = {
        CHART / "values.schema.json": schema(entries),
        CHART / "README.md": f"{head}{BEGIN}\n{table(entries)}\n{END}{tail}",
    }
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.name} is out of date: run scripts/chart_docs.py")
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
