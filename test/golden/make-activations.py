"""Makes activations.golden.json: transformers' scores of stories260K with activations and KV cache rounded by torch.

    python test/golden/make-activations.py ../shared > test/golden/activations.golden.json   (packages: bench/peer/requirements.txt)

Rounding is written here from its definition: of each token and group along the channels (or head of each token, for keys after
their rotation and values; `projections`: all heads of a token, before the rotation) s = max|x| / max level in float32, x becomes the level nearest to x/s times s. Weights are
rounded in the same way. The windows are the first of make-stories260k.py. Sums run in another order than onnxruntime's,
so a number near the middle of two levels may fall on the other side: losses agree to about 1e-3, not to 1e-6.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM
from transformers.models.llama import modeling_llama

CONTEXT, COUNT = 256, 8
LEVELS = {
    "int4": torch.arange(-7, 8).float(),
    "e2m1": torch.tensor([-6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6]),
}


def rounded(x, element, group):
    """Rounds the last axis in groups; group None is all of it."""
    levels = LEVELS[element]
    parts = []
    for part in x.split(group or x.shape[-1], dim=-1):
        scale = part.abs().amax(-1, keepdim=True) / levels[-1]
        scale = torch.where(scale == 0, torch.ones_like(scale), scale)
        distance = (part[..., None] / scale[..., None] - levels).abs()
        parts.append(levels[distance.argmin(-1)] * scale)
    return torch.cat(parts, -1)


def blocks_linears(model):
    return [module for layer in model.model.layers for module in layer.modules() if isinstance(module, torch.nn.Linear)]


@torch.inference_mode()
def losses(directory, ids, weights=None, activations=None, cache=None, projections=None):
    model = LlamaForCausalLM.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager").eval()
    for linear in blocks_linears(model):
        if weights:
            linear.weight.copy_(rounded(linear.weight, *weights))
        if activations:
            linear.register_forward_pre_hook(lambda _, args: (rounded(args[0], *activations),))
    if projections:
        for layer in model.model.layers:
            for linear in (layer.self_attn.k_proj, layer.self_attn.v_proj):
                linear.register_forward_hook(lambda _, args, y: rounded(y, *projections))
    rotate = modeling_llama.apply_rotary_pos_emb
    if cache:
        heads = model.config.num_key_value_heads

        def rotate_and_round(q, k, *rest, **named):
            q, k = rotate(q, k, *rest, **named)
            return q, rounded(k, *cache)

        def by_head(_, args, y):
            return rounded(y.unflatten(-1, (heads, -1)), *cache).flatten(-2)

        modeling_llama.apply_rotary_pos_emb = rotate_and_round
        for layer in model.model.layers:
            layer.self_attn.v_proj.register_forward_hook(by_head)
    try:
        batch = torch.tensor([ids[i * CONTEXT : (i + 1) * CONTEXT] for i in range(COUNT)])
        log_probs = model(batch, use_cache=False).logits[:, :-1].double().log_softmax(-1)
    finally:
        modeling_llama.apply_rotary_pos_emb = rotate
    return (-log_probs.gather(2, batch[:, 1:, None])[:, :, 0].mean(1)).tolist()


def main():
    torch.set_num_threads(1)
    shared = Path(sys.argv[1])
    directory = shared / "models/stories260K"
    text = (shared / "evaltext/stories-sampled.txt").read_text("utf-8")
    ids = Tokenizer.from_file(str(directory / "tokenizer.json")).encode(text).ids
    cases = [
        {},
        {"activations": ("int4", None)},
        {"weights": ("e2m1", 32), "activations": ("e2m1", 32)},
        {"cache": ("int4", None)},
        {"projections": ("int4", None)},
        {"weights": ("int4", 32), "activations": ("e2m1", 32), "cache": ("e2m1", 4)},
    ]
    golden = {
        "madeBy": "test/golden/make-activations.py",
        "versions": {m.__name__: m.__version__ for m in (torch, transformers)},
        "context": CONTEXT,
        "cases": [
            {
                **{name: f"{element}@{f'g{group}' if group else 'row'}:fp32" for name, (element, group) in case.items()},
                "losses": losses(directory, ids, **case),
            }
            for case in cases
        ],
    }
    print(json.dumps(golden, indent=1))


main()
