"""Makes fisher.golden.json: diagonal Fisher information of tiny-llama-untied by torch, and codebooks weighted by it.

    python test/golden/make-fisher.py        (packages: bench/peer/requirements.txt)

Every window is a sample: the squared gradient of its mean next-token loss, averaged over windows, in float64
(transformers' LlamaForCausalLM). `sums` are over each layer; `rows` are the first rows of one layer. `rounded` has those rows
on codebooks of four levels of their own: k-means of least Fisher-weighted squared error (SqueezeLLM; one scale a row
changes nothing), found over all ways to cut the sorted weights, levels rounded to 11 bits as half precision has.
"""

import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import LlamaForCausalLM

from llama_float64 import to_float64

HERE = Path(__file__).parent
LAYER, ROWS, LEVELS = "model.layers.1.mlp.gate_proj.weight", 3, 4
WINDOWS, CONTEXT = 5, 9


def codebook(weights, costs):
    order = np.argsort(weights)
    w, c = weights[order], costs[order]

    def mean_and_error(a, b):
        mean = (w[a:b] * c[a:b]).sum() / c[a:b].sum()
        return mean, (c[a:b] * (w[a:b] - mean) ** 2).sum()

    parts = {(a, b): mean_and_error(a, b) for a, b in combinations(range(len(w) + 1), 2)}
    cuts = min(combinations(range(1, len(w)), LEVELS - 1), key=lambda at: sum(parts[p][1] for p in pairs(at, len(w))))
    return np.array([parts[p][0] for p in pairs(cuts, len(w))])


def pairs(cuts, n):
    at = [0, *cuts, n]
    return list(zip(at, at[1:]))


def half(x):
    fraction, exponent = math.frexp(x)
    return math.ldexp(round(fraction * 2**11), exponent - 11)


def main():
    directory = HERE / "tiny-llama-untied"
    model = to_float64(LlamaForCausalLM.from_pretrained(directory, dtype=torch.float32, attn_implementation="sdpa"))
    vocab = model.config.vocab_size
    windows = torch.tensor([(i * i + 3 * i) % vocab for i in range(WINDOWS * CONTEXT)]).reshape(WINDOWS, CONTEXT)
    layers = {name: p for name, p in model.named_parameters() if name.endswith("_proj.weight")}
    fisher = {name: torch.zeros_like(p) for name, p in layers.items()}
    for window in windows:
        model.zero_grad()
        logits = model(window[None]).logits[0, :-1]
        torch.nn.functional.cross_entropy(logits, window[1:]).backward()
        for name, p in layers.items():
            fisher[name] += p.grad**2 / WINDOWS
    rows, rounded = fisher[LAYER][:ROWS].numpy(), []
    for w, f in zip(layers[LAYER].detach().numpy()[:ROWS], rows):
        unit = np.abs(w).max()  # the scale of int2@row:fp32, in which levels are stored
        book = np.array([half(x) * unit for x in codebook(w, f) / unit])
        rounded.append([float(book[np.abs(x - book).argmin()]) for x in w])
    golden = {
        "madeBy": "test/golden/make-fisher.py",
        "versions": {m.__name__: m.__version__ for m in (torch, transformers, np)},
        "windows": windows.tolist(),
        "layer": LAYER,
        "sums": {name: float(f"{f.sum():.9g}") for name, f in fisher.items()},
        "rows": [[float(f"{x:.9g}") for x in row] for row in rows],
        "rounded": [[float(f"{x:.9g}") for x in row] for row in rounded],
    }
    (HERE / "fisher.golden.json").write_text(json.dumps(golden, indent=1) + "\n")


main()
