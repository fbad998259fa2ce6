"""A Llama in plain torch without framework overhead: the strongest simple peer for our engine.

q, k, v share one matmul and so do gate and up (same weights, stacked); attention is scaled_dot_product_attention.
Reads a Hugging Face directory: config.json and model.safetensors (or its shards).
"""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F


def read_config(directory):
    c = json.loads((Path(directory) / "config.json").read_text())
    if c.get("model_type") != "llama" or c.get("mlp_bias") or c.get("hidden_act", "silu") != "silu":
        raise ValueError(f"{directory}/config.json: expected a Llama with silu and without mlp_bias")
    c["head_dim"] = c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"]
    c["num_key_value_heads"] = c.get("num_key_value_heads") or c["num_attention_heads"]
    rope = c.get("rope_parameters") or {"rope_theta": c.get("rope_theta", 10000.0), **(c.get("rope_scaling") or {})}
    rope.setdefault("rope_type", rope.get("type", "default"))
    if rope["rope_type"] not in ("default", "llama3"):
        raise ValueError(f"{directory}/config.json: rope_type {rope['rope_type']} is not one of default, llama3")
    c["rope"] = rope
    return c


def read_weights(directory):
    directory = Path(directory)
    index = directory / "model.safetensors.index.json"
    shards = sorted(set(json.loads(index.read_text())["weight_map"].values())) if index.exists() else ["model.safetensors"]
    return {name: tensor.float() for shard in shards for name, tensor in load_file(directory / shard).items()}


def rotary_frequencies(config):
    """[head_dim/2] radians per position; llama3 scaling as in transformers' modeling_rope_utils."""
    dim, rope = config["head_dim"], config["rope"]
    frequency = 1.0 / rope["rope_theta"] ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim)
    if rope["rope_type"] == "default":
        return frequency
    low, high, old = rope["low_freq_factor"], rope["high_freq_factor"], rope["original_max_position_embeddings"]
    wavelength = 2 * math.pi / frequency
    smooth = ((old / wavelength - low) / (high - low)).clamp(0, 1)
    return (1 - smooth) * frequency / rope["factor"] + smooth * frequency


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.kv_heads, self.dim = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
        d, q, kv, bias = c["hidden_size"], self.heads * self.dim, self.kv_heads * self.dim, bool(c.get("attention_bias"))
        self.widths = (q, kv, kv)
        self.attention_norm = nn.RMSNorm(d, eps=c["rms_norm_eps"])
        self.qkv = nn.Linear(d, q + 2 * kv, bias=bias)
        self.out = nn.Linear(q, d, bias=bias)
        self.mlp_norm = nn.RMSNorm(d, eps=c["rms_norm_eps"])
        self.gate_up = nn.Linear(d, 2 * c["intermediate_size"], bias=False)
        self.down = nn.Linear(c["intermediate_size"], d, bias=False)

    def rotate(self, x, cos, sin):
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1).to(x.dtype)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape
        q, k, v = self.qkv(self.attention_norm(x)).split(self.widths, dim=-1)
        q = self.rotate(q.view(batch, length, self.heads, self.dim).transpose(1, 2), cos, sin)
        k = self.rotate(k.view(batch, length, self.kv_heads, self.dim).transpose(1, 2), cos, sin)
        v = v.view(batch, length, self.kv_heads, self.dim).transpose(1, 2)
        grouped = self.kv_heads != self.heads
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=grouped)
        x = x + self.out(attended.transpose(1, 2).reshape(batch, length, -1))
        gate, up = self.gate_up(self.mlp_norm(x)).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * up)


class TorchLlama(nn.Module):
    def __init__(self, config):
        super().__init__()
        c = config
        self.embed = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.blocks = nn.ModuleList(Block(c) for _ in range(c["num_hidden_layers"]))
        self.norm = nn.RMSNorm(c["hidden_size"], eps=c["rms_norm_eps"])
        self.head = nn.Linear(c["hidden_size"], c["vocab_size"], bias=False)
        if c.get("tie_word_embeddings"):
            self.head.weight = self.embed.weight
        angles = torch.outer(torch.arange(c["max_position_embeddings"], dtype=torch.float32), rotary_frequencies(c))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, ids):
        """ids [batch][position] -> logits [batch][position][vocab]"""
        x, length = self.embed(ids), ids.shape[1]
        cos, sin = self.cos[:length], self.sin[:length]
        for block in self.blocks:
            x = block(x, cos, sin)
        return self.head(self.norm(x))


@torch.no_grad()
def load(directory):
    config, weights = read_config(directory), read_weights(directory)
    model = TorchLlama(config)

    def fill(target, *names):
        target.copy_(torch.cat([weights[n] for n in names]))

    fill(model.embed.weight, "model.embed_tokens.weight")
    fill(model.norm.weight, "model.norm.weight")
    if not config.get("tie_word_embeddings"):
        fill(model.head.weight, "lm_head.weight")
    for i, block in enumerate(model.blocks):
        layer = f"model.layers.{i}."
        for part in ("weight", "bias") if config.get("attention_bias") else ("weight",):
            fill(getattr(block.qkv, part), *(f"{layer}self_attn.{p}_proj.{part}" for p in "qkv"))
            fill(getattr(block.out, part), f"{layer}self_attn.o_proj.{part}")
        fill(block.gate_up.weight, f"{layer}mlp.gate_proj.weight", f"{layer}mlp.up_proj.weight")
        fill(block.down.weight, f"{layer}mlp.down_proj.weight")
        fill(block.attention_norm.weight, f"{layer}input_layernorm.weight")
        fill(block.mlp_norm.weight, f"{layer}post_attention_layernorm.weight")
    return model
