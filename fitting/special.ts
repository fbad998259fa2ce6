/** Special functions of the fits, accurate to about 1e-14: gamma family by recurrence and Stirling's series (DLMF 5.11). */

const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);
/** Above this argument eight Stirling terms are exact to double precision. */
const ASYMPTOTIC_FROM = 12;

/** log Γ(x) for x > 0. */
export function lgamma(x: number): number {
  let shift = 1;
  let y = x;
  while (y < ASYMPTOTIC_FROM) {
    shift *= y;
    y += 1;
  }
  const r = 1 / (y * y);
  const series =
    (1 / 12 -
      r *
        (1 / 360 -
          r *
            (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - r * (691 / 360360 - r * (1 / 156 - (r * 3617) / 122400))))))) /
    y;
  return (y - 0.5) * Math.log(y) - y + HALF_LOG_2PI + series - Math.log(shift);
}

/** ψ(x), the derivative of log Γ, for x > 0. */
export function digamma(x: number): number {
  let shift = 0;
  let y = x;
  while (y < ASYMPTOTIC_FROM) {
    shift += 1 / y;
    y += 1;
  }
  const r = 1 / (y * y);
  const series =
    r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132 - r * (691 / 32760 - r * (1 / 12)))))));
  return Math.log(y) - 0.5 / y - series - shift;
}

/** ψ′(x) for x > 0. */
export function trigamma(x: number): number {
  let shift = 0;
  let y = x;
  while (y < ASYMPTOTIC_FROM) {
    shift += 1 / (y * y);
    y += 1;
  }
  const r = 1 / (y * y);
  const series =
    (r / y) * (1 / 6 - r * (1 / 30 - r * (1 / 42 - r * (1 / 30 - r * (5 / 66 - r * (691 / 2730 - r * (7 / 6)))))));
  return 1 / y + r / 2 + series + shift;
}

/** P(Z ≤ x) of the standard normal: power series in the body, Laplace's continued fraction in the tails. */
export function normalCdf(x: number): number {
  const a = Math.abs(x);
  if (a > 38) return x < 0 ? 0 : 1;
  const density = Math.exp(-0.5 * a * a - HALF_LOG_2PI);
  let upper: number;
  if (a < 3) {
    let term = a;
    let sum = a;
    for (let k = 3; term > 1e-17 * sum; k += 2) {
      term *= (a * a) / k;
      sum += term;
    }
    upper = 0.5 - density * sum;
  } else {
    let fraction = a;
    for (let k = 60; k >= 1; k--) fraction = a + k / fraction;
    upper = density / fraction;
  }
  return x < 0 ? upper : 1 - upper;
}

/** Continued fraction of the incomplete beta function by Lentz's method (Numerical Recipes §6.4). */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1), tiny);
  let h = d;
  for (let m = 1; m <= 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d, tiny);
    c = nonZero(1 + even / c, tiny);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d, tiny);
    c = nonZero(1 + odd / c, tiny);
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return h;
}

function nonZero(x: number, tiny: number): number {
  return Math.abs(x) < tiny ? tiny : x;
}

/** log of the density of the standard t with `nu` degrees of freedom. */
export function studentTLogPdf(nu: number): (t: number) => number {
  const constant = lgamma((nu + 1) / 2) - lgamma(nu / 2) - 0.5 * Math.log(nu * Math.PI);
  return (t) => constant - ((nu + 1) / 2) * Math.log1p((t * t) / nu);
}

/** P(T ≤ t) of the standard t with `nu` degrees of freedom; constants of `nu` are computed once. */
export function studentTCdf(nu: number): (t: number) => number {
  const a = nu / 2;
  const logBeta = lgamma(a) + lgamma(0.5) - lgamma(a + 0.5);
  return (t) => {
    const square = t * t;
    if (!(square < Number.POSITIVE_INFINITY)) return t < 0 ? 0 : 1;
    const x = nu / (nu + square);
    const front = Math.exp(-a * Math.log1p(square / nu) + 0.5 * Math.log(square / (nu + square)) - logBeta);
    // The fraction converges fast on the side of its mean; the other side uses I_x(a,b) = 1 − I_{1−x}(b,a).
    if (x < (a + 1) / (a + 2.5)) {
      const upper = (0.5 * front * betaFraction(x, a, 0.5)) / a;
      return t < 0 ? upper : 1 - upper;
    }
    const body = square === 0 ? 0 : 0.5 * front * betaFraction(square / (nu + square), 0.5, a) * 2;
    return t < 0 ? 0.5 - body : 0.5 + body;
  };
}
