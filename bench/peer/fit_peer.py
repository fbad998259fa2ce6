"""Times scipy.stats.t.fit: the peer of bench/fit.ts. One JSON line per measurement on stdout.

    python fit_peer.py FILE --stepper     FILE: float32, little-endian; prints {"ready": …}, then fits once per line "step"

Starting values are scipy's own; the log-likelihood is the mean over elements in nats.
"""

import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import scipy
from scipy import stats


def main():
    data = np.fromfile(sys.argv[1], dtype="<f4").astype(np.float64)
    print(json.dumps({"ready": True, "scipy": scipy.__version__, "n": int(data.size)}), flush=True)
    for line in sys.stdin:
        if line.strip() != "step":
            break
        start = time.perf_counter()
        nu, location, scale = stats.t.fit(data)
        seconds = time.perf_counter() - start
        log_likelihood = float(np.mean(stats.t.logpdf(data, nu, location, scale)))
        row = {"seconds": seconds, "nu": nu, "location": location, "scale": scale, "logLikelihood": log_likelihood}
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
