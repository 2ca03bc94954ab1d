#!/usr/bin/env python3
"""The peers' load generator with a seed and a model name: load.py SCRIPTS URL CLIENTS REQUESTS MAX_TOKENS SEED MODEL"""

import json
import sys

if __name__ == "__main__":
    scripts, url, clients, requests, tokens, seed, model = sys.argv[1:]
    sys.path.insert(0, scripts)
    import http_load

    print(json.dumps(http_load.run(url, int(clients), int(requests), int(tokens), seed=int(seed), model=model)))
