"""Makes stories260k.golden.json: transformers' own scores of two small released models, for the perplexity protocol.

    python test/golden/make-stories260k.py ../shared > test/golden/stories260k.golden.json   (packages: bench/peer/requirements.txt)

Protocol (DESIGN.md, `--task perplexity:FILE`): the whole text is tokenized once with the tokenizer's BOS at the very start
only, cut into independent windows of N tokens, the tail dropped; a window's loss is the mean of its N-1 next-token losses
in nats; the perplexity is exp of the mean over windows.
The forward pass is transformers' LlamaForCausalLM in float32, the log-softmax of its logits is taken in float64.
`float64` holds the same figures from the model run in float64: the distance between the two is float32's own error.
The ids are those of the `tokenizers` library on tokenizer.json; the script says where transformers' AutoTokenizer differs.
"""

import hashlib
import json
import math
import sys
from pathlib import Path

import tokenizers
import torch
import transformers
from tokenizers import Tokenizer
from transformers import AutoTokenizer, LlamaForCausalLM

from llama_float64 import to_float64

BATCH = 8
PROMPT = "Once upon a time, there was a little girl"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@torch.inference_mode()
def window_losses(model, ids, context, count):
    losses = []
    for start in range(0, count, BATCH):
        rows = range(start, min(start + BATCH, count))
        batch = torch.tensor([ids[i * context : (i + 1) * context] for i in rows])
        log_probs = model(batch, use_cache=False).logits[:, :-1].double().log_softmax(-1)
        picked = log_probs.gather(2, batch[:, 1:, None])[:, :, 0]
        losses += (-picked.mean(1)).tolist()
    return losses


def perplexity(losses):
    return math.exp(math.fsum(losses) / len(losses))


def score(directory, text, contexts, most=None):
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    ids = tokenizer.encode(text).ids
    auto_ids = AutoTokenizer.from_pretrained(directory)(text)["input_ids"]
    model = LlamaForCausalLM.from_pretrained(directory, dtype=torch.float32, attn_implementation="sdpa").eval()
    prompt_ids = tokenizer.encode(PROMPT).ids
    with torch.inference_mode():
        prompt_logits = model(torch.tensor([prompt_ids]), use_cache=False).logits[0, -1].tolist()
    counts = {n: min(len(ids) // n, most or len(ids)) for n in contexts}
    single = {n: window_losses(model, ids, n, counts[n]) for n in contexts}
    to_float64(model)
    double = {n: window_losses(model, ids, n, counts[n]) for n in contexts}
    return {
        "sha256": {name: sha256((directory / name).read_bytes()) for name in ("config.json", "model.safetensors", "tokenizer.json")},
        "ropeTheta": model.config.rope_parameters["rope_theta"],
        "tokenCount": len(ids),
        "first64Ids": ids[:64],
        "last16Ids": ids[-16:],
        "idsSha256": sha256(",".join(map(str, ids)).encode()),
        "autoTokenizerSameIds": ids == auto_ids,
        "autoTokenizerTokenCount": len(auto_ids),
        "newlineIds": tokenizer.encode("a\nb\n\nc", add_special_tokens=False).ids,
        "prompt": {"text": PROMPT, "ids": prompt_ids, "lastLogits": prompt_logits},
        "windows": [
            {
                "context": n,
                "count": counts[n],
                "wholeText": counts[n] == len(ids) // n,
                "perplexity": perplexity(single[n]),
                "losses": single[n],
                "float64": {"perplexity": perplexity(double[n]), "losses": double[n]},
            }
            for n in contexts
        ],
    }


def main():
    torch.set_num_threads(1)
    shared = Path(sys.argv[1])
    text_bytes = (shared / "evaltext/stories-sampled.txt").read_bytes()
    text = text_bytes.decode("utf-8")
    golden = {
        "madeBy": "test/golden/make-stories260k.py",
        "versions": {m.__name__: m.__version__ for m in (torch, transformers, tokenizers)},
        "idsSha256Of": "the ids in decimal, joined by commas",
        "text": {"file": "evaltext/stories-sampled.txt", "sha256": sha256(text_bytes), "bytes": len(text_bytes)},
        "stories260K": score(shared / "models/stories260K", text, (512, 256)),
        "babyllama105": score(shared / "models/babyllama105", text, (256,), most=64),
    }
    print(json.dumps(golden, indent=1, ensure_ascii=False))


main()
