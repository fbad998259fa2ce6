"""Runs transformers' Llama wholly in float64.

`model.double()` is not enough: LlamaRMSNorm casts to float32 inside, and so does the rotary embedding. Both are
replaced here by the same formulas in float64, so that golden numbers carry only the reader's rounding error, not ours.
The rotary frequencies keep the float32 values that transformers computes (they are what every released model was trained with).
"""

import torch
from transformers.models.llama.modeling_llama import LlamaRMSNorm, LlamaRotaryEmbedding


def _norm(self, hidden):
    variance = hidden.pow(2).mean(-1, keepdim=True)
    return self.weight * hidden * torch.rsqrt(variance + self.variance_epsilon)


def _rotary(self, x, position_ids=None, **_):
    angles = position_ids[:, :, None].to(torch.float64) * self.inv_freq.to(torch.float64)[None, None, :]
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos() * self.attention_scaling, angles.sin() * self.attention_scaling


def to_float64(model):
    """Converts a LlamaForCausalLM loaded with attn_implementation="sdpa" (its softmax keeps float64) in place."""
    if model.config._attn_implementation != "sdpa":
        raise ValueError("eager attention takes its softmax in float32: load the model with attn_implementation='sdpa'")
    model.double()
    for module in model.modules():
        if isinstance(module, LlamaRMSNorm):
            module.forward = _norm.__get__(module)
        elif isinstance(module, LlamaRotaryEmbedding):
            module.forward = _rotary.__get__(module)
    return model
