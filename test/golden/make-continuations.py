"""Makes continuations.golden.json: transformers' log-likelihoods of LAMBADA and PIQA items under stories260K.

    python test/golden/make-continuations.py ../shared > test/golden/continuations.golden.json   (packages: bench/peer/requirements.txt)

Protocol: lm-evaluation-harness, lm_eval/api/model.py, TemplateLM._encode_pair: trailing white space of the context moves to the
continuation; the continuation's tokens are those of context + continuation past the length of the context's own; the last
512 + 1 tokens are kept, and all but the last are read. BOS as the tokenizer itself puts it. The forward pass is float32, the
log-softmax float64. LAMBADA: the first 200 lines; PIQA: the first 150, asked as "Question: {goal}\nAnswer:" + " {solution}",
and, as `choices`, the file's own query followed by the choice.
Ids, log-likelihoods and greediness are kept for the first few items; for all of them the counts.
"""

import json
import math
import sys
from pathlib import Path

import tokenizers
import torch
import transformers
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

POSITIONS = 512
KEPT = 6


def pair(tokenizer, context, continuation):
    stripped = context.rstrip()
    continuation = context[len(stripped) :] + continuation
    head = tokenizer.encode(stripped).ids
    return head, tokenizer.encode(stripped + continuation).ids[len(head) :]


@torch.inference_mode()
def score(model, head, tail):
    ids = (head + tail)[-(POSITIONS + 1) :]
    log_probs = model(torch.tensor([ids[:-1]]), use_cache=False).logits[0].double().log_softmax(-1)[-len(tail) :]
    picked = log_probs.gather(1, torch.tensor(tail)[:, None])[:, 0]
    return picked.tolist(), bool((log_probs.argmax(-1) == torch.tensor(tail)).all())


def item(model, tokenizer, context, continuation):
    head, tail = pair(tokenizer, context, continuation)
    log_probs, greedy = score(model, head, tail)
    return {"context": head[-(POSITIONS + 1 - len(tail)) :], "continuation": tail, "logProbs": log_probs, "greedy": greedy}


def lambada(model, tokenizer, lines):
    items = [item(model, tokenizer, line["context"], " " + line["continuation"]) for line in lines]
    sums = [math.fsum(i["logProbs"]) for i in items]
    tokens = sum(len(i["continuation"]) for i in items)
    return {
        "examples": len(items),
        "tokens": tokens,
        "exact": sum(i["greedy"] for i in items),
        "perplexity": math.exp(-math.fsum(sums) / len(items)),
        "perplexityPerToken": math.exp(-math.fsum(sums) / tokens),
        "items": items[:KEPT],
    }


def choices(model, tokenizer, questions):
    acc, acc_norm, items = 0, 0, []
    for query, options, delimiter, gold in questions:
        scored = [item(model, tokenizer, query, delimiter + option) for option in options]
        sums = [math.fsum(s["logProbs"]) for s in scored]
        normed = [s / len(option) for s, option in zip(sums, options)]
        acc += sums.index(max(sums)) == gold
        acc_norm += normed.index(max(normed)) == gold
        items += scored
    return {"examples": len(questions), "acc": acc, "accNorm": acc_norm, "items": items[:KEPT]}


def main():
    torch.set_num_threads(1)
    shared = Path(sys.argv[1])
    directory = shared / "models/stories260K"
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    model = LlamaForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    read = lambda name, n: [json.loads(line) for line in (shared / "evaltext" / name).read_text("utf-8").split("\n")[:n]]
    piqa = read("piqa_valid.jsonl", 150)
    golden = {
        "madeBy": "test/golden/make-continuations.py",
        "versions": {m.__name__: m.__version__ for m in (torch, transformers, tokenizers)},
        "lambada": lambada(model, tokenizer, read("lambada_openai_first2576.jsonl", 200)),
        "piqa": choices(model, tokenizer, [(q["query"].rstrip("\n") + "\nAnswer:", q["choices"], " ", q["gold"]) for q in piqa]),
        "choices": choices(model, tokenizer, [(q["query"], q["choices"], "", q["gold"]) for q in piqa]),
    }
    print(json.dumps(golden))


main()
