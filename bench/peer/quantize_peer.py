"""Times torch on quantize–dequantize of one matrix in groups: the peer of bench/quantize.ts. JSON lines on stdout.

    python quantize_peer.py WEIGHTS.f32 --cols 4096 --group 128 --out OUT.f32 --variant reference --stepper

WEIGHTS.f32: raw little-endian float32, row-major; the groups run along rows. Warms up, writes the rounded matrix to OUT.f32,
prints {"ready": …}, then for each line "step" on stdin one measurement, {"seconds": …} of one pass over the matrix.

reference  the operations of quantize_4bit of cornell-zhang/llm-datatypes (weight_only.py; semantics, not its text): scale =
           max|x| / max(codebook) of each group, x / scale, then for each level one torch.where with the comparisons against
           its midpoints, added up, times scale
bucketize  what a torch user could write today: one torch.bucketize over the midpoints, one gather
compile    reference under torch.compile (needs a C++ compiler)
Ties go to the lower level in all of them; midpoints are float64 in Python and become float32 in the comparison.
"""

import argparse
import json
import os
import sys
import time


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("weights")
    p.add_argument("--cols", type=int, required=True)
    p.add_argument("--group", type=int, default=128)
    p.add_argument("--levels", required=True, help="JSON list, ascending")
    p.add_argument("--variant", choices=("reference", "bucketize", "compile"), default="reference")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--out", required=True)
    p.add_argument("--stepper", action="store_true")
    return p.parse_args()


ARGS = arguments()
os.environ["OMP_WAIT_POLICY"] = "passive"
os.environ["OMP_NUM_THREADS"] = str(ARGS.threads)

import numpy as np
import torch

torch.set_num_threads(ARGS.threads)
LEVELS = json.loads(ARGS.levels)
MIDPOINTS = [(a + b) / 2 for a, b in zip(LEVELS, LEVELS[1:])]
LEVELS_TENSOR = torch.tensor(LEVELS, dtype=torch.float32)
MIDPOINTS_TENSOR = torch.tensor(MIDPOINTS, dtype=torch.float32)


def reference(x):
    scale = (x.abs().max(-1)[0] / max(LEVELS)).unsqueeze(dim=-1)
    x = x / scale
    q = torch.zeros_like(x)
    last = len(LEVELS) - 1
    for i, level in enumerate(LEVELS):
        if i == 0:
            q += torch.where(x <= MIDPOINTS[0], level, 0)
        elif i == last:
            q += torch.where(x > MIDPOINTS[i - 1], level, 0)
        else:
            q += torch.where((MIDPOINTS[i - 1] < x) & (x <= MIDPOINTS[i]), level, 0)
    return q * scale


def bucketize(x):
    scale = (x.abs().max(-1)[0] / max(LEVELS)).unsqueeze(dim=-1)
    rank = torch.bucketize(x / scale, MIDPOINTS_TENSOR, out_int32=True)
    return LEVELS_TENSOR[rank] * scale


def main():
    work = {"reference": reference, "bucketize": bucketize, "compile": reference}[ARGS.variant]
    if ARGS.variant == "compile":
        work = torch.compile(work)
    weights = torch.from_numpy(np.fromfile(ARGS.weights, dtype="<f4")).reshape(-1, ARGS.group)
    assert weights.numel() % ARGS.cols == 0 and ARGS.cols % ARGS.group == 0
    with torch.inference_mode():
        for _ in range(2):
            out = work(weights)
        out.numpy().astype("<f4").tofile(ARGS.out)
        print(json.dumps({"ready": True, "torch": torch.__version__, "variant": ARGS.variant}), flush=True)
        for line in sys.stdin:
            if line.strip() == "quit":
                return
            start = time.perf_counter()
            work(weights)
            print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


main()
