"""AutoRound's own package on a model and given calibration tokens; writes a Hugging Face folder of dequantized weights.

    python autoround_peer.py MODEL TOKENS.json OUT --bits 4 --group 128 --threads 2

TOKENS.json: {"count", "context", "ids": count × context numbers}. Symmetric integers of the full range (int4-full here), 200 steps
of eight windows, each group's range tuned; the head stays. Prints one line of JSON: seconds of the quantization.
Needs auto-round 0.16.1 and py-cpuinfo 9.0.0 beside requirements.txt (and accelerate, datasets, requests), installed with --no-deps.
"""

import argparse
import contextlib
import json
import pathlib
import shutil
import sys
import time

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("tokens")
parser.add_argument("out")
parser.add_argument("--bits", type=int, default=4)
parser.add_argument("--group", type=int, default=128)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()
torch.set_num_threads(args.threads)

with contextlib.redirect_stdout(sys.stderr):
    from auto_round import AutoRound

    tokens = json.loads(pathlib.Path(args.tokens).read_text())
    ids = torch.tensor(tokens["ids"]).reshape(tokens["count"], tokens["context"])
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32)
    rounder = AutoRound(
        model,
        AutoTokenizer.from_pretrained(args.model),
        bits=args.bits,
        group_size=args.group,
        sym=True,
        iters=200,
        batch_size=8,
        seqlen=tokens["context"],
        nsamples=tokens["count"],
        dataset=[{"input_ids": row[None], "attention_mask": torch.ones_like(row[None])} for row in ids],
        device_map="cpu",
        amp=False,
    )
    start = time.perf_counter()
    rounded, _ = rounder.quantize()
    seconds = time.perf_counter() - start
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    for path in pathlib.Path(args.model).glob("*.json"):
        shutil.copy(path, out)
    tied = model.config.tie_word_embeddings
    state = {k: v.float().contiguous().clone() for k, v in rounded.state_dict().items() if not (tied and k == "lm_head.weight")}
    save_file(state, out / "model.safetensors")
print(json.dumps({"seconds": seconds}))
