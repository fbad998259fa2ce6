"""Golden values of the Student-t fits from scipy.  Run: python make-fit.py > fit.golden.json  (needs scipy; made with 1.17.1)

Data come from a 32-bit LCG and Bailey's polar method, so test/fitting/samples.ts makes the same numbers."""
import json, math
import numpy as np
import scipy
from scipy import optimize, special, stats


def uniforms(seed):
    s = seed
    while True:
        s = (s * 1664525 + 1013904223) % 2**32
        yield (s + 0.5) / 2**32


def t_samples(seed, n, nu, location, scale):
    u, out = uniforms(seed), []
    while len(out) < n:
        a, b = 2 * next(u) - 1, 2 * next(u) - 1
        w = a * a + b * b
        if 0 < w < 1:
            r = -2 * math.log(w) if nu is None else nu * (w ** (-2 / nu) - 1)
            out.append(location + scale * a * math.sqrt(r / w))
    return np.array(out, dtype=np.float32).astype(np.float64)


def fit(x):
    def negative(p):
        return -np.mean(stats.t.logpdf(x, math.exp(p[2]), p[0], math.exp(p[1])))
    start = [np.median(x), math.log(stats.iqr(x) / 1.4), math.log(5)]
    best = optimize.minimize(negative, start, method="Nelder-Mead", options=dict(xatol=1e-11, fatol=1e-15, maxiter=4000, maxfev=8000))
    best = optimize.minimize(negative, best.x, method="Nelder-Mead", options=dict(xatol=1e-11, fatol=1e-15, maxiter=4000, maxfev=8000))
    p = best.x
    h = np.zeros((3, 3))
    step = np.array([1e-3 * math.exp(p[1]), 1e-3, 1e-3])
    for i in range(3):
        for j in range(3):
            e, f = np.eye(3)[i] * step, np.eye(3)[j] * step
            h[i, j] = (negative(p + e + f) - negative(p + e - f) - negative(p - e + f) + negative(p - e - f)) / (4 * step[i] * step[j])
    se = np.sqrt(np.diag(np.linalg.inv(h * len(x))))
    nu, s, mean, sd = math.exp(p[2]), math.exp(p[1]), x.mean(), x.std()
    normal = float(np.mean(stats.norm.logpdf(x, mean, sd)))
    return dict(nu=nu, nuStderr=se[2] * nu, location=p[0], locationStderr=se[0], scale=s, scaleStderr=se[1] * s,
                logLikelihood=-best.fun, logLikelihoodNormal=normal,
                ksT=stats.kstest(x, stats.t(nu, p[0], s).cdf).statistic, ksNormal=stats.kstest(x, stats.norm(mean, sd).cdf).statistic,
                skewness=stats.skew(x), excessKurtosis=stats.kurtosis(x))


cases = [(1, 20000, 3, 0.001, 0.02), (2, 20000, 5, -0.4, 1.5), (3, 20000, 10, 0, 1), (4, 500, 5, 0, 1), (5, 12000, 1.5, 7, 0.25), (6, 20000, None, 0.01, 0.02), (7, 60000, 4, 0, 0.03)]
out = dict(source=f"scipy {scipy.__version__}, make-fit.py", fits=[], special={})
for seed, n, nu, location, scale in cases:
    out["fits"].append(dict(seed=seed, n=n, trueNu=nu, trueLocation=location, trueScale=scale, **fit(t_samples(seed, n, nu, location, scale))))
x = [1e-3, 0.1, 0.5, 1, 1.5, 2, 2.5, 7.25, 11.9, 12.1, 100, 5000.5]
out["special"] = dict(
    x=x, lgamma=list(special.gammaln(x)), digamma=list(special.digamma(x)), trigamma=list(special.polygamma(1, x)),
    z=[-12, -5, -3.01, -2.99, -1, -1e-3, 0, 0.7, 2, 4, 8], normalCdf=list(special.ndtr([-12, -5, -3.01, -2.99, -1, -1e-3, 0, 0.7, 2, 4, 8])),
    t=[[nu, t, float(stats.t.cdf(t, nu)), float(stats.t.logpdf(t, nu))] for nu in (0.5, 1, 3, 5, 30, 400) for t in (-40, -3, -1.2, -0.01, 0, 0.4, 2, 9)])
print(json.dumps(out, default=float, indent=1))
