"""Makes tiny-NAME/ for every architecture but Llama: random models small enough to commit, with transformers' outputs.

    python test/golden/make-tiny-architectures.py [NAME...]        (packages: bench/peer/requirements.txt)

Each folder is a Hugging Face directory (config.json as published models of the family write it, model.safetensors with
the names they use) plus expected.golden.json:
  inputIds        [batch][position]
  logits          [batch][position][vocab]
  loss            mean cross-entropy of the batch*(positions-1) next tokens, nats
  gradientNorms   L2 norm of d loss / d parameter, by transformers' name (a tied head counts once, under the embedding)
Everything is computed by transformers from the folder (so that it reads the file as its users would) in float64 and
rounded to 9 significant digits. transformers keeps some parts in float32 (norms and rotary angles, which are replaced
here, and BLOOM's and Gemma 2's softmax, which is not); `float32.maxAbsLogitError` says how far its own float32 run is from the figures.
The weights are far from initialization (norms around 1, biases of 0.5, peaked attention), so that a mistake in any part shows.
"""

import json
import sys
from pathlib import Path

import numpy as np
import safetensors
import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

HERE = Path(__file__).parent
BATCH, POSITIONS, VOCAB = 2, 12, 40
USUAL = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": VOCAB,
    "max_position_embeddings": 32,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "torch_dtype": "float32",
}
LLAMA = USUAL | {"intermediate_size": 40, "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "hidden_act": "silu"}
OPT = USUAL | {
    "architectures": ["OPTForCausalLM"],
    "model_type": "opt",
    "ffn_dim": 48,
    "activation_function": "relu",
    "do_layer_norm_before": True,
    "word_embed_proj_dim": 24,
    "pad_token_id": 1,
}
NEOX = USUAL | {
    "architectures": ["GPTNeoXForCausalLM"],
    "model_type": "gpt_neox",
    "hidden_size": 32,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-5,
    "rotary_emb_base": 10000,
    "rotary_pct": 0.25,
    "use_parallel_residual": True,
    "tie_word_embeddings": False,
}
# name: (seed, config.json)
MODELS = {
    # Each query sees 5 keys: the window is shorter than the 12 positions.
    "mistral": (11, LLAMA | {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": 5}),
    "qwen2": (
        12,
        LLAMA
        | {
            "architectures": ["Qwen2ForCausalLM"],
            "model_type": "qwen2",
            "rope_theta": 1000000.0,
            "tie_word_embeddings": True,
            "use_sliding_window": True,
            "sliding_window": 4,
            "max_window_layers": 1,
        },
    ),
    "gemma": (
        13,
        LLAMA
        | {
            "architectures": ["GemmaForCausalLM"],
            "model_type": "gemma",
            "num_key_value_heads": 1,
            "head_dim": 8,
            "hidden_act": "gelu",
            "hidden_activation": None,
            "rms_norm_eps": 1e-6,
        },
    ),
    "qwen3": (
        21,
        LLAMA | {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "head_dim": 8, "tie_word_embeddings": True},
    ),
    # The caps lie where they bend these scores and logits.
    "gemma2": (
        22,
        LLAMA
        | {
            "architectures": ["Gemma2ForCausalLM"],
            "model_type": "gemma2",
            "head_dim": 8,
            "hidden_act": "gelu_pytorch_tanh",
            "hidden_activation": "gelu_pytorch_tanh",
            "query_pre_attn_scalar": 6,
            "sliding_window": 4,
            "attn_logit_softcapping": 2.0,
            "final_logit_softcapping": 3.0,
        },
    ),
    "gpt2": (
        14,
        {
            "architectures": ["GPT2LMHeadModel"],
            "model_type": "gpt2",
            "activation_function": "gelu_new",
            "n_embd": 24,
            "n_head": 4,
            "n_layer": 2,
            "n_ctx": 32,
            "n_positions": 32,
            "layer_norm_epsilon": 1e-5,
            "vocab_size": VOCAB,
            "bos_token_id": 39,
            "eos_token_id": 39,
        },
    ),
    "opt": (15, OPT),
    "opt-350m": (16, OPT | {"do_layer_norm_before": False, "word_embed_proj_dim": 16}),
    "gpt-neox": (17, NEOX),
    "gpt-neox-sequential": (18, NEOX | {"use_parallel_residual": False, "rotary_pct": 1.0, "num_hidden_layers": 1}),
    "phi": (
        19,
        USUAL
        | {
            "architectures": ["PhiForCausalLM"],
            "model_type": "phi",
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_key_value_heads": 2,
            "hidden_act": "gelu_new",
            "layer_norm_eps": 1e-5,
            "partial_rotary_factor": 0.5,
            "rope_theta": 10000.0,
            "qk_layernorm": False,
            "tie_word_embeddings": False,
        },
    ),
    # Six heads: ALiBi slopes of a count that is no power of two.
    "bloom": (
        20,
        {
            "architectures": ["BloomForCausalLM"],
            "model_type": "bloom",
            "hidden_size": 24,
            "n_head": 6,
            "n_layer": 2,
            "layer_norm_epsilon": 1e-5,
            "apply_residual_connection_post_layernorm": False,
            "seq_length": 32,
            "vocab_size": VOCAB,
            "bos_token_id": 1,
            "eos_token_id": 2,
        },
    ),
}
# How published checkpoints of the family name what transformers names otherwise.
PUBLISHED = {
    "gpt2": lambda name: name.removeprefix("transformer."),
    "bloom": lambda name: name.removeprefix("transformer."),
    "gpt-neox": lambda name: name.replace("lm_head.", "embed_out."),
}


def random_weight(name, shape, gemma, rng):
    noise = rng.standard_normal(shape)
    if len(shape) == 1 and name.endswith("weight"):
        return (0 if gemma else 1) + 0.3 * noise
    if name.endswith("bias"):
        return 0.5 * noise
    peaked = 1.5 if any(part in name for part in ("q_proj", "k_proj", "query_key_value", "c_attn")) else 1
    inputs = shape[0] if "c_attn" in name or "c_proj" in name or "c_fc" in name else shape[1]
    return noise * peaked / inputs**0.5


def buffers(name, config):
    """Masks that published checkpoints of the family carry and nobody needs."""
    if name == "gpt2":
        mask = torch.tril(torch.ones(1, 1, config["n_positions"], config["n_positions"]))
        return {"h.0.attn.bias": mask, "h.0.attn.masked_bias": torch.tensor([-1e4])}
    return {}


def to_float64(model):
    """model.double(), and norms and rotary angles in float64 too (as in llama_float64.py, for every family)."""
    model.double()

    def norm(self, hidden):
        eps = getattr(self, "variance_epsilon", None) or self.eps
        weight = 1 + self.weight if type(self).__name__.startswith("Gemma") else self.weight
        return weight * (hidden * torch.rsqrt(hidden.pow(2).mean(-1, keepdim=True) + eps))

    def rotary(self, x, position_ids=None, **_):
        angles = position_ids[:, :, None].to(torch.float64) * self.inv_freq.to(torch.float64)[None, None, :]
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos() * self.attention_scaling, angles.sin() * self.attention_scaling

    for module in model.modules():
        if type(module).__name__.endswith("RMSNorm"):
            module.forward = norm.__get__(module)
        elif type(module).__name__.endswith("RotaryEmbedding"):
            module.forward = rotary.__get__(module)
        elif type(module).__name__.endswith("TextScaledWordEmbedding"):
            module.embed_scale = torch.tensor(module.scalar_embed_scale, dtype=torch.float64)
    return model


def rounded(values):
    if isinstance(values, list):
        return [rounded(v) for v in values]
    return float(f"{values:.9g}")


def load(directory):
    model, info = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32, output_loading_info=True)
    lost = [n for n in info["missing_keys"] if "lm_head" not in n and "embed_out" not in n]
    assert not lost and not info["mismatched_keys"], info
    return model.eval()


def run(model, ids):
    logits = model(ids, use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    gradients = {name: rounded(p.grad.double().norm().item()) for name, p in model.named_parameters()}
    return logits.detach(), loss.item(), gradients


def make(name):
    seed, config = MODELS[name]
    directory = HERE / f"tiny-{name}"
    directory.mkdir(exist_ok=True)
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    rng = np.random.default_rng(seed)
    blank = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(directory))
    published = PUBLISHED.get(name.removesuffix("-sequential"), lambda n: n)
    weights = {
        published(n): torch.tensor(random_weight(n, tuple(p.shape), "gemma" in name, rng), dtype=torch.float32)
        for n, p in blank.named_parameters()
    }
    save_file(weights | buffers(name, config), directory / "model.safetensors", metadata={"format": "pt"})
    # Not 0 or 1: they pad in some families, and torch gives the embedding of a padding token no gradient.
    ids = torch.tensor(rng.integers(2, VOCAB, (BATCH, POSITIONS)))
    logits, loss, gradients = run(to_float64(load(directory)), ids)
    logits32, _, _ = run(load(directory), ids)
    golden = {
        "madeBy": "test/golden/make-tiny-architectures.py",
        "versions": {m.__name__: m.__version__ for m in (torch, transformers, safetensors, np)},
        "inputIds": ids.tolist(),
        "loss": rounded(loss),
        "gradientNorms": gradients,
        "float32": {"maxAbsLogitError": rounded((logits - logits32).abs().max().item())},
        "logits": rounded(logits.tolist()),
    }
    (directory / "expected.golden.json").write_text(json.dumps(golden) + "\n")
    size = sum(f.stat().st_size for f in directory.iterdir())
    spread = logits.abs().max().item()
    print(name, size, "bytes; loss", golden["loss"], "largest logit", spread, "float32:", golden["float32"])


def main():
    torch.set_num_threads(1)
    for name in sys.argv[1:] or MODELS:
        make(name)


main()
