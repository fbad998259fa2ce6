"""Writes mldtypes.golden.json: what ml_dtypes, bitsandbytes and compressed-tensors make of codes, of a dense sweep of
inputs with all ties, and of code matrices to pack.

Usage: python make-mldtypes.py   (versions below; all run on the CPU. bitsandbytes, compressed-tensors, loguru and psutil
are installed with --no-deps beside bench/peer/requirements.txt)
Long vectors are kept as SHA-256 of their little-endian bytes; the test regenerates the inputs from the same rules.
"""
import hashlib, json, os, sys
from importlib.metadata import version
import ml_dtypes, numpy as np, torch

here = os.path.dirname(os.path.abspath(__file__))
f32 = np.float32


def sha(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def plain(values):
    """JSON numbers: reserved codes (NaN, infinity) become null, -0 stays."""
    return [float(v) if np.isfinite(v) else None for v in values]


# ---- ml_dtypes ----------------------------------------------------------------------------------------------------
FLOATS = {
    "e2m1": ml_dtypes.float4_e2m1fn,
    "e2m3": ml_dtypes.float6_e2m3fn,
    "e3m2": ml_dtypes.float6_e3m2fn,
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
}
BITS = {"e2m1": 4, "e2m3": 6, "e3m2": 6}


def codes_of(dtype, bits):
    return np.arange(2**bits, dtype=np.uint8).view(dtype).astype(f32)


def sweep(levels):
    """Every 16411th bit pattern of float32, and each midpoint of neighbouring levels with the float32 next to it on both
    sides; what is beyond the largest level is left out (the library overflows there, the registry saturates)."""
    patterns = (np.arange(0, 2**32, 16411, dtype=np.uint64)).astype(np.uint32).view(f32)
    ties = ((levels[:-1].astype(np.float64) + levels[1:]) / 2).astype(f32)  # exact for these formats
    around = np.stack([np.nextafter(ties, f32(-np.inf)), ties, np.nextafter(ties, f32(np.inf))], axis=1).ravel()
    x = np.concatenate([patterns[np.isfinite(patterns)], around])
    return x[np.abs(x) <= levels[-1]]


floats = {}
for name, dtype in FLOATS.items():
    bits = BITS.get(name, 8)
    values = codes_of(dtype, bits)
    levels = np.unique(values[np.isfinite(values)])
    x = sweep(levels)
    rounded = x.astype(dtype).astype(f32) + f32(0)  # -0 becomes 0
    ties = ((levels[:-1].astype(np.float64) + levels[1:]) / 2).astype(f32)
    floats[name] = {
        "dtype": dtype.__name__ if hasattr(dtype, "__name__") else str(dtype),
        "codes": plain(values) if bits <= 6 else None,
        "codesSha256": sha(np.where(np.isfinite(values), values, f32(np.nan)).astype(f32) + f32(0)),
        "reserved": [int(i) for i in np.flatnonzero(~np.isfinite(values))],
        "max": float(levels[-1]),
        "smallest": float(levels[levels > 0][0]),
        "sweep": {"count": int(x.size), "inputsSha256": sha(x), "roundedSha256": sha(rounded)},
        "ties": [[float(t), float(r)] for t, r in zip(ties, ties.astype(dtype).astype(f32) + f32(0))][:8],
    }

# Scales: every 16411th positive float32 in the range of the type, rounded to it.
def scale(dtype, smallest, largest, start=None):
    x = np.arange(0, 2**31, 16411, dtype=np.uint64).astype(np.uint32).view(f32)
    x = x[np.isfinite(x) & (x >= f32(start or smallest)) & (x <= f32(largest))]
    rounded = x.astype(dtype).astype(f32)
    return {"smallest": float(smallest), "largest": float(largest), "start": float(start or smallest), "count": int(x.size), "roundedSha256": sha(rounded)}


bf16_max = float(np.uint32(0x7F7F0000).view(f32))
scales = {
    "fp16": scale(np.float16, 2.0**-24, 65504),
    "bf16": scale(ml_dtypes.bfloat16, 2.0**-133, bf16_max),
    "e4m3": scale(ml_dtypes.float8_e4m3fn, 2.0**-9, 448),
    # ml_dtypes 0.6.0 rounds every float32 subnormal between 2^-127 and 2^-126 up, 1.2 * 2^-127 too: left out.
    "e8m0": scale(ml_dtypes.float8_e8m0fnu, 2.0**-127, 2.0**127, 2.0**-126),
}

# ---- bitsandbytes -------------------------------------------------------------------------------------------------
import bitsandbytes.functional as bnb

tables = {}
for name, kind in {"nf4": "nf4", "e2m1-b": "fp4", "af4": "af4"}.items():
    code = bnb.get_4bit_type(kind, device="cpu").numpy()
    entry = {"table": [float(v) for v in code]}
    if kind != "af4":  # quantize_4bit has no AF4; only its table is kept by the library
        # Blocks of 64 that begin with 1, so that the block's scale is exactly 1.
        grid = (np.arange(-32768, 32769) / 32768).astype(f32)
        padded = np.concatenate([grid, np.zeros(-grid.size % 63, f32)]).reshape(-1, 63)
        blocks = np.concatenate([np.ones((padded.shape[0], 1), f32), padded], axis=1)
        packed, state = bnb.quantize_4bit(torch.from_numpy(blocks), blocksize=64, quant_type=kind)
        out = bnb.dequantize_4bit(packed, state).numpy()
        entry["grid"] = {"count": int(grid.size), "roundedSha256": sha(out[:, 1:].ravel()[: grid.size] + f32(0))}
        levels = np.unique(code)
        bounds = (torch.from_numpy(levels)[:-1] + torch.from_numpy(levels)[1:]).numpy() / f32(2)
        block = np.concatenate([[f32(1)], bounds, np.zeros(63 - bounds.size, f32)]).astype(f32)
        packed, state = bnb.quantize_4bit(torch.from_numpy(block), blocksize=64, quant_type=kind)
        entry["bounds"] = [float(b) for b in bounds]
        entry["boundsRounded"] = [float(v) for v in bnb.dequantize_4bit(packed, state).numpy().ravel()[1 : 1 + bounds.size] + f32(0)]
        # A packed block of NF4: 0.5 × the code table, so the scale is 0.5 and the codes are those of the table.
        block = torch.from_numpy(np.tile(code * f32(0.5), 4).astype(f32))
        packed, _ = bnb.quantize_4bit(block, blocksize=64, quant_type=kind)
        entry["packed"] = [int(b) for b in packed.numpy().ravel()]
    tables[name] = entry

# ---- compressed-tensors -------------------------------------------------------------------------------------------
from compressed_tensors.compressors.nvfp4.helpers import pack_fp4_to_uint8
from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32

packings = {"int": {}}
for bits in range(2, 9):
    count = 2**bits
    rows = np.stack([(np.arange(37) * 7 + 3 * row) % count - count // 2 for row in range(3)]).astype(np.int8)
    words = pack_to_int32(torch.from_numpy(rows), bits).numpy().astype("<i4")
    packings["int"][bits] = [int(b) for b in words.view(np.uint8).ravel()]
e2m1 = codes_of(ml_dtypes.float4_e2m1fn, 4)
row = np.stack([e2m1, e2m1[::-1]])
packings["e2m1"] = [int(b) for b in pack_fp4_to_uint8(torch.from_numpy(np.ascontiguousarray(row))).numpy().ravel()]

golden = {
    "versions": {name: version(name) for name in ("ml_dtypes", "numpy", "torch", "bitsandbytes", "compressed-tensors")},
    "floats": floats,
    "scales": scales,
    "bitsandbytes": tables,
    "compressedTensors": packings,
}
path = os.path.join(here, "mldtypes.golden.json")
with open(path, "w") as file:
    json.dump(golden, file, separators=(",", ":"))
    file.write("\n")
print(path, os.path.getsize(path), "bytes", file=sys.stderr)
