#!/usr/bin/env python3
"""A terminal chat over Andante's API that prints the answer as it comes. Standard library only.

With a question it answers that one and ends; without one it keeps a conversation until /quit or end of input.
Exit status: 0 answered, 1 the server refused or broke off, 130 interrupted.
"""

import argparse
import http.client
import json
import sys
import time
from urllib.parse import urlsplit

TIMEOUT = 120  # seconds without a byte; a waiting stream sends pings well within it
HELP = "/reset forgets the conversation, /system TEXT sets the instructions, /quit ends; Ctrl-C stops an answer"


class Refused(Exception):
    """The server answered with an error object, or not at all."""


class Client:
    def __init__(self, url):
        parts = urlsplit(url)
        self.host, self.port = parts.hostname, parts.port or 80

    def models(self):
        with self.call("GET", "/v1/models") as answer:
            return [model["id"] for model in json.load(answer)["data"]]

    def stream(self, body):
        """Yields the text of each delta, then the usage object if there is one."""
        with self.call("POST", "/v1/chat/completions", {**body, "stream": True, "stream_options": {"include_usage": True}}) as answer:
            for event in events(answer):
                if event == "[DONE]":
                    return
                chunk = json.loads(event)
                if "error" in chunk:
                    raise Refused(chunk["error"].get("message", event))
                for choice in chunk.get("choices", []):
                    if text := choice.get("delta", {}).get("content"):
                        yield text
                if chunk.get("usage"):
                    yield chunk["usage"]
        raise Refused("the stream ended before [DONE]; the server may have stopped (./andante status)")

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
        except OSError as error:
            raise Refused(f"http://{self.host}:{self.port} does not answer ({error}); is it up? ./andante status") from error
        if answer.status != 200:
            raise Refused(reason(answer))
        return answer


def reason(answer):
    text = answer.read(1 << 16).decode("utf-8", "replace")
    try:
        text = json.loads(text)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        text = text.strip()[:500]
    again = answer.headers.get("Retry-After")
    return f"{answer.status} {answer.reason}: {text}" + (f" (try again in {again} s)" if again else "")


def events(lines):
    """The data of each server-sent event; comments (pings) are skipped."""
    for line in lines:
        if line.startswith(b"data:"):
            yield line[5:].strip().decode("utf-8")


def visible(text):
    """Without control characters: a model must not be able to command the terminal."""
    return "".join(c for c in text if c in "\n\t" or c.isprintable() or ord(c) > 0x9F)


def answer(client, body):
    """Prints one answer as it comes and returns its text; shows the speed on a terminal."""
    text, usage, begin, first = [], None, time.monotonic(), None
    for piece in client.stream(body):
        if isinstance(piece, dict):
            usage = piece
            continue
        first = first or time.monotonic()
        text.append(piece)
        sys.stdout.write(visible(piece))
        sys.stdout.flush()
    print()
    if usage and first and sys.stdout.isatty():
        print(f"\033[2m{figures(usage, begin, first, time.monotonic())}\033[0m")
    return "".join(text)


def figures(usage, begin, first, end):
    tokens = usage.get("completion_tokens", 0)
    speed = f", {(tokens - 1) / (end - first):.0f} tokens/s" if tokens > 1 and end > first else ""
    return f"[{usage.get('prompt_tokens', 0)} + {tokens} tokens, first after {first - begin:.2f} s{speed}]"


def converse(client, settings, messages):
    print(f"Talking to {settings['model']}. {HELP}.")
    while True:
        try:
            line = input("\n> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print("\n(/quit or Ctrl-D ends)")
            continue
        command, _, rest = line.partition(" ")
        if command in ("/quit", "/exit"):
            return
        if command == "/reset":
            messages[:] = [m for m in messages if m["role"] == "system"]
        elif command == "/system":
            messages[:] = [{"role": "system", "content": rest}] if rest else []
        elif command.startswith("/") or not line:
            print(HELP)
        else:
            turn(client, settings, messages, line)


def turn(client, settings, messages, line):
    messages.append({"role": "user", "content": line})
    try:
        messages.append({"role": "assistant", "content": answer(client, {**settings, "messages": messages})})
        return
    except KeyboardInterrupt:
        print("\n(stopped)")
    except Refused as error:
        print(f"andante: {error}", file=sys.stderr)
    messages.pop()


def main():
    parser = argparse.ArgumentParser(prog="./andante chat", description="Talk to the model; without a question: a conversation.")
    parser.add_argument("--url", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--models", action="store_true", help="print the names of the served models and end")
    parser.add_argument("--echo", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--model", help="default: the first that is served")
    parser.add_argument("--system", help="instructions for the model")
    parser.add_argument("--max-tokens", type=int, default=512)
    parser.add_argument("--temperature", type=float)
    parser.add_argument("question", nargs="*")
    args = parser.parse_args()
    client = Client(args.url)
    try:
        served = client.models()
        if args.models:
            print("\n".join(served))
            return 0
        settings = {"model": args.model or served[0], "max_tokens": args.max_tokens}
        if args.temperature is not None:
            settings["temperature"] = args.temperature
        messages = [{"role": "system", "content": args.system}] if args.system else []
        if not args.question:
            converse(client, settings, messages)
            return 0
        question = " ".join(args.question)
        if args.echo:
            print(f"> {question}")
        answer(client, {**settings, "messages": [*messages, {"role": "user", "content": question}]})
        return 0
    except (Refused, OSError, http.client.HTTPException, IndexError, ValueError) as error:
        print(f"andante: {error or 'no model is served'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return 130


if __name__ == "__main__":
    sys.exit(main())
