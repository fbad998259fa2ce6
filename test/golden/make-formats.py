"""Writes formats.golden.json: quantiles and codebooks by 60-digit arithmetic (mpmath), and the RTN vectors of golden.json.

Usage: python make-formats.py PATH/golden.json   (mpmath 1.3.0; golden.json is made by numpy, see its own script)
The scalar entries of golden.json (W, rtn_*, tie rule, GLM-130B, LLM-FP4) are copied unchanged.
"""
import json, os, sys
from mpmath import betainc, erfinv, mp, mpf, sqrt

mp.dps = 60


def t_quantile(p, nu):
    p, nu = mpf(p), mpf(nu)
    if p == mpf(1) / 2:
        return mpf(0)
    tail = min(p, 1 - p)
    upper = lambda t: betainc(nu / 2, mpf(1) / 2, 0, nu / (nu + t * t), regularized=True) / 2
    low, high = mpf(0), mpf(1)
    while upper(high) > tail:
        high *= 2
    for _ in range(150):
        mid = (low + high) / 2
        if upper(mid) > tail:
            low = mid
        else:
            high = mid
    return low if p > mpf(1) / 2 else -low


def normal_quantile(p):
    return sqrt(mpf(2)) * erfinv(2 * mpf(p) - 1)


def delta(k):
    return (mpf(1) / 2 ** (k + 1) + mpf(1) / (2 ** (k + 1) - 2)) / 2


def linspace(a, b, n):
    return [a + (b - a) * i / (n - 1) for i in range(n)]


def book(bits, quantile, k, zero=True):
    d, half, n = delta(k), mpf(1) / 2, 2 ** bits
    if zero:
        ps = linspace(d, half, n // 2)[:-1] + [half] + linspace(half, 1 - d, n // 2 + 1)[1:]
    else:
        ps = linspace(d, 1 - d, n)
    v = [quantile(p) for p in ps]
    m = max(abs(x) for x in v)
    return [float(x / m) for x in v]


def t(nu):
    return lambda p: t_quantile(p, nu)


out = {
    "normalQuantile": [[p, float(normal_quantile(p))] for p in (1e-30, 1e-20, 1e-6, 0.001, 0.02, 0.2, 0.49, 0.6, 0.9677083, 0.999)],
    "studentQuantile": [
        [p, nu, float(t_quantile(p, nu))]
        for nu in ("0.5", "1", "1.66", "2.5", "5", "17.3", "200", "1000")
        for p in (1e-6, 0.01, 0.03229, 0.2, 0.499, 0.51, 0.75, 0.9677083)
        for nu in (float(nu),)
    ],
    "books": {
        "nf2": book(2, normal_quantile, 2),
        "nf3": book(3, normal_quantile, 3),
        "nf4-d4": book(4, normal_quantile, 4),
        "nf4-nz": book(4, normal_quantile, 4, zero=False),
        "nf5": book(5, normal_quantile, 5),
        "sf3": book(3, t(5), 3),
        "sf3_2.5-d4": book(3, t(2.5), 4),
        "sf3_4-nz": book(3, t(4), 3, zero=False),
        "sf4": book(4, t(5), 4),
        "sf4_3": book(4, t(3), 4),
        "sf4_0.5": book(4, t(0.5), 4),
        "sf4_1000": book(4, t(1000), 4),
        "sf5": book(5, t(5), 5),
        "sf8_7": book(8, t(7), 8),
    },
}
golden = json.load(open(sys.argv[1]))
keys = ["rtn_E2M1_g8", "rtn_NF4_g8", "rtn_SF4_g8", "rtn_NF3_g8", "tie_rule_E2M1", "glm130b_int4_row",
        "llmfp4_E2M1_row", "llmfp4_E3M0_row", "llmfp4_E1M2_row"]
out["rtn"] = {"W": golden["W"], **{k: golden[k] for k in keys}}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "formats.golden.json")
json.dump(out, open(path, "w"), indent=0, separators=(",", ":"))
