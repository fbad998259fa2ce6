"""
Logits of tiny models whose linear layers and head are rounded, by transformers: test/golden/head.golden.json.

    python test/golden/make-head.py            needs bench/peer/requirements.txt

Every linear layer of the blocks and the head are rounded here, in numpy, to int4@g8: groups of 8 along the inputs, scale = largest
magnitude / 7 in half precision, nearest of -7 … 7, ties to even. "quant": the head is the table of embeddings, which is rounded;
"untie": the model gets a head of its own, which alone is rounded. Logits [position][vocab] of the first tokens of
expected.golden.json, in float64 (versions: transformers 5.23, torch 2.15).
"""

import json
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM
from transformers.pytorch_utils import Conv1D

HERE = Path(__file__).parent
MODELS = ["tiny-llama-tied", "tiny-gpt2", "tiny-opt-350m"]
# Of OPT's, these two stand outside the blocks.
OUTSIDE = ("project_in", "project_out", "lm_head")


def rounded(weight: torch.Tensor) -> torch.Tensor:
    groups = weight.detach().to(torch.float32).numpy().reshape(weight.shape[0], -1, 8)
    scales = (np.abs(groups).max(axis=2, keepdims=True) / np.float32(7)).astype(np.float16).astype(np.float64)
    codes = np.clip(np.round(groups.astype(np.float64) / scales), -7, 7)
    return torch.from_numpy((codes * scales).reshape(weight.shape))


def logits(name: str, head: str) -> list:
    model = AutoModelForCausalLM.from_pretrained(
        HERE / name, dtype=torch.float64, attn_implementation="eager", tie_word_embeddings=head == "quant"
    )
    table = model.get_input_embeddings().weight
    if head == "untie":
        model.get_output_embeddings().weight = torch.nn.Parameter(table.detach().clone())
    with torch.no_grad():
        for module_name, module in model.named_modules():
            if module_name.endswith(OUTSIDE):
                continue
            if isinstance(module, torch.nn.Linear):
                module.weight.copy_(rounded(module.weight))
            elif isinstance(module, Conv1D):
                module.weight.copy_(rounded(module.weight.T).T)
        own = model.get_output_embeddings().weight
        assert (own is table) == (head == "quant")
        own.copy_(rounded(own))
        ids = json.loads((HERE / name / "expected.golden.json").read_text())["inputIds"]
        return [[round(x, 7) for x in row] for row in model(torch.tensor(ids[:1])).logits[0].tolist()]


golden = {name: {head: logits(name, head) for head in ["quant", "untie"]} for name in MODELS}
(HERE / "head.golden.json").write_text(json.dumps(golden) + "\n")
