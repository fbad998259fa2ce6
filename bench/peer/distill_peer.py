"""The distillation step of TSLD in plain torch, for bench/distill.ts: ternary weights (TWN) with a straight-through gradient in
every linear layer of the blocks, a full-precision teacher's forward, token-scaled logit distillation summed over the batch
plus cross-entropy, clipping at norm 1, fused AdamW. One JSON line for each line `step` on standard input.

python distill_peer.py MODEL --batch 8 --context 256 --steps 4 --threads 2 [--compile default] --stepper
"""

import argparse
import json
import os
import resource
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--context", type=int, default=256)
parser.add_argument("--steps", type=int, default=4)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--compile", default="none")
parser.add_argument("--stepper", action="store_true")
ARGS = parser.parse_args()
os.environ["OMP_WAIT_POLICY"] = "passive"
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(ARGS.threads)

import torch  # noqa: E402
import torch_llama  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

TEMPERATURE = 10


class Ternary(nn.Linear):
    """TWN by output row; stacked matrices are rounded row by row as they would be apart."""

    def forward(self, x):
        w = self.weight
        size = w.detach().abs()
        mask = size > 0.7 * size.mean(1, keepdim=True)
        scale = (size * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True)
        rounded = scale * w.detach().sign() * mask
        return F.linear(x, w + (rounded - w).detach(), self.bias)


def main(a):
    torch.set_num_threads(a.threads)
    student, teacher = torch_llama.load(a.model), torch_llama.load(a.model)
    teacher.requires_grad_(False).eval()
    for block in student.blocks:
        for name in ("qkv", "out", "gate_up", "down"):
            getattr(block, name).__class__ = Ternary
    vocab = student.embed.weight.shape[0]
    ids = (torch.arange(a.batch * (a.context + 1)) * 7919 % vocab).reshape(a.batch, a.context + 1)
    tokens, labels = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()

    def loss(tokens, labels):
        with torch.no_grad():
            theirs = teacher(tokens).log_softmax(-1)
            difficulty = -theirs.gather(2, labels[..., None])[..., 0]
            weights = torch.softmax(difficulty / TEMPERATURE, -1)
        logits = student(tokens)
        own = logits.log_softmax(-1)
        each = -(theirs.exp() * own).sum(-1)
        return (weights * each).sum() - own.gather(2, labels[..., None]).mean()

    if a.compile != "none":
        loss = torch.compile(loss, dynamic=False, mode=a.compile)
    optimizer = torch.optim.AdamW(student.parameters(), lr=1e-4, betas=(0.9, 0.999), weight_decay=0.0, fused=True)

    def step():
        value = loss(tokens, labels)
        value.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return value.item()

    first = step()
    for _ in range(2):
        step()

    def measure():
        start = time.perf_counter()
        for _ in range(a.steps):
            step()
        ms = (time.perf_counter() - start) * 1e3 / a.steps
        return {"msPerStep": ms, "firstLoss": first, "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}

    if not a.stepper:
        return print(json.dumps(measure()), flush=True)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        if line.strip() != "step":
            break
        print(json.dumps(measure()), flush=True)


main(ARGS)
