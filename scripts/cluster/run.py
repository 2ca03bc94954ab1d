#!/usr/bin/env python3
"""The chart on a real Kubernetes: install, chat, scale decode out and back under load, uninstall.

Called by `./andante test --cluster` with kubectl and helm on the PATH and the image loaded. Prints a transcript that ends
with "N passed, N failed".
"""

import argparse
import json
import sys
import time
import urllib.request
from pathlib import Path

import kube
from kube import NAMESPACE, all_pods, kubectl, metric, ready_pods, until
from load import Load, chat

ROOT = Path(__file__).resolve().parents[2]
CHART, VALUES = ROOT / "helm/andante", Path(__file__).with_name("values.yaml")
ROLES = ("gateway", "prefill", "decode", "draft", "expert")


class Transcript:
    def __init__(self):
        self.passed = self.failed = 0
        self.begin = time.monotonic()

    def check(self, what, action, *arguments):
        start = time.monotonic()
        try:
            note = action(*arguments)
            self.passed += 1
            sign = "ok  "
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the check failed and says why
            note, sign = error, "FAIL"
            self.failed += 1
        print(f"{start - self.begin:4.0f} s  {sign}  {what} ({time.monotonic() - start:.0f} s)", flush=True)
        for line in str(note or "").splitlines():
            print(f"              {line}", flush=True)
        return sign == "ok  "


class Release:
    """The installed chart: its checks share the address, the model's name and what the clients saw."""

    def __init__(self, image, model):
        self.image, self.model_file = image, model
        self.url = self.model = None
        self.texts, self.answered, self.failures = set(), 0, []

    def install(self):
        repository, tag = self.image.rsplit(":", 1)
        settings = {
            "image.repository": repository,
            "image.tag": tag,
            "model.file": self.model_file.name,
            "model.volume.hostPath.path": self.model_file.parent,
        }
        flags = [part for key, value in settings.items() for part in ("--set-string", f"{key}={value}")]
        kube.run("helm", "install", "andante", CHART, "-n", NAMESPACE, "--create-namespace", "-f", VALUES, *flags,
                 "--wait", "--timeout", "300s", timeout=330)  # fmt: skip
        return "\n".join(f"{role}: {', '.join(ready_pods(role))}" for role in ROLES if ready_pods(role))

    def find_gateway(self):
        self.url = "http://" + kube.get("service", "andante-gateway")["spec"]["clusterIP"]
        with urllib.request.urlopen(f"{self.url}/v1/models", timeout=10) as answer:
            self.model = json.load(answer)["data"][0]["id"]
        return f"{self.url} serves {self.model}"

    def first_chat(self):
        question = "What is the capital of France? Answer in one sentence."
        text = chat(self.url, self.model, question, 64)
        if "Paris" not in text:
            raise RuntimeError(f"no Paris in: {text}")
        return f"> {question}\n{text}"

    def both_legs_worked(self):
        (prefill,), (decode,) = ready_pods("prefill").values(), ready_pods("decode").values()
        sent, made = metric(prefill, "vllm:prompt_tokens_total"), metric(decode, "vllm:generation_tokens_total")
        if sent <= 0 or made <= 0:
            raise RuntimeError(f"prefill counts {sent} prompt tokens, decode {made} generated ones")
        return f"prefill computed {sent:.0f} prompt tokens, decode generated {made:.0f}"

    def cpu_known(self):
        def use():
            metrics = kube.get("hpa", "andante-decode")["status"].get("currentMetrics") or []
            return [m["resource"]["current"]["averageUtilization"] for m in metrics if "resource" in m]

        return f"decode uses {until(120, 'the autoscaler knows the CPU use', use)[0]} % of its request"

    def settled(self):
        until(120, "one decode pod", lambda: len(ready_pods("decode")) == 1 == len(all_pods("decode")))

    def scale_out(self, load):
        pods = until(180, "two decode pods are ready", lambda: len(p := ready_pods("decode")) == 2 and p)
        until(60, "both decode pods generate", lambda: all(metric(a, "vllm:generation_tokens_total") > 0 for a in pods.values()))
        return "\n".join(f"{name}: {metric(a, 'vllm:generation_tokens_total'):.0f} tokens" for name, a in pods.items()) + (
            f"\n{load.answered} requests answered"
        )

    def scale_in(self):
        until(240, "one decode pod is left", lambda: len(ready_pods("decode")) == 1 == len(all_pods("decode")))

    def remember(self, load):
        self.texts |= load.texts
        self.answered += load.answered
        self.failures += load.failures

    def nobody_failed(self):
        if self.failures or not self.answered:
            raise RuntimeError(f"{len(self.failures)} of {self.answered + len(self.failures)} failed:\n" + "\n".join(self.failures[:10]))
        return f"{self.answered} answers"

    def same_text(self):
        longest = max(self.texts, key=len, default="")
        if others := [text for text in self.texts if not longest.startswith(text)]:
            raise RuntimeError("different greedy answers:\n" + "\n---\n".join([longest, *others]))

    def uninstall(self):
        kube.run("helm", "uninstall", "andante", "-n", NAMESPACE, "--wait", "--timeout", "150s", timeout=180)
        until(150, "nothing is left", lambda: not kubectl("get", "all,configmaps,hpa,pdb,roles", "-o", "name").replace(
            "configmap/kube-root-ca.crt\n", ""))  # fmt: skip


def diagnose():
    """What to read when something failed."""
    print(kubectl("get", "pods,hpa", "-o", "wide", check=False))
    for role in ROLES:
        print(f"--- {role}\n" + kubectl("logs", "-l", f"llm-d.ai/role={role}", "--tail", "25", "--prefix", check=False)[-3000:])
    print(kubectl("get", "events", "--sort-by", ".lastTimestamp", check=False)[-3000:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--keep", action="store_true", help="leave the release installed")
    args = parser.parse_args()
    kube.run("kubectl", "delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout", "120s", timeout=150)
    transcript, release = Transcript(), Release(args.image, args.model)
    check = transcript.check
    if check("the chart is installed and all five roles are ready", release.install):
        check("the gateway's service answers", release.find_gateway)
        check("a chat with the real model", release.first_chat)
        check("prefill and decode both worked for it", release.both_legs_worked)
        check("the autoscaler knows the CPU use", release.cpu_known)
        check("quiet: one decode pod", release.settled)
        with Load(release.url, release.model, clients=6, tokens=96) as load:
            check("load scales decode from 1 to 2, and both work", release.scale_out, load)
            time.sleep(10)
        release.remember(load)
        with Load(release.url, release.model, clients=1, tokens=8, pause=6) as load:
            check("quiet scales decode back to 1", release.scale_in)
        release.remember(load)
        check("no request failed meanwhile", release.nobody_failed)
        check("every pod gave the same greedy answer", release.same_text)
    if transcript.failed:
        diagnose()
    if not args.keep:
        check("the chart is removed, and nothing of it is left", release.uninstall)
        kube.run("kubectl", "delete", "namespace", NAMESPACE, "--wait=false", check=False)
    print(f"{transcript.passed} passed, {transcript.failed} failed")
    return 1 if transcript.failed else 0


if __name__ == "__main__":
    sys.exit(main())
