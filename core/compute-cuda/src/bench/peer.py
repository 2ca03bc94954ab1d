"""The same shapes in Hugging Face transformers (bf16, sdpa) and torch's own ceilings, as JSON lines.

Usage: peer.py ceilings|135m|8b ...
"""
import json, sys, time
import torch

PROMPT, CONTEXT, STEPS = 2048, 512, 24


def out(**values):
    print(json.dumps(values), flush=True)


def median(call, repeats):
    times = []
    for _ in range(repeats):
        torch.cuda.synchronize()
        start = time.perf_counter()
        call()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def ceilings():
    x = torch.randn(1 << 30, device="cuda", dtype=torch.bfloat16)
    y = torch.empty_like(x)
    y.copy_(x)
    seconds = median(lambda: y.copy_(x), 10)
    out(what="copy", gb_per_s=round(2 * x.numel() * 2 / seconds / 1e9))
    del x, y
    for m, n, k in ((8192, 8192, 8192), (2048, 6144, 4096), (2048, 28672, 4096), (2048, 4096, 14336)):
        a = torch.randn(m, k, device="cuda", dtype=torch.bfloat16)
        b = torch.randn(n, k, device="cuda", dtype=torch.bfloat16)
        call = lambda: [torch.nn.functional.linear(a, b) for _ in range(10)]
        call()
        seconds = median(call, 10) / 10
        out(what="torch matmul", m=m, n=n, k=k, tflops=round(2 * m * n * k / seconds / 1e12, 1))


def model(name):
    from transformers import LlamaConfig, LlamaForCausalLM
    shape = dict(num_hidden_layers=32, hidden_size=4096, num_attention_heads=32, num_key_value_heads=8,
                 head_dim=128, intermediate_size=14336, vocab_size=128256) if name == "8b" else \
        dict(num_hidden_layers=30, hidden_size=576, num_attention_heads=9, num_key_value_heads=3,
             head_dim=64, intermediate_size=1536, vocab_size=49152)
    config = LlamaConfig(**shape, max_position_embeddings=8192, attn_implementation="sdpa")
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        llama = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        ids = torch.randint(0, 1000, (1, PROMPT), device="cuda")
        call = lambda: llama(ids, logits_to_keep=1).logits.argmax(-1)
        call()
        seconds = median(call, 5)
        out(what="transformers prefill", shape=name, tokens=PROMPT, seconds=seconds,
            tokens_per_s=round(PROMPT / seconds))
        for batch in (1, 8, 32, 128):
            prompt = torch.randint(0, 1000, (batch, CONTEXT), device="cuda")
            state = llama(prompt, logits_to_keep=1)
            cache, token = state.past_key_values, state.logits[:, -1:].argmax(-1)
            times = []
            for _ in range(STEPS):
                torch.cuda.synchronize()
                start = time.perf_counter()
                state = llama(token, past_key_values=cache, use_cache=True)
                token = state.logits[:, -1:].argmax(-1)
                token.tolist()
                times.append(time.perf_counter() - start)
            step = sorted(times)[STEPS // 2]
            out(what="transformers decode", shape=name, mode="eager", batch=batch, context=CONTEXT,
                step_ms=round(step * 1e3, 3), tokens_per_s=round(batch / step))
            del cache, state
        try:
            compiled(llama, config, name)
        except Exception as e:  # not every version compiles
            out(what="transformers decode", shape=name, mode="compiled", failed=str(e)[:200])
    del llama
    torch.cuda.empty_cache()


def compiled(llama, config, name):
    """Static cache and torch.compile with CUDA graphs, batch 1."""
    from transformers import StaticCache
    cache = StaticCache(config=config, max_cache_len=1024)
    prompt = torch.randint(0, 1000, (1, CONTEXT), device="cuda")
    token = llama(prompt, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1:].argmax(-1)
    forward = torch.compile(llama.forward, mode="reduce-overhead")
    times = []
    for i in range(STEPS + 10):
        position = torch.tensor([CONTEXT + i], device="cuda")
        torch.cuda.synchronize()
        start = time.perf_counter()
        logits = forward(token, past_key_values=cache, use_cache=True, cache_position=position,
                         position_ids=position[None]).logits
        token = logits[:, -1:].argmax(-1).clone()
        token.tolist()
        times.append(time.perf_counter() - start)
    step = sorted(times[10:])[STEPS // 2]
    out(what="transformers decode", shape=name, mode="compiled", batch=1, context=CONTEXT,
        step_ms=round(step * 1e3, 3), tokens_per_s=round(1 / step))


out(what="software", torch=torch.__version__, device=torch.cuda.get_device_name())
for argument in sys.argv[1:]:
    ceilings() if argument == "ceilings" else model(argument)
