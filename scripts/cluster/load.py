"""Clients that chat without pause and remember every failure."""

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

QUESTION = "Name three rivers of Europe."


def chat(url, model, question, tokens):
    """One streamed greedy answer; raises unless it comes complete, as the API promises."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=120)
    body = {"model": model, "messages": [{"role": "user", "content": question}], "max_tokens": tokens, "temperature": 0, "stream": True}
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {answer.read(500).decode('utf-8', 'replace')}")
        text, finish, done = [], None, False
        for line in answer:
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                done = True
                break
            chunk = json.loads(data)
            if "error" in chunk:
                raise RuntimeError(f"in the stream: {chunk['error']}")
            for choice in chunk["choices"]:
                text.append(choice["delta"].get("content") or "")
                finish = choice.get("finish_reason") or finish
        if not done or finish not in ("stop", "length") or not "".join(text):
            raise RuntimeError(f"incomplete: finish_reason {finish}, done {done}, text {text[-3:]}")
        return "".join(text)
    finally:
        connection.close()


class Load:
    """Context: `clients` threads ask again and again, with `pause` seconds in between, until it ends."""

    def __init__(self, url, model, clients, tokens, pause=0.0):
        self.ask = lambda: chat(url, model, QUESTION, tokens)
        self.pause = pause
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.answered, self.failures, self.texts = 0, [], set()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(clients)]

    def run(self):
        while not self.ended.is_set():
            try:
                text = self.ask()
                with self.lock:
                    self.answered += 1
                    self.texts.add(text)
            except (OSError, http.client.HTTPException, RuntimeError, ValueError, KeyError) as error:
                with self.lock:
                    self.failures.append(f"{time.strftime('%T')} {type(error).__name__} {error}")
            self.ended.wait(self.pause)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join(150)
