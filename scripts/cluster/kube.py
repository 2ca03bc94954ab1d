"""kubectl and Helm as functions, and waiting with an end."""

import json
import subprocess
import time
import urllib.request

NAMESPACE = "andante-test"


def run(*command, timeout=120, check=True):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout, check=False)
    if check and result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command[:3]))}: {(result.stderr or result.stdout).strip()[-1500:]}")
    return result.stdout


def kubectl(*arguments, **options):
    return run("kubectl", "-n", NAMESPACE, *arguments, **options)


def get(*what):
    return json.loads(kubectl("get", *what, "-o", "json"))


def ready_pods(role):
    """Pods of a role that may get work: name → address."""
    pods = get("pods", "-l", f"llm-d.ai/role={role}")["items"]
    return {
        pod["metadata"]["name"]: pod["status"]["podIP"]
        for pod in pods
        if not pod["metadata"].get("deletionTimestamp")
        and any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
    }


def all_pods(role):
    return [pod["metadata"]["name"] for pod in get("pods", "-l", f"llm-d.ai/role={role}")["items"]]


def metric(address, name):
    """Sum of a metric's samples on a pod."""
    with urllib.request.urlopen(f"http://{address}:8080/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    samples = [line for line in lines if line.startswith(name) and line[len(name)] in "{ "]
    if not samples:
        raise RuntimeError(f"{address} has no metric {name}")
    return sum(float(line.rsplit(" ", 1)[1]) for line in samples)


def until(seconds, what, condition, pause=1.0):
    """Waits for condition() to be true and returns its value."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            if value := condition():
                return value
            last = value
        except (RuntimeError, OSError, KeyError, ValueError) as error:
            last = error
        time.sleep(pause)
    raise RuntimeError(f"not within {seconds} s: {what} (last: {last!r})")
