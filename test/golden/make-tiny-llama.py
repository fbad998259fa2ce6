"""Makes tiny-llama-*/: random Llamas small enough to commit, with transformers' outputs, gradients and AdamW steps.

    python test/golden/make-tiny-llama.py        (packages: bench/peer/requirements.txt)

Each folder is a Hugging Face directory (config.json, model.safetensors) plus expected.golden.json:
  inputIds        [batch][position]
  logits          [batch][position][vocab]
  loss            mean cross-entropy of the batch*(positions-1) next tokens, nats
  gradientNorms   L2 norm of d loss / d parameter, by name (a tied head counts once, under the embedding)
  adamw           torch.optim.AdamW over all parameters in one group (norms and biases decay too), the same batch every
                  step: the loss before each step, and the L2 norm of each parameter after the last
Everything is computed by transformers' LlamaForCausalLM in float64 on the float32 (or bfloat16) weights of the file and
rounded to 9 significant digits. `float32` says how far transformers' own float32 run is from that.
The weights are far from initialization (norms around 1, biases, peaked attention), so that a mistake in any part shows.
"""

import json
from pathlib import Path

import numpy as np
import safetensors
import torch
import transformers
from safetensors.torch import save_file
from transformers import LlamaForCausalLM

from llama_float64 import to_float64

HERE = Path(__file__).parent
BASE = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 64,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "hidden_act": "silu",
    "tie_word_embeddings": False,
    "attention_bias": False,
    "mlp_bias": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "torch_dtype": "float32",
}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 256,
}
# name: (seed, weight dtype, batch, positions, config changes)
MODELS = {
    "tied": (1, torch.float32, 2, 12, {"tie_word_embeddings": True}),
    "untied": (2, torch.float32, 2, 12, {}),
    "bias": (3, torch.float32, 2, 12, {"attention_bias": True, "head_dim": 12, "rms_norm_eps": 1e-6}),
    # rotary wavelengths at theta 5e5, head_dim 8: 6.3, 167, 4443, 118142 against 64 and 256: all three branches of llama3
    "llama3": (
        4,
        torch.bfloat16,
        1,
        40,
        {"rope_theta": 500000.0, "max_position_embeddings": 2048, "rope_scaling": LLAMA3, "torch_dtype": "bfloat16"},
    ),
}
ADAMW = {"lr": 1e-2, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.1}
STEPS = 3


def parameter_shapes(c):
    d, ffn, dim = c["hidden_size"], c["intermediate_size"], c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"]
    q, kv = c["num_attention_heads"] * dim, c["num_key_value_heads"] * dim
    yield "model.embed_tokens.weight", (c["vocab_size"], d)
    for i in range(c["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        yield layer + "input_layernorm.weight", (d,)
        for name, rows, columns in (("q", q, d), ("k", kv, d), ("v", kv, d), ("o", d, q)):
            yield layer + f"self_attn.{name}_proj.weight", (rows, columns)
            if c["attention_bias"]:
                yield layer + f"self_attn.{name}_proj.bias", (rows,)
        yield layer + "post_attention_layernorm.weight", (d,)
        for name, rows, columns in (("gate", ffn, d), ("up", ffn, d), ("down", d, ffn)):
            yield layer + f"mlp.{name}_proj.weight", (rows, columns)
    yield "model.norm.weight", (d,)
    if not c["tie_word_embeddings"]:
        yield "lm_head.weight", (c["vocab_size"], d)


def random_weights(config, rng):
    for name, shape in parameter_shapes(config):
        noise = rng.standard_normal(shape)
        if name.endswith("norm.weight"):
            yield name, 1 + 0.3 * noise
        elif name.endswith(".bias"):
            yield name, 0.5 * noise
        elif name.endswith(("q_proj.weight", "k_proj.weight")):
            yield name, noise * 1.5 / shape[1] ** 0.5
        else:
            yield name, noise / shape[1] ** 0.5


def rounded(values):
    if isinstance(values, list):
        return [rounded(v) for v in values]
    return float(f"{values:.9g}")


def norms(tensors):
    return {name: rounded(t.double().norm().item()) for name, t in tensors}


def run(model, ids):
    optimizer = torch.optim.AdamW(model.parameters(), **ADAMW)
    logits, gradients, losses = None, None, []
    for _ in range(STEPS):
        out = model(ids, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(out[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        if logits is None:
            logits, gradients = out.detach(), norms((n, p.grad) for n, p in model.named_parameters())
        optimizer.step()
    return logits, gradients, losses, norms(model.named_parameters())


def load(directory):
    return LlamaForCausalLM.from_pretrained(directory, dtype=torch.float32, attn_implementation="sdpa")


def make(name):
    seed, dtype, batch, positions, changes = MODELS[name]
    config = BASE | changes
    directory = HERE / f"tiny-llama-{name}"
    directory.mkdir(exist_ok=True)
    rng = np.random.default_rng(seed)
    weights = {n: torch.tensor(w, dtype=torch.float64).to(dtype) for n, w in random_weights(config, rng)}
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
    ids = torch.tensor(rng.integers(0, config["vocab_size"], (batch, positions)))

    logits, gradients, losses, after = run(to_float64(load(directory)), ids)
    logits32, gradients32, losses32, after32 = run(load(directory), ids)

    def worst(a, b):
        return rounded(max(abs(a[n] - b[n]) / a[n] for n in a))

    golden = {
        "madeBy": "test/golden/make-tiny-llama.py",
        "versions": {m.__name__: m.__version__ for m in (torch, transformers, safetensors, np)},
        "inputIds": ids.tolist(),
        "loss": rounded(losses[0]),
        "gradientNorms": gradients,
        "adamw": {
            "learningRate": ADAMW["lr"],
            "betas": ADAMW["betas"],
            "epsilon": ADAMW["eps"],
            "weightDecay": ADAMW["weight_decay"],
            "steps": STEPS,
            "losses": rounded(losses),
            "parameterNorms": after,
        },
        "float32": {
            "maxAbsLogitError": rounded((logits - logits32).abs().max().item()),
            "maxRelativeGradientNormError": worst(gradients, gradients32),
            "maxRelativeLossError": rounded(max(abs(a - b) / a for a, b in zip(losses, losses32))),
            "maxRelativeParameterNormError": worst(after, after32),
        },
        "logits": rounded(logits.tolist()),
    }
    if "rope_scaling" in config:
        # transformers 5 writes theta and scaling as one object: the same model, checked here.
        v5 = {k: v for k, v in config.items() if k not in ("rope_theta", "rope_scaling", "torch_dtype")}
        v5 |= {"dtype": config["torch_dtype"], "rope_parameters": {"rope_theta": config["rope_theta"], **config["rope_scaling"]}}
        same = LlamaForCausalLM(transformers.LlamaConfig(**(v5 | {"dtype": "float32"})))
        same.load_state_dict(load(directory).state_dict())
        with torch.no_grad():
            assert torch.equal(same(ids, use_cache=False).logits, load(directory)(ids, use_cache=False).logits)
        golden["sameModelConfigOfTransformers5"] = v5
    (directory / "expected.golden.json").write_text(json.dumps(golden) + "\n")
    size = (directory / "model.safetensors").stat().st_size
    print(name, size, "bytes; loss", golden["loss"], "float32:", golden["float32"], "losses", golden["adamw"]["losses"])


def main():
    torch.set_num_threads(1)
    for name in MODELS:
        make(name)


main()
