"""Writes gguf.golden.json: random blocks of every ggml type we read, dequantized by the `gguf` package (the reference).

    python3 -m venv .venv && .venv/bin/pip install gguf==0.19.0
    .venv/bin/python test/golden/make-gguf.py

Codes are random bytes. Scales and minima are random float16 patterns that are finite, and the first blocks have the
special ones: 0, -0, the smallest and largest subnormal, the largest finite. Blocks and float32 results are base64.
"""
import base64
import json
import pathlib

import gguf
import numpy as np

# Byte positions of the float16 fields within a block.
HALVES = {
    "F16": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "IQ4_NL": [0], "MXFP4": [],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "F32": [], "BF16": [],
}
SPECIAL = [0x0000, 0x8000, 0x0001, 0x83FF, 0x7BFF, 0xFBFF]
rng = np.random.default_rng(5)
cases = {}
for name, fields in HALVES.items():
    kind = gguf.GGMLQuantizationType[name]
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    count = 64 if elements == 1 else len(SPECIAL) + (10 if elements == 32 else 2)
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for field in fields:
        halves = rng.integers(0, 0x7C00, count, dtype=np.uint16) | (rng.integers(0, 2, count, dtype=np.uint16) << 15)
        halves[: len(SPECIAL)] = rng.permutation(SPECIAL)
        blocks[:, field : field + 2] = halves.astype("<u2").view(np.uint8).reshape(-1, 2)
    if name in ("F32", "BF16"):
        # An exponent of all ones would be infinite or NaN.
        blocks[:, size - 2] &= 0x7F
    if name == "MXFP4":
        # Scales from the smallest (whose values are subnormal) to the largest whose values are all finite.
        blocks[:, 0] = np.resize([0, 1, 2, 127, 252, 120, 130], count)
    with np.errstate(over="ignore"):
        values = gguf.dequantize(blocks.reshape(-1), kind).astype("<f4")
    cases[name] = {
        "blocks": base64.b64encode(blocks.tobytes()).decode(),
        "float32": base64.b64encode(values.tobytes()).decode(),
    }
out = pathlib.Path(__file__).with_name("gguf.golden.json")
out.write_text(json.dumps({"gguf": "0.19.0", "numpy": np.__version__, "types": cases}, indent=1) + "\n")
print(out, out.stat().st_size)

# Token ids by the Rust tokenizers, with the patterns of llama.cpp's llama-vocab.cpp, on the reference model's vocabulary.
# (pip install tokenizers==0.23.3)
import tokenizers  # noqa: E402
from tokenizers import Regex, pre_tokenizers  # noqa: E402

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
ENGLISH = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
LLAMA3 = ENGLISH + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = ENGLISH + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
PATTERNS = {
    "default": [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"],
    "gpt-2": [GPT2],
    "smollm": [r"\p{N}", GPT2],
    "llama-bpe": [LLAMA3],
    "qwen2": [QWEN2],
}
TEXTS = [
    "The state of the Union in 1862: 12345 men, $400 million.",
    "It's we'LL they'D  two  spaces\n\n\tand a tab \r\n end   ",
    "a+b=c<d>e ^~|x| (sic!) -- \u201cquoted\u201d \u2026 \u00e9t\u00e9 \u4e2d\u6587 \U0001f600 \u00bd \u0663\u0664",
    "Grace and peace to the the the 7 seas of 1000000 \u00a0 nbsp",
    "The end.\n\nA paragraph.\n\n\nThree.\n",
]
reference = out.parents[2] / "models" / "reference" / "tokenizer.json"
ids = {}
for name, patterns in PATTERNS.items():
    tokenizer = json.loads(reference.read_text())
    tokenizer["post_processor"] = None
    tokenizer["model"]["ignore_merges"] = name == "llama-bpe"
    rust = tokenizers.Tokenizer.from_str(json.dumps(tokenizer))
    rust.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]
        + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    ids[name] = [rust.encode(text, add_special_tokens=False).ids for text in TEXTS]
out = out.with_name("gguf-tokens.golden.json")
golden = {"tokenizers": tokenizers.__version__, "texts": TEXTS, "ids": ids}
out.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(out, out.stat().st_size)
