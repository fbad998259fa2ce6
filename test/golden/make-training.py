"""Losses, gradients of losses and gradients through quantizers by torch's autograd, float64; writes training.golden.json.

python make-training.py [golden.json]   with torch 2.15. The file, where given, is an independent numpy computation of the
same losses on the same logits: the two are compared.
"""
import json, math, sys
from pathlib import Path
import torch

torch.set_default_dtype(torch.float64)
F = torch.nn.functional
B, T, V = 2, 4, 5
zt = torch.tensor([[[math.sin(b + 2 * t + 3 * v) * 2 for v in range(V)] for t in range(T)] for b in range(B)])
zs = torch.tensor([[[math.cos(b + t + v * 1.3) * 1.5 for v in range(V)] for t in range(T)] for b in range(B)])
labels = torch.tensor([[(3 * b + 2 * t + 1) % V for t in range(T)] for b in range(B)])
flat = lambda x: [float(f"{v:.12g}") for v in x.detach().reshape(-1)]
out = {"B": B, "T": T, "V": V, "teacher": flat(zt), "student": flat(zs), "labels": labels.reshape(-1).tolist(), "losses": {}}

lt = F.log_softmax(zt, -1)
pt = lt.exp()
difficulty = torch.softmax(F.nll_loss(lt.reshape(-1, V), labels.reshape(-1), reduction="none").reshape(B, T) / 10, -1)
GAMMA = 0.3
per_token = {
    "ce": lambda ls: F.nll_loss(ls.reshape(-1, V), labels.reshape(-1), reduction="none").reshape(B, T),
    "logit-kd": lambda ls: -(pt * ls).sum(-1),
    "tsld": lambda ls: -(pt * ls).sum(-1),
    "forward-kl": lambda ls: (pt * (lt - ls)).sum(-1),
    "reverse-kl": lambda ls: (ls.exp() * (ls - lt)).sum(-1),
    "cakld": lambda ls: GAMMA * (ls.exp() * (ls - lt)).sum(-1) + (1 - GAMMA) * (pt * (lt - ls)).sum(-1),
}
for name, loss in per_token.items():
    z = zs.clone().requires_grad_()
    each = loss(F.log_softmax(z, -1))
    value = (difficulty * each).sum() / B if name == "tsld" else each.mean()
    value.backward()
    out["losses"][name] = {"value": value.item(), "gradient": flat(z.grad)}
out["gamma"] = GAMMA

if len(sys.argv) > 1:
    golden = json.loads(Path(sys.argv[1]).read_text())
    ls, ce = F.log_softmax(zs, -1), -(pt * F.log_softmax(zs, -1)).sum(-1)
    # The numpy file shifts by one: position t is judged by label t + 1.
    tce = -lt[:, :-1].gather(-1, labels[:, 1:, None])[..., 0]
    w = torch.softmax(tce / 10, -1)
    checks = {
        "kd_logit_mean": ce[:, :-1].mean(),
        "kd_tsld_sum": (w * ce[:, :-1]).sum(),
        "llmqat_kl_batchmean": (pt * (lt - ls)).sum() / B,
    }
    for name, value in checks.items():
        assert abs(golden[name] - float(value)) < 1e-8, name
    out["numpy"] = {name: golden[name] for name in (*checks, "kd_tsld_weights", "cakld", "lsq", "spsa")}

# Gradients through quantizers. Rounding passes gradients; what follows from max and min is differentiated.
rows, cols, group = 3, 16, 8
W = torch.tensor([[math.sin(1.7 * i * i + 0.9 * j * (i + 1)) * (0.05 + 0.02 * i) + (0.31 if (j * 7 + i * 3) % 16 == 5 else 0) * (1 if i % 2 else -1) for j in range(cols)] for i in range(rows)])
G = torch.tensor([[math.cos(0.7 * i + 1.1 * j) for j in range(cols)] for i in range(rows)])
out |= {"rows": rows, "cols": cols, "group": group, "W": flat(W), "G": flat(G), "through": {}, "learned": {}}


class Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, to):
        return to(x)

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


class Clamp(torch.autograd.Function):
    """Gradients pass at the bounds themselves, as in torch when BitDistiller was written (2.0); torch 2.15 stops them there."""

    @staticmethod
    def forward(ctx, x, low, high):
        ctx.save_for_backward((x >= low) & (x <= high))
        return x.clamp(low, high)

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.saved_tensors[0], None, None


away = lambda x: torch.sign(x) * torch.floor(x.abs() + 0.5)


def near(levels):
    levels = torch.tensor(levels)
    return lambda x: levels[torch.searchsorted((levels[1:] + levels[:-1]) / 2, x.contiguous(), right=True)]


NF3 = [-1, -0.5350227355957031, -0.2469314038753510, 0, 0.1833375245332718, 0.3819939494132996, 0.6229856610298157, 1]


def asymmetric(w, bits):
    top, bottom, n = w.amax(1, keepdim=True), w.amin(1, keepdim=True), 2**bits - 1
    s = (top - bottom).clamp(min=1e-5) / n
    z = (-torch.round(bottom / s)).clamp(0, n)
    return (Clamp.apply(Round.apply(w / s, away) + z, 0, n) - z) * s


def two_sided(w):
    up, down = w.amax(1, keepdim=True).abs(), w.amin(1, keepdim=True).abs()
    zero = torch.zeros_like(w)
    above, below = torch.where(w >= 0, w, zero) / up, torch.where(w < 0, w, zero) / down
    return Round.apply(above, near(NF3)) * up + Round.apply(below, near(NF3)) * down


def absmax(w, levels):
    s = w.abs().amax(1, keepdim=True) / levels[-1]
    return Round.apply(w / s, near(levels)) * s


for name, quantizer in {
    "bitdistiller-int2": lambda w: asymmetric(w, 2),
    "bitdistiller-int3": lambda w: asymmetric(w, 3),
    "n2f3": two_sided,
    "nf3": lambda w: absmax(w, NF3),
}.items():
    w = W.clone().requires_grad_()
    q = quantizer(w.reshape(-1, group)).reshape(rows, cols)
    (q * G).sum().backward()
    out["through"][name] = {"q": flat(q), "gradient": flat(w.grad)}


class Elastic(torch.autograd.Function):
    """LSQ: in reach round(x) − x, beyond it the end; `reach` None is that of the levels (LSQ, ParetoQ), else SEQ's 0.99."""

    @staticmethod
    def forward(ctx, w, s, levels, reach, scale):
        ratio = w / s
        low, high = (levels[0], levels[-1]) if reach is None else (-reach, reach)
        q = near(levels)(ratio)
        ctx.save_for_backward(ratio, q)
        ctx.rest = low, high, scale, len(levels)
        return q * s

    @staticmethod
    def backward(ctx, gradient):
        ratio, q = ctx.saved_tensors
        low, high, scale, count = ctx.rest
        within = ((ratio >= low) & (ratio <= high)).double()
        slope = q - within * ratio if count > 2 else q
        return gradient * within, (gradient * slope * scale).sum(1, keepdim=True), None, None, None


for name, (levels, reach, shrink) in {
    "int3@row": ([-3.0, -2, -1, 0, 1, 2, 3], None, 0.6),
    "paretoq2": ([-0.75, -0.25, 0.25, 0.75], 0.99, 0.7),
    "paretoq1.58": ([-2 / 3, 0, 2 / 3], 0.99, 0.7),
    "btt-binary": ([-1.0, 1.0], None, 1.0),
}.items():
    w = W.clone().requires_grad_()
    # In half precision, as the formats store scales.
    s = (shrink * W.abs().amax(1, keepdim=True) / levels[-1]).half().double().requires_grad_()
    scale = 1 / math.sqrt(W.numel() * (levels[-1] if reach is None else 1))
    q = Elastic.apply(w, s, levels, reach, scale)
    (q * G).sum().backward()
    out["learned"][name] = {"scale": flat(s), "q": flat(q), "gradient": flat(w.grad), "dScale": flat(s.grad)}

