"""Requests that run while things go wrong, and what became of each."""

import http.client
import json
import threading
import time
from dataclasses import dataclass


@dataclass
class Outcome:
    """ended: whole, error (typed), lost (the connection), left (by us), hang, untyped (neither an answer nor an error).

    begun: whether the answer's head came, after which nobody may ask again on the asker's behalf
    waited: seconds for its turn at the gateway, if the answer says so; retry_after: what an error says
    """

    ended: str
    tokens: list
    resumed: int = 0
    detail: str = ""
    seconds: float = 0.0
    begun: bool = False
    waited: float = 0.0
    retry_after: str = ""


class Late(Exception):
    pass


def ask(port, request, limit, leave=None, headers=None, stuck=lambda: "nothing", tokens=None):
    """Asks once and ends within `limit` seconds; leaves after `leave` seconds, if they are given. Tokens are added to `tokens` as they come.

    `stuck`: of a request that hangs, answers where there is more about it; called before its connection is closed, after which everybody lets go of it.
    """
    start, tokens = time.monotonic(), [] if tokens is None else tokens
    end = start + (limit if leave is None else min(limit, leave))
    about, detail, begun, retry_after = {}, "", False, ""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=max(0.01, end - time.monotonic()))
    try:
        connection.request("POST", "/v1/completions", json.dumps({"model": "mixtral-tiny", **request}), {"Content-Type": "application/json", **(headers or {})})
        answer = respond(connection, end)
        begun = answer.status == 200
        if answer.status != 200:
            retry_after = answer.headers.get("Retry-After") or ""
            ended, detail = typed(answer, connection, end)
        elif request["stream"]:
            ended, detail = stream(answer, connection, end, tokens, about)
        else:
            choice = json.loads(body(answer, connection, end))["choices"][0]
            tokens += choice["token_ids"]
            ended = "whole"
            about |= choice["andante"]
    except (TimeoutError, Late):
        ended = "hang" if leave is None or leave >= limit else "left"
        detail = f"{about.get('pings', 0)} pings; see {stuck()}" if ended == "hang" else ""
    except (OSError, http.client.HTTPException) as error:
        ended, detail = "lost", f"{type(error).__name__} {error}"
    except (ValueError, KeyError, IndexError, TypeError) as error:
        ended, detail = "untyped", f"{type(error).__name__} {error}"
    finally:
        connection.close()
    seconds = time.monotonic() - start
    return Outcome(ended, tokens, about.get("resumed", 0), detail, seconds, begun, about.get("queue_ms", 0) / 1e3, retry_after)


def respond(connection, end):
    bound(connection, end)
    return connection.getresponse()


def bound(connection, end):
    left = end - time.monotonic()
    if left <= 0:
        raise Late
    if connection.sock is not None:
        connection.sock.settimeout(left)


def body(answer, connection, end):
    bound(connection, end)
    return answer.read()


def typed(answer, connection, end):
    error = json.loads(body(answer, connection, end))["error"]
    return "error", f"{answer.status} {error['type']} {error['code']} {error['message']}"


def stream(answer, connection, end, tokens, about):
    finish = None
    while True:
        bound(connection, end)
        line = answer.readline()
        if not line:
            return "lost", "the stream ended before [DONE]"
        if not line.startswith(b"data:"):
            about["pings"] = about.get("pings", 0) + line.startswith(b":")
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            return ("whole" if finish else "untyped"), "" if finish else "[DONE] without a finish reason"
        chunk = json.loads(data)
        if "error" in chunk:
            return "error", f"in the stream: {chunk['error']['type']} {chunk['error']['code']} {chunk['error']['message']}"
        for choice in chunk["choices"]:
            tokens += choice.get("token_ids") or []
            finish = choice.get("finish_reason") or finish
            about |= choice.get("andante") or {}


class Crowd:
    """Context: a thread for each of `randoms`, which is in `run(random)` until the crowd has `ended`; none may take longer than `limit` seconds to notice."""

    def __init__(self, randoms, limit):
        self.limit, self.ended = limit, threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(random,), daemon=True) for random in randoms]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join(self.limit + 10)

    def unfinished(self):
        return sum(thread.is_alive() for thread in self.threads)


class Clients(Crowd):
    """Ask one request after the other; `heard(request number, gateway, outcome)` is told each, `stuck(gateway)` as in `ask`."""

    def __init__(self, random, gateways, requests, limit, heard, stuck, count=5):
        super().__init__([type(random)(random.getrandbits(64)) for _ in range(count)], limit)
        self.gateways, self.requests, self.heard, self.stuck = gateways, requests, heard, stuck

    def run(self, random):
        while not self.ended.is_set():
            number = random.randrange(len(self.requests))
            gateway = "hasty" if random.random() < 0.15 else "gateway"
            leave = random.uniform(0, random.choice((0.05, 0.6))) if random.random() < 0.15 else None
            outcome = ask(self.gateways[gateway], self.requests[number], self.limit, leave, stuck=lambda: self.stuck(gateway))
            self.heard(number, gateway, outcome)
            if outcome.ended in ("error", "lost"):
                self.ended.wait(0.1)
