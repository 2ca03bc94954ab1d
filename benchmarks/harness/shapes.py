"""Writes GGUF files of the Llama family with random weights: a shape can be measured without a checkpoint. No tokenizer inside."""

import os
import random
import shutil
import struct
from dataclasses import dataclass

from .children import Failure, tell

BLOCK = 32  # elements
FORMATS = {"Q4_0": (2, 18), "Q4_1": (3, 20), "Q8_0": (8, 34)}  # GGML's type number, bytes of a block
F32, ALIGNMENT, POOL_BLOCKS = 0, 32, 1 << 15
WRITER = 1  # goes into file names: raise it when the same parameters give other bytes


@dataclass(frozen=True)
class Shape:
    """A Llama: tied embeddings in Q8_0, everything else that is a matrix in `format`."""

    width: int = 2048
    layers: int = 16
    heads: int = 32
    kv_heads: int = 8
    head_dim: int = 64
    feed_forward: int = 8192
    vocabulary: int = 128256
    context: int = 8192
    format: str = "Q4_1"
    seed: int = 1

    def file_name(self):
        return (f"random-{self.width}x{self.layers}-h{self.heads}k{self.kv_heads}d{self.head_dim}-f{self.feed_forward}-v{self.vocabulary}"
                f"-s{self.seed}w{WRITER}.{self.format}.gguf")

    def tensors(self):
        """(name, type, dimensions with the innermost first)"""
        q, kv = self.heads * self.head_dim, self.kv_heads * self.head_dim
        yield "token_embd.weight", "Q8_0", (self.width, self.vocabulary)
        yield "output_norm.weight", "F32", (self.width,)
        for i in range(self.layers):
            yield f"blk.{i}.attn_norm.weight", "F32", (self.width,)
            yield f"blk.{i}.ffn_norm.weight", "F32", (self.width,)
            for name, inputs, outputs in (("attn_q", self.width, q), ("attn_k", self.width, kv), ("attn_v", self.width, kv),
                                          ("attn_output", q, self.width), ("ffn_gate", self.width, self.feed_forward),
                                          ("ffn_up", self.width, self.feed_forward), ("ffn_down", self.feed_forward, self.width)):
                yield f"blk.{i}.{name}.weight", self.format, (inputs, outputs)

    def metadata(self):
        return {"general.architecture": "llama", "general.name": "random weights, for measuring speed", "llama.block_count": self.layers,
                "llama.context_length": self.context, "llama.embedding_length": self.width, "llama.feed_forward_length": self.feed_forward,
                "llama.attention.head_count": self.heads, "llama.attention.head_count_kv": self.kv_heads,
                "llama.attention.key_length": self.head_dim, "llama.attention.value_length": self.head_dim,
                "llama.attention.layer_norm_rms_epsilon": 1e-5, "llama.rope.dimension_count": self.head_dim,
                "llama.rope.freq_base": 500000.0, "llama.vocab_size": self.vocabulary, "tokenizer.ggml.model": "none"}


def size(kind, dims):
    elements = 1
    for n in dims:
        elements *= n
    return 4 * elements if kind == "F32" else elements // BLOCK * FORMATS[kind][1]


def _string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value):
    if isinstance(value, str):
        return struct.pack("<I", 8) + _string(value)
    return struct.pack("<If", 6, value) if isinstance(value, float) else struct.pack("<II", 4, value)


def _padded(n):
    return -(-n // ALIGNMENT) * ALIGNMENT


def _header(shape):
    metadata, tensors = shape.metadata(), list(shape.tensors())
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    head += b"".join(_string(key) + _value(value) for key, value in metadata.items())
    offset = 0
    for name, kind, dims in tensors:
        head += _string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, F32 if kind == "F32" else FORMATS[kind][0], offset)
        offset += _padded(size(kind, dims))
    return head + bytes(_padded(len(head)) - len(head))


def _pool(rng, kind, inputs):
    """Blocks of random codes whose values have a variance of 1 / inputs, so that activations neither vanish nor overflow."""
    spread = inputs**-0.5
    if kind == "Q8_0":
        scale = struct.pack("<e", spread / 74)  # standard deviation of a uniform signed byte
    elif kind == "Q4_0":
        scale = struct.pack("<e", spread / 4.6)
    else:
        scale = struct.pack("<ee", spread / 4.6, -7.5 * spread / 4.6)
    codes = FORMATS[kind][1] - len(scale)
    noise = rng.randbytes(codes * POOL_BLOCKS)
    return b"".join(scale + noise[i:i + codes] for i in range(0, len(noise), codes))


def _write(shape, path):
    rng, pools = random.Random(shape.seed), {}
    with open(path, "wb") as out:
        out.write(_header(shape))
        for _, kind, dims in shape.tensors():
            total = size(kind, dims)
            if kind == "F32":
                out.write(struct.pack("<f", 1) * dims[0])
            else:
                if (kind, dims[0]) not in pools:
                    pools[kind, dims[0]] = _pool(rng, kind, dims[0])
                pool, left = memoryview(pools[kind, dims[0]]), total
                while left:
                    start = rng.randrange(POOL_BLOCKS) * FORMATS[kind][1]
                    piece = pool[start:start + left]
                    out.write(piece)
                    left -= len(piece)
            out.write(bytes(_padded(total) - total))


def make(shape, folder):
    """The path of the file in the folder, written unless it is there. Equal shapes give equal bytes."""
    for n in (shape.width, shape.feed_forward, shape.heads * shape.head_dim):
        if n % BLOCK:
            raise Failure(f"a shape of {n} columns is no multiple of {BLOCK}")
    path = os.path.join(folder, shape.file_name())
    needed = sum(_padded(size(kind, dims)) for _, kind, dims in shape.tensors())
    if os.path.exists(path):
        return path
    os.makedirs(folder, exist_ok=True)
    if shutil.disk_usage(folder).free < needed + (1 << 30):
        raise Failure(f"the shape's weights need {needed >> 20} MiB in {folder} and a GiB to spare; free some space there")
    tell(f"writing {shape.file_name()} ({needed >> 20} MiB)")
    _write(shape, path + ".new")
    os.replace(path + ".new", path)
    return path