# LSQ+ (L4Q): a learned offset too, w ≈ s·round((w − b)/s) + b. The gradients of s and b are divided as that of LSQ.
out["offset"] = {}
levels, shrink = [-3.0, -2, -1, 0, 1, 2, 3], 1 / math.sqrt(W.numel() * 3)
w = W.clone().requires_grad_()
s = (0.5 * W.abs().amax(1, keepdim=True) / 3).half().double().requires_grad_()
b = torch.tensor([[0.03125], [-0.015625], [0.0078125]]).requires_grad_()
slow = lambda x: x * shrink + (x * (1 - shrink)).detach()
inner = ((W - b.detach()) / s.detach())
within = (inner >= -3) & (inner <= 3)
level = torch.where(within, Round.apply((w - slow(b)) / slow(s), near(levels)), near(levels)(inner))
q = level * slow(s) + slow(b)
(q * G).sum().backward()
out["offset"] = {"scale": flat(s), "offset": flat(b), "q": flat(q), "gradient": flat(w.grad), "dScale": flat(s.grad), "dOffset": flat(b.grad)}

# Elastic activations (BTT): one range for all tokens. Unsigned levels count from the lowest.
out["elastic"] = {}
X = torch.tensor([[math.sin(0.9 * i + 1.3 * j) * (3 if (i + j) % 7 == 0 else 1) for j in range(6)] for i in range(5)])
gX = torch.tensor([[math.cos(0.4 * i + 0.8 * j) for j in range(6)] for i in range(5)])
out |= {"X": flat(X), "gX": flat(gX)}
for name, (levels, unsigned, start) in {
    "int3": ([-3.0, -2, -1, 0, 1, 2, 3], False, 0.45),
    "int3 unsigned": ([-3.0, -2, -1, 0, 1, 2, 3], True, 0.3),
    "ternary unsigned": ([-1.0, 0, 1], True, 0.7),
    "binary": ([-1.0, 1], False, 0.8),
}.items():
    x = (X.relu() if unsigned else X).clone().requires_grad_()
    s = torch.tensor(start).requires_grad_()
    shifted = [v - levels[0] for v in levels] if unsigned else levels
    scale = 1 / math.sqrt(x.numel() * shifted[-1])
    ratio = x.detach() / start
    within = ((ratio >= shifted[0]) & (ratio <= shifted[-1])).double()
    # round(x/s) is a constant plus x/s where gradients pass; the scale's gradient is shrunk, its value is not.
    shrunk = s * scale + (s * (1 - scale)).detach()
    level = near(shifted)(ratio)
    if len(levels) > 2:
        inner = x / shrunk + (level - ratio)
        q = torch.where(within.bool(), inner, level) * shrunk
    else:
        # The sign depends on neither; the weight of it passes within reach.
        q = level * shrunk + within * (x - x.detach())
    (q * gX).sum().backward()
    out["elastic"][name] = {"levels": levels, "unsigned": unsigned, "scale": start, "q": flat(q), "dX": flat(x.grad), "dScale": s.grad.item()}

# Layer losses, as TSLD's code has them: means of squared differences, scores on the causal half, the mean counting all.
shape = (2, 2, 3, 3)
theirs = torch.tensor([math.sin(1.1 * i) for i in range(36)]).reshape(shape)
own = torch.tensor([math.cos(0.7 * i) for i in range(36)]).reshape(shape).requires_grad_()
hidden = F.mse_loss(own, theirs)
half = torch.tril(torch.ones(3, 3))
scores = F.mse_loss(own * half, theirs * half)
out["layers"] = {"shape": shape, "teacher": flat(theirs), "student": flat(own)}
for name, loss in {"hidden": hidden, "scores": scores}.items():
    (gradient,) = torch.autograd.grad(loss, own)
    out["layers"][name] = {"value": loss.item(), "gradient": flat(gradient)}

path = Path(__file__).with_name("training.golden.json")
path.write_text(json.dumps(out) + "\n")
