"""What a line costs at least: FLOP, bytes, and so the fraction of the machine's ceilings that a rate is."""

CHUNK = 512  # rows of a prompt in one pass: its weights are read once for them


class Cost:
    """Of one token of a line, by the numbers that our worker reads from the model."""

    def __init__(self, line, numbers, weight_bytes):
        tokens = line.prompt or 1
        if line.kind == "pp":
            self.products = numbers["block_flops"] + numbers["head_flops"] / tokens
            attended, passes = (tokens + 1) / 2, -(-tokens // CHUNK)
            self.weight_bytes = passes * weight_bytes / tokens
            self.kv_bytes = numbers["kv_bytes"] * (1 + sum(min(tokens, CHUNK * i) for i in range(passes)) / tokens)
        else:
            self.products = numbers["block_flops"] + numbers["head_flops"]
            attended = line.depth + (line.steps + 1) / 2
            self.weight_bytes = weight_bytes / line.sequences
            self.kv_bytes = numbers["kv_bytes"] * attended
        self.flops = self.products + numbers["attention_flops"] * attended

    @property
    def intensity(self):
        """FLOP for each byte that must be read."""
        return self.flops / (self.weight_bytes + self.kv_bytes)

    def fractions(self, rate, read, peak):
        """Of the ceilings (GB/s, GFLOP/s; None if not measured) at so many tokens a second; products and weights alone, as the aims count."""
        found = {}
        if read:
            found["of_read"] = round(rate * self.weight_bytes / 1e9 / read, 4)
            found["of_read_with_kv"] = round(rate * (self.weight_bytes + self.kv_bytes) / 1e9 / read, 4)
        if peak:
            found["of_peak"] = round(rate * self.products / 1e9 / peak, 4)
        return found
