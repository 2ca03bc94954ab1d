#!/usr/bin/env python3
"""llama-cpp-python's side of the side-by-side benchmark. Runs in the peers' environment; see harness/peers.py.

  peer_worker.py MODEL THREADS          answers commands on standard input, a JSON line each:
                                        info | pp TOKENS | tg SEQUENCES DEPTH STEPS | warm SECONDS COMMAND… | drop | quit
  peer_worker.py --format FORMAT MODEL SCRIPTS
                                        makes the model in another format with bench.py of SCRIPTS, prints its path

The same work as peers/bench.py: fixed token ids, logits for the last token of a prompt and for every decoded one.
"""

import ctypes
import json
import sys
import time

import llama_cpp as L

LOGGER = L.llama_log_callback(lambda *_: None)  # kept: the library calls it until the process ends


class Peer:
    def __init__(self, path, threads):
        L.llama_backend_init()
        L.llama_log_set(LOGGER, ctypes.c_void_p(0))
        params = L.llama_model_default_params()
        params.n_gpu_layers = 0
        self.threads = threads
        self.model = L.llama_model_load_from_file(path.encode(), params)
        if not self.model:
            raise SystemExit(f"llama.cpp cannot load {path}")
        self.vocabulary = L.llama_vocab_n_tokens(L.llama_model_get_vocab(self.model))
        self.batch = L.llama_batch_init(2048, 0, 1)
        self.kept, self.context = None, None

    def token(self, i):
        return (i * 7919 + 101) % (self.vocabulary - 20) + 17

    def drop(self):
        if self.context:
            L.llama_free(self.context)
        self.kept, self.context = None, None

    def open(self, key, sequences, length):
        """The context for a command; that of the last one if it was the same. True if it is new."""
        if self.kept == key:
            return False
        self.drop()
        params = L.llama_context_default_params()
        per = -(-length // 256) * 256
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = sequences * per, 2048, 512, sequences
        params.n_threads = params.n_threads_batch = self.threads
        self.context = L.llama_init_from_model(self.model, params)
        if not self.context:
            raise RuntimeError("llama.cpp cannot make the context")
        self.kept = key
        return True

    def decode(self, rows):
        """rows: (token, position, sequence, whether its logits are wanted)"""
        b = self.batch
        b.n_tokens = len(rows)
        for i, (token, position, sequence, wanted) in enumerate(rows):
            b.token[i], b.pos[i], b.n_seq_id[i], b.logits[i] = token, position, 1, wanted
            b.seq_id[i][0] = sequence
        if L.llama_decode(self.context, b) != 0:
            raise RuntimeError("llama_decode failed")
        L.llama_synchronize(self.context)

    def fill(self, sequence, tokens, offset):
        for start in range(0, tokens, 2048):
            end = min(tokens, start + 2048)
            self.decode([(self.token(i + offset), i, sequence, i == tokens - 1) for i in range(start, end)])

    def pp(self, tokens):
        self.open(("pp", tokens), 1, tokens)
        L.llama_memory_clear(L.llama_get_memory(self.context), True)
        start = time.perf_counter()
        self.fill(0, tokens, 0)
        return tokens / (time.perf_counter() - start)

    def tg(self, sequences, depth, steps):
        if self.open(("tg", sequences, depth, steps), sequences, depth + steps) and depth:
            for s in range(sequences):
                self.fill(s, depth, s)
        memory = L.llama_get_memory(self.context)
        for s in range(sequences):  # what the last run generated
            if not L.llama_memory_seq_rm(memory, s, depth, -1):
                raise RuntimeError("llama.cpp cannot shorten a sequence")
        start = time.perf_counter()
        for step in range(depth, depth + steps):
            self.decode([(self.token(step + s), step, s, True) for s in range(sequences)])
        return sequences * steps / (time.perf_counter() - start)

    def measure(self, words):
        return {"pp": self.pp, "tg": self.tg}[words[0]](*map(int, words[1:]))

    def answer(self, words):
        if words[0] == "info":
            return {"engine": "llama-cpp-python", "version": L.__version__, "threads": self.threads}
        if words[0] == "drop":
            self.drop()
            return {"dropped": True}
        if words[0] == "warm":
            end, values = time.monotonic() + int(words[1]), []
            while len(values) < 1 or (len(values) < 2 and time.monotonic() < end):
                values.append(self.measure(words[2:]))
            return {"warmed": values}
        return {"value": self.measure(words), "unit": "tok/s"}


def main():
    if sys.argv[1] == "--format":
        sys.path.insert(0, sys.argv[4])
        import bench
        print(bench.in_format(sys.argv[3], sys.argv[2]))
        return
    peer = Peer(sys.argv[1], int(sys.argv[2]))
    for line in sys.stdin:
        words = line.split()
        if words == ["quit"]:
            break
        try:
            answer = peer.answer(words)
        except (RuntimeError, KeyError, TypeError, ValueError) as e:
            answer = {"error": f"{line.strip()}: {e!r}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
