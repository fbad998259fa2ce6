import { UserError } from "./error.ts";

/**
 * Quantile of the standard normal distribution, 0 < p < 1, to about 1e-15 relative.
 * Rational approximations of Wichura, algorithm AS 241 (PPND16), Applied Statistics 37 (1988).
 */
export function normalQuantile(p: number): number {
  checkProbability(p);
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * ratio(CENTRE, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const x = r <= 5 ? ratio(MIDDLE, r - 1.6) : ratio(TAIL, r - 5);
  return q < 0 ? -x : x;
}

/**
 * Quantile of Student's t with `nu` degrees of freedom (nu > 0, need not be an integer), 0 < p < 1, to about 1e-14
 * relative: Newton steps on the tail probability inside a bracket.
 */
export function studentQuantile(p: number, nu: number): number {
  checkProbability(p);
  if (p === 0.5) return 0;
  const upper = p > 0.5;
  const tail = upper ? 1 - p : p;
  const area = Math.abs(p - 0.5);
  let low = 0;
  let high = 1;
  while (studentTail(high, nu) > tail) {
    low = high;
    high *= 2;
    if (high > 1e150) throw new UserError(`t quantile of ${p} at nu=${nu} is beyond 1e150`);
  }
  let t = (low + high) / 2;
  for (let step = 0; step < 200; step++) {
    // Near the centre 1/2 − tail loses digits, so the area between 0 and t is compared instead.
    const excess = area < 0.25 ? area - studentArea(t, nu) : studentTail(t, nu) - tail;
    if (excess > 0) low = t;
    else high = t;
    const next = t + excess / studentDensity(t, nu);
    const moved = next > low && next < high ? next : (low + high) / 2;
    if (Math.abs(moved - t) <= 2e-16 * moved) break;
    t = moved;
  }
  return upper ? t : -t;
}

/** P(T > t) for t ≥ 0 and `nu` degrees of freedom. */
export function studentTail(t: number, nu: number): number {
  checkDegrees(nu);
  const square = t * t;
  return 0.5 * betaRegularized(nu / (nu + square), square / (nu + square), nu / 2, 0.5);
}

/** Density of Student's t. */
export function studentDensity(t: number, nu: number): number {
  checkDegrees(nu);
  return (gammaRatio(nu / 2) / Math.sqrt(Math.PI * nu)) * Math.exp(-((nu + 1) / 2) * Math.log1p((t * t) / nu));
}

/** P(0 < T < t). */
function studentArea(t: number, nu: number): number {
  const square = t * t;
  return 0.5 * betaRegularized(square / (nu + square), nu / (nu + square), 0.5, nu / 2);
}

/**
 * Regularized incomplete beta function I_x(a, b), one of a, b being 1/2, with y = 1 − x given exactly: continued
 * fraction (Abramowitz & Stegun 26.5.8), evaluated by Lentz's method.
 */
function betaRegularized(x: number, y: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaRegularized(y, x, b, a);
  const TINY = 1e-300;
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1), TINY);
  let sum = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d, TINY);
    c = nonZero(1 + even / c, TINY);
    sum *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d, TINY);
    c = nonZero(1 + odd / c, TINY);
    const factor = d * c;
    sum *= factor;
    if (Math.abs(factor - 1) < 1e-16) break;
  }
  const logX = x < 0.5 ? Math.log(x) : Math.log1p(-y);
  const logY = y < 0.5 ? Math.log(y) : Math.log1p(-x);
  const inverseBeta = gammaRatio(a === 0.5 ? b : a) / Math.sqrt(Math.PI);
  return (Math.exp(a * logX + b * logY) * inverseBeta * sum) / a;
}

/** Γ(z + 1/2)/Γ(z), z > 0: recurrence up to z ≥ 16, then the asymptotic series of its logarithm. */
function gammaRatio(z: number): number {
  let factor = 1;
  let x = z;
  while (x < 16) {
    factor *= x / (x + 0.5);
    x += 1;
  }
  const r = 1 / (x * x);
  const series =
    (-1 / 8 + r * (1 / 192 + r * (-1 / 640 + r * (17 / 14336 + r * (-31 / 18432 + (r * 691) / 180224))))) / x;
  return factor * Math.sqrt(x) * Math.exp(series);
}

function nonZero(x: number, tiny: number): number {
  return Math.abs(x) < tiny ? tiny : x;
}

function checkProbability(p: number): void {
  if (!(p > 0 && p < 1)) throw new UserError(`quantile of probability ${p}; expected a number between 0 and 1`);
}

function checkDegrees(nu: number): void {
  if (!(nu > 0) || nu === Number.POSITIVE_INFINITY) {
    throw new UserError(`nu=${nu} degrees of freedom; expected a positive finite number`);
  }
}

interface Rational {
  /** Coefficients of numerator and denominator, constant first. */
  over: readonly number[];
  under: readonly number[];
}

function ratio({ over, under }: Rational, r: number): number {
  return polynomial(over, r) / polynomial(under, r);
}

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
}

const CENTRE: Rational = {
  over: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
    33430.57558358813, 2509.0809287301227,
  ],
  under: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852854,
  ],
};
const MIDDLE: Rational = {
  over: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  under: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-9,
  ],
};
const TAIL: Rational = {
  over: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
    0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
  ],
  under: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 0.000018463183175100548,
    1.421511758316446e-7, 2.0442631033899397e-15,
  ],
};
