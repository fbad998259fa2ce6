"""Times torch on a Llama: the peer of `npm run bench`. One JSON line per measurement on stdout, nothing else there.

    python llama_peer.py eval  MODEL --batch 8 --context 128 --threads 2 --steps 4 --repeats 3
    python llama_peer.py train MODEL --compile default --dtype bf16
    python llama_peer.py perplexity MODEL --text FILE --context 512      every window of the text; for checking, not timing
    python llama_peer.py eval MODEL --stepper     warms up, prints {"ready":...}, then one measurement per line "step" on stdin

eval   logits and mean next-token cross-entropy under inference_mode; tokens/s counts batch*context per step
train  forward, backward and AdamW of all parameters; the loss is that of the last step
Warm-up steps (and compilation) are outside every measurement. bf16 means bfloat16 weights for eval, and autocast over
float32 weights for train (AdamW on bfloat16 weights would lose small updates, so it is not the same work).
Packages: requirements.txt, installed as README.md beside this file says.
"""

import argparse
import ctypes
import json
import math
import os
import sys
import time


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("mode", choices=("eval", "train", "perplexity"))
    p.add_argument("model", help="Hugging Face directory of a Llama")
    p.add_argument("--implementation", choices=("minimal", "transformers"), default="minimal")
    p.add_argument("--batch", type=int, default=8)
    p.add_argument("--context", type=int, default=128)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--wait", choices=("passive", "active"), default="passive", help="OMP_WAIT_POLICY")
    p.add_argument("--compile", choices=("none", "default", "max-autotune"), default="none")
    p.add_argument("--attention", choices=("flash", "math"), default="flash", help="scaled_dot_product_attention's kernel")
    p.add_argument("--dtype", choices=("fp32", "bf16"), default="fp32")
    p.add_argument("--optimizer", choices=("fused", "foreach"), default="fused")
    p.add_argument("--learning-rate", type=float, default=1e-4)
    p.add_argument("--steps", type=int, default=4, help="steps in one measurement")
    p.add_argument("--repeats", type=int, default=3, help="timed parts of one measurement, `steps` steps each")
    p.add_argument("--warmup", type=int, default=3, help="untimed steps before the first measurement")
    p.add_argument("--text", help="tokenize this file with the model's tokenizer.json; default: random ids")
    p.add_argument("--stepper", action="store_true")
    a = p.parse_args()
    for name in ("batch", "threads", "steps", "repeats"):
        if getattr(a, name) < 1:
            p.error(f"--{name} must be at least 1")
    if a.context < 2:
        p.error("--context must be at least 2")
    if a.warmup < 0:
        p.error("--warmup must not be negative")
    if a.mode == "perplexity" and not a.text:
        p.error("perplexity needs --text FILE")
    return a


ARGS = parse_arguments()
# Both must be in place before torch starts its thread pool.
os.environ["OMP_WAIT_POLICY"] = ARGS.wait
os.environ["OMP_NUM_THREADS"] = str(ARGS.threads)
# Only our rows may reach stdout: torch's compiler and autotuner print too.
ROWS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def keep_freed_memory():
    """glibc gives buffers over 128 kB back to the kernel at each free; torch then pays the page faults again at every
    step. Keeping them is torch's usual tuning advice (it names jemalloc) and costs nothing here."""
    try:
        libc = ctypes.CDLL("libc.so.6")
        trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of malloc.h
        libc.mallopt(mmap_threshold, 1 << 30)
        libc.mallopt(trim_threshold, 1 << 30)
    except OSError:
        pass  # not glibc: nothing to tune


keep_freed_memory()

import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402

import torch_llama  # noqa: E402


def token_windows(a, vocab_size):
    """[window][context] token ids; a window's loss is over its context-1 next tokens."""
    if a.text is None:
        return torch.randint(0, vocab_size, (a.batch, a.context), generator=torch.Generator().manual_seed(0))
    from tokenizers import Tokenizer

    with open(a.text, encoding="utf-8", newline="") as file:
        ids = Tokenizer.from_file(os.path.join(a.model, "tokenizer.json")).encode(file.read()).ids
    count = len(ids) // a.context
    if count < a.batch:
        raise ValueError(f"{a.text}: {len(ids)} tokens are {count} windows of {a.context}, fewer than --batch {a.batch}")
    return torch.tensor(ids[: count * a.context]).view(count, a.context)


def shifted(ids):
    """next-token targets; the last position has none (-100 is cross_entropy's ignore_index)"""
    return F.pad(ids[:, 1:], (0, 1), value=-100)


