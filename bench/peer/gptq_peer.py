"""Times torch on GPTQ of one layer: the peer of bench/gptq.ts. JSON lines on stdout.

    python gptq_peer.py WEIGHTS.f32 MOMENTS.f32 --rows 576 --cols 1536 --group 128 --levels '[…]' --stepper

WEIGHTS.f32: raw little-endian float32 [rows, cols]; MOMENTS.f32: mean of x xᵀ [cols, cols]. The steps are those of
IST-DASLab/gptq (gptq.py, fasterquant; semantics, not its text) with static groups: dampen by 1 % of the mean diagonal,
cholesky, cholesky_inverse, upper cholesky, all in float32; blocks of 128 columns; each column is rounded to the codebook
by one bucketize, its error goes to the rest of the block, and once a block to the columns after it. Prints {"ready": …},
then for each line "step" one measurement, {"seconds": …, "outputError": ‖(W − Ŵ)X‖² / ‖WX‖²}.
"""

import argparse
import json
import os
import sys
import time


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("weights")
    p.add_argument("moments")
    p.add_argument("--rows", type=int, required=True)
    p.add_argument("--cols", type=int, required=True)
    p.add_argument("--group", type=int, default=128)
    p.add_argument("--levels", required=True, help="JSON list, ascending")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--stepper", action="store_true")
    return p.parse_args()


ARGS = arguments()
os.environ["OMP_WAIT_POLICY"] = "passive"
os.environ["OMP_NUM_THREADS"] = str(ARGS.threads)

import numpy as np
import torch

BLOCK = 128
DAMP = 0.01


@torch.no_grad()
def gptq(weights, moments, levels, group):
    w, h = weights.clone(), moments.clone()
    rows, cols = w.shape
    middles = (levels[1:] + levels[:-1]) / 2
    scales = w.view(rows, cols // group, group).abs().amax(2) / levels.abs().max()
    scales[scales == 0] = 1
    diagonal = torch.arange(cols)
    h[diagonal, diagonal] += DAMP * h.diagonal().mean()
    u = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(h)), upper=True)
    out = torch.zeros_like(w)
    for start in range(0, cols, BLOCK):
        end = min(start + BLOCK, cols)
        block = w[:, start:end].clone()
        errors = torch.zeros_like(block)
        corner = u[start:end, start:end]
        for i in range(end - start):
            column = block[:, i]
            scale = scales[:, (start + i) // group]
            rounded = levels[torch.bucketize(column / scale, middles)] * scale
            out[:, start + i] = rounded
            error = (column - rounded) / corner[i, i]
            block[:, i:] -= error.unsqueeze(1) * corner[i, i:].unsqueeze(0)
            errors[:, i] = error
        w[:, end:] -= errors @ u[start:end, end:]
    return out


def main():
    torch.set_num_threads(ARGS.threads)
    weights = torch.from_numpy(np.fromfile(ARGS.weights, dtype="<f4").reshape(ARGS.rows, ARGS.cols))
    moments = torch.from_numpy(np.fromfile(ARGS.moments, dtype="<f4").reshape(ARGS.cols, ARGS.cols))
    levels = torch.tensor(json.loads(ARGS.levels), dtype=torch.float32)
    energy = lambda w: float(((w.double() @ moments.double()) * w.double()).sum())
    gptq(weights, moments, levels, ARGS.group)
    print(json.dumps({"ready": True, "torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        if line.strip() != "step":
            break
        start = time.perf_counter()
        rounded = gptq(weights, moments, levels, ARGS.group)
        seconds = time.perf_counter() - start
        row = {"seconds": seconds, "outputError": energy(rounded - weights) / energy(weights)}
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
