"""Golden vectors of block formats from the published implementations themselves, run on the CPU; writes
block-peers.golden.json. Numbers are float32.

python make-blocks.py REFS, with torch 2.15, gguf 0.19.0 and bitsandbytes 0.50.2, where REFS holds checkouts of
mit-han-lab/fouroversix dadfad6, microsoft/microxcaling 7bc4195, ddddwee1/HiFloat4 999cc07,
abdelfattah-lab/NVFP4-RaZeR 850712c, yc2367/BitMoD-HPCA-25 58d7bdb and clevercool/ANT-Quantization bc84067, each in a folder of the repository's name.
"""
import importlib, importlib.metadata, json, math, sys, types, warnings
from pathlib import Path
warnings.filterwarnings("ignore")
refs = Path(sys.argv[1])
for folder in ("fouroversix/src", "microxcaling", "HiFloat4/hif4_gpu", "ANT-Quantization/olive_quantization/antquant"):
    sys.path.insert(0, str(refs / folder))
version = importlib.metadata.version
importlib.metadata.version = lambda name: "0" if name == "fouroversix" else version(name)
import numpy as np, torch
f46 = importlib.import_module("fouroversix.quantize.pytorch.reference")
from fouroversix.utils import DataType, RoundStyle, ScaleRule
from mx.mx_ops import _quantize_mx
from quant_cy.base.QFuncs.hifx import quant_hifx
from gguf import quants, GGMLQuantizationType as G
import bitsandbytes.functional as bnb

rng = np.random.default_rng(7)
rows, cols = 2, 128
X = (rng.standard_normal((rows, cols)) * 0.02).astype(np.float32)
X[0, 5] = 0.31; X[1, 70] = -0.2; X[1, 90] = 0.11
X[0, 64:96] = 0
x = torch.from_numpy(X)
flat = lambda t: [float(f"{v:.9g}") for v in np.asarray(t.float() if isinstance(t, torch.Tensor) else t, dtype=np.float32).reshape(-1)]
out = {"x": flat(x), "rows": rows, "cols": cols}

near = RoundStyle.nearest
blocks, amax = x.reshape(-1, 16), x.abs().max()
decode = lambda q, s, top, reach=6: (q.reshape(-1, 16) * s.float().abs().reshape(-1, 1)) * amax / (reach * top)
def nv(rule=ScaleRule.static_6):
    scaled, s = f46.quantize_to_nvfp4(blocks, amax, scale_rule=rule, round_style=near)
    return f46.fake_quantize_to_e2m1(scaled), s
q, s = nv(); out["nvfp4"] = flat(decode(q, s, 448))
for rule in ("mse", "mae", "abs_max"):
    q, s = f46.nvfp4_fouroversix_block_scaled_quantization(blocks, amax, scale_rule=getattr(ScaleRule, rule), round_style=near)
    out[f"fouroversix:{rule}"] = flat(decode(q, s, 256))
for name, factor in (("if4", f46.IF4_INT_EXPANSION_FACTOR),):
    scaled, s = f46.compute_nv_scale_factors(blocks, amax, fp4_format=getattr(DataType, name), scale_rule=ScaleRule.static_6, round_style=near)
    _, q, marked = f46.select_intfloat(blocks, scaled, s, amax, fp4_format=getattr(DataType, name), round_style=near)
    integer = (marked.view(torch.uint8) >= 128).reshape(-1, 1)
    out[name] = flat(decode(torch.where(integer, q * factor, q), s, 448))
    out[f"{name}:choices"] = [int(v) for v in integer.reshape(-1)]
scaled, s = f46.quantize_to_mxfp4(x.reshape(-1, 32), scale_rule=ScaleRule.static_6)
out["mxfp4:rceil"] = flat(f46.fake_quantize_to_e2m1(scaled) * s.float().reshape(-1, 1))