def build(a):
    if a.implementation == "minimal":
        model = torch_llama.load(a.model)

        def logits(ids):
            return model(ids)
    else:
        import transformers

        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        model = transformers.LlamaForCausalLM.from_pretrained(a.model, dtype=torch.float32, attn_implementation="sdpa")

        def logits(ids):
            return model(ids, use_cache=False).logits

    def loss(ids, targets):
        return F.cross_entropy(logits(ids).flatten(0, 1).float(), targets.flatten())

    if a.compile != "none":
        import torch._functorch.config as functorch

        # This disk cache's key leaves out the attention kernel: it would answer --attention math with a flash graph.
        functorch.enable_autograd_cache = False
        if a.compile == "max-autotune":
            import torch._inductor.config as inductor

            inductor.max_autotune_gemm_backends = "ATEN,CPP"
            inductor.freezing = a.mode != "train"  # constant weights: packs them once
        loss = torch.compile(loss, dynamic=False, mode=a.compile)
    return model, loss, logits


def make_step(a, model, loss, windows):
    batches = [windows[i : i + a.batch] for i in range(0, len(windows) - a.batch + 1, a.batch)]
    batches = [(ids.contiguous(), shifted(ids).contiguous()) for ids in batches]
    bf16 = a.dtype == "bf16"
    count = 0

    def next_batch():
        nonlocal count
        count += 1
        return batches[(count - 1) % len(batches)]

    if a.mode == "eval":
        model.eval()
        if bf16:
            model.bfloat16()

        @torch.inference_mode()
        def step():
            return loss(*next_batch())
    else:
        model.train()
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=a.learning_rate, betas=(0.9, 0.95), weight_decay=0.1, **{a.optimizer: True}
        )

        def step():
            ids, targets = next_batch()
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                value = loss(ids, targets)
            value.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            return value.detach()

    return step


def measure(a, step):
    milliseconds, value = [], None
    for _ in range(a.repeats):
        start = time.perf_counter()
        for _ in range(a.steps):
            value = step()
        milliseconds.append((time.perf_counter() - start) * 1e3 / a.steps)
    return {
        "mode": a.mode,
        "variant": "-".join(("torch", a.implementation, {"none": "eager"}.get(a.compile, "compile-" + a.compile), a.dtype)),
        "tokensPerSecond": [a.batch * a.context / ms * 1e3 for ms in milliseconds],
        "msPerStep": milliseconds,
        "loss": value.item(),
        "batch": a.batch,
        "context": a.context,
        "threads": a.threads,
        "wait": a.wait,
        "attention": a.attention,
        "optimizer": a.optimizer if a.mode == "train" else None,
        "torchVersion": torch.__version__,
    }


@torch.inference_mode()
def score_text(a, logits, windows):
    losses = []
    for start in range(0, len(windows), a.batch):
        ids = windows[start : start + a.batch]
        log_probs = logits(ids)[:, :-1].double().log_softmax(-1)
        losses += (-log_probs.gather(2, ids[:, 1:, None])[:, :, 0].mean(1)).tolist()
    return {"mode": a.mode, "context": a.context, "perplexity": math.exp(math.fsum(losses) / len(losses)), "losses": losses}


def say(row):
    print(json.dumps(row), file=ROWS, flush=True)


def main(a):
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    config = torch_llama.read_config(a.model)
    if a.context > config["max_position_embeddings"]:
        raise ValueError(f"--context {a.context} is beyond the model's max_position_embeddings {config['max_position_embeddings']}")
    windows = token_windows(a, config["vocab_size"])
    model, loss, logits = build(a)
    if a.mode == "perplexity":
        return say(score_text(a, logits, windows))
    step = make_step(a, model, loss, windows)
    start = time.perf_counter()
    for _ in range(a.warmup):
        step()
    ready = {"warmupSeconds": time.perf_counter() - start, "cpuCapability": torch.backends.cpu.get_cpu_capability()}
    if not a.stepper:
        return say(measure(a, step) | ready)
    say({"ready": True, **ready})
    for line in sys.stdin:
        command = line.strip()
        if command == "step":
            say(measure(a, step))
        elif command == "quit":
            break
        elif command:
            raise ValueError(f"unknown command {command!r}: expected step or quit")


try:
    # math stays allowed beside flash: torch falls back to it for a shape that flash does not take
    with sdpa_kernel([SDPBackend.MATH] if ARGS.attention == "math" else [SDPBackend.FLASH_ATTENTION, SDPBackend.MATH]):
        main(ARGS)
except (OSError, ValueError, KeyError) as error:
    print(f"llama_peer: {type(error).__name__}: {error}", file=sys.stderr)
    sys.exit(1)
