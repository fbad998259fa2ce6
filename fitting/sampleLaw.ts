import type { Law } from "./law.ts";

/** Nodes of the inverse distribution, evenly spaced in asinh x. */
const NODES = 4096;
/** Tails below this are not drawn. */
const TAIL_MIN = 1e-12;
/** Arbitrary; equal questions get equal answers. */
const SEED = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef] as const;

/**
 * `n` independent elements of a law, the same for the same arguments. Magnitudes are stratified (one in each
 * n-th of the distribution), then shuffled.
 */
export function sampleLaw(law: Law, n: number): Float32Array<ArrayBuffer> {
  const uniform = generator();
  const quantile = tailQuantile(law);
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const magnitude = quantile((0.5 * (i + uniform())) / n);
    const zero = law.zeros > 0 && uniform() < law.zeros;
    out[i] = zero ? 0 : uniform() < 0.5 ? -magnitude : magnitude;
  }
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    const x = out[i]!;
    out[i] = out[j]!;
    out[j] = x;
  }
  return out;
}

/** The magnitude whose tail is `p` (0 < p ≤ 1/2), linear in log p between nodes. */
function tailQuantile(law: Law): (p: number) => number {
  let reach = 1;
  while (reach < law.end && law.tail(reach) > TAIL_MIN) reach *= 1.2;
  const top = Math.asinh(Math.min(reach, law.end));
  const place = Float64Array.from({ length: NODES }, (_, k) => Math.sinh((top * k) / (NODES - 1)));
  const logTail = place.map((x) => Math.log(Math.max(law.tail(x), TAIL_MIN / 100)));
  return (p) => {
    const target = Math.log(p);
    let low = 0;
    let high = NODES - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (logTail[middle]! > target) low = middle;
      else high = middle;
    }
    const share = (target - logTail[low]!) / (logTail[high]! - logTail[low]!);
    return place[low]! + Math.min(1, Math.max(0, share)) * (place[high]! - place[low]!);
  };
}

/** sfc32 (Doty-Humphrey, PractRand): uniform in (0, 1), 32 bits. */
function generator(): () => number {
  let [a, b, c, d]: [number, number, number, number] = [...SEED];
  const next = () => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let i = 0; i < 16; i++) next();
  return () => (next() + 0.5) / 4294967296;
}