for name, element in (("mxfp4", "fp4_e2m1"), ("mxfp6_e2m3", "fp6_e2m3"), ("mxfp6_e3m2", "fp6_e3m2"), ("mxfp8_e4m3", "fp8_e4m3"), ("mxfp8_e5m2", "fp8_e5m2"), ("mxint8", "int8")):
    for suffix, mode in (("", "even"), (":away", "nearest")):
        out[f"{name}{suffix}"] = flat(_quantize_mx(x.clone(), 8, element, block_size=32, axes=[-1], round=mode))

class Q: exp_bits, man_bits = 0, 3
out["hif4"] = flat(quant_hifx(x.clone(), Q, -1))

for name, kind in (("gguf-q4_0", G.Q4_0), ("gguf-q4_1", G.Q4_1), ("gguf-q8_0", G.Q8_0)):
    out[name] = flat(quants.dequantize(quants.quantize(X, kind), kind))

# bitsandbytes: nested statistics need many blocks to differ.
W = (rng.standard_normal((64, 512)) * 0.02).astype(np.float32)
packed, state = bnb.quantize_4bit(torch.from_numpy(W), blocksize=64, compress_statistics=True, quant_type="nf4")
out["nf4-dq"] = {"scales": flat(bnb.dequantize_blockwise(state.absmax, state.state2) + state.offset), "absmax": flat(np.abs(W.reshape(-1, 64)).max(1))}

razer = types.ModuleType("razer"); source = (refs / "NVFP4-RaZeR/quantize/quantizer.py").read_text()
source = source[:source.index("def quant_", source.index("def quant_nvfp4_razer_e3m3") + 10)].rstrip().removesuffix("@torch.no_grad()")
source = "\n".join(line for line in source.splitlines() if not line.startswith("from .") and "bfloat16" not in line or "return" in line)
exec(compile(source.replace(".to(torch.bfloat16)", ""), "razer", "exec"), razer.__dict__)
out["razer4-code"] = flat(razer.quant_nvfp4_razer_e3m3(x.clone(), 4, 16, 8.0))

bitmod = types.ModuleType("bitmod"); source = (refs / "BitMoD-HPCA-25/bitmod_quant/quant_utils/quant_weight.py").read_text()
# In float32, where the code computes in float16: its choice of codebooks is what is compared.
exec(compile(source[:source.index("def quant_model")].replace("torch.float16", "torch.float32"), "bitmod", "exec"), bitmod.__dict__)
for bits in (4, 3):
    out[f"bitmod{bits}"] = flat(bitmod.search_datatype(x.clone(), bits, "mixed_bitmod", 32))
out["bitmod4-er"] = flat(bitmod.search_datatype(x.clone(), 4, "mixed_er", 32))
out["bitmod4-ea"] = flat(bitmod.search_datatype(x.clone(), 4, "mixed_ea", 32))

stub = types.ModuleType("quant_cuda")
def nearest(v, grid):  # olive_quantization/quant/quant_kernel.cu: the last of the nearest
    distance = (v.reshape(-1, 1) - grid.reshape(1, -1)).abs()
    last = grid.numel() - 1 - distance.flip(1).argmin(1)
    return grid[last], None
stub.quant = nearest; sys.modules["quant_cuda"] = stub
import quant_modules
args = types.SimpleNamespace(w_up=150, a_up=150, w_low=75, a_low=75, percent=100, search=False, no_outlier=False)
quantizer = quant_modules.Quantizer(mode="int", bit=4, is_signed=True, args=args)
with torch.no_grad():
    quantizer.outliers.data = quantizer.outlier_value(); quantizer.quant_grid.data = quantizer.int_value()
    quantizer.alpha.data = x.abs().max(1).values.unsqueeze(1)
    _, quantizer.alpha.data, _ = quantizer.search_mse(x)
    out["olive4"] = flat(quantizer._forward(x))
json.dump(out, open(Path(__file__).with_name("block-peers.golden.json"), "w"))
print({k: len(v) if isinstance(v, list) else v if not isinstance(v, dict) else list(v) for k, v in out.items()})
