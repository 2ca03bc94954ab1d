"""Talks to an OpenAI-compatible endpoint with the standard library alone and prints what it saw as one JSON object."""
import json
import sys
import urllib.error
import urllib.request

base, model = sys.argv[1], sys.argv[2]


def post(path, body):
    data = json.dumps(body).encode()
    return urllib.request.urlopen(
        urllib.request.Request(base + path, data, {"content-type": "application/json", "authorization": "Bearer none"}), timeout=120)


seen = {"models": [m["id"] for m in json.load(urllib.request.urlopen(base + "/models", timeout=30))["data"]]}
chat = {"model": model, "temperature": 0, "max_tokens": 24, "messages": [{"role": "user", "content": "Name three colours."}]}
whole = json.load(post("/chat/completions", chat))
seen["text"] = whole["choices"][0]["message"]["content"]
seen["finish_reason"] = whole["choices"][0]["finish_reason"]
seen["usage"] = whole["usage"]

events, text, reasons = [], "", []
with post("/chat/completions", {**chat, "stream": True, "stream_options": {"include_usage": True}}) as reply:
    seen["content_type"] = reply.headers["content-type"]
    for raw in reply:
        line = raw.decode("utf-8").rstrip("\n")
        if not line.startswith("data: "):
            continue
        if line == "data: [DONE]":
            events.append("done")
            continue
        chunk = json.loads(line[6:])
        assert chunk["object"] == "chat.completion.chunk", chunk
        if not chunk["choices"]:
            events.append("usage")
            seen["stream_usage"] = chunk["usage"]
            continue
        choice = chunk["choices"][0]
        if "role" in choice["delta"]:
            events.append("role")
        text += choice["delta"].get("content") or ""
        if choice.get("finish_reason"):
            events.append("finish")
seen["events"], seen["stream_text"] = events, text

try:
    post("/chat/completions", {**chat, "temperature": -1})
except urllib.error.HTTPError as e:
    seen["bad_status"], seen["bad_error"] = e.code, json.load(e)["error"]
print(json.dumps(seen))
