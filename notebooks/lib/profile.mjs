/** The JSON of `bitfrontier fit MODEL --json`, a list of { tensor, layer, kind, shape, fit }, as the notebooks draw it; null where it is not that. */
export function fitsOf(bytes) {
  if (!bytes) return null;
  const list = JSON.parse(new TextDecoder().decode(bytes));
  if (!Array.isArray(list) || !list.every((entry) => typeof entry.tensor === "string" && entry.fit)) return null;
  return list.map(({ tensor, layer, kind, shape, fit }) => ({
    name: tensor,
    layer,
    kind,
    shape,
    nu: fit.nu,
    nuSigma: fit.nuStderr,
    verdict: fit.verdict,
    gain: fit.gain ?? 0,
    location: fit.location,
    scale: fit.scale,
    mean: fit.mean,
    deviation: fit.standardDeviation,
    ksT: fit.ksT,
    ksNormal: fit.ksNormal,
  }));
}

/** Median ν and KS-Δ of each kind of tensor, for a table of the reports. */
export function byKind(fits) {
  const kinds = [...new Set(fits.map((fit) => fit.kind))];
  const number = (value, digits) => ({ text: value === null ? "–" : value.toFixed(digits), value });
  return {
    caption: "Each kind of tensor: medians over layers",
    columns: [
      { name: "kind", numeric: false },
      { name: "tensors", numeric: true },
      { name: "Gaussian or no fit", numeric: true },
      { name: "ν", numeric: true },
      { name: "KS normal", numeric: true },
      { name: "KS t", numeric: true },
    ],
    rows: kinds.map((kind) => {
      const own = fits.filter((fit) => fit.kind === kind);
      return [
        { text: kind, value: kind },
        number(own.length, 0),
        number(own.filter((fit) => fit.nu === null).length, 0),
        number(median(own.map((fit) => fit.nu)), 2),
        number(median(own.map((fit) => fit.ksNormal)), 4),
        number(median(own.map((fit) => fit.ksT)), 4),
      ];
    }),
  };
}

function median(values) {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return known.length === 0 ? null : known[Math.floor((known.length - 1) / 2)];
}
