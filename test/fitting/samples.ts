/** The generator of test/golden/make-fit.py: a 32-bit LCG and Bailey's polar method; nu = null is the normal. */
export function tSamples(seed: number, n: number, nu: number | null, location: number, scale: number): Float32Array {
  const uniform = uniforms(seed);
  const out = new Float32Array(n);
  for (let i = 0; i < n; ) {
    const a = 2 * uniform() - 1;
    const b = 2 * uniform() - 1;
    const w = a * a + b * b;
    if (w === 0 || w >= 1) continue;
    const r = nu === null ? -2 * Math.log(w) : nu * (w ** (-2 / nu) - 1);
    out[i++] = location + scale * a * Math.sqrt(r / w);
  }
  return out;
}

export function uniforms(seed: number): () => number {
  let s = seed >>> 0;
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return (s + 0.5) / 4294967296;
  };
}
