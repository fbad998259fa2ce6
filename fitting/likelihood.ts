import type { Histogram } from "./histogram.ts";
import { digamma, lgamma, trigamma } from "./special.ts";

/** Parameters of a t: location, log of the scale, log of ν. Logs keep Newton steps inside the domain. */
export type Theta = [location: number, logScale: number, logNu: number];

export interface Likelihood {
  /** Nats per element. */
  value: number;
  /** Per element, in the order of Theta. */
  gradient: [number, number, number];
  /** Second derivatives per element: 00, 01, 02, 11, 12, 22. */
  hessian: [number, number, number, number, number, number];
}

/** Log-likelihood of a t on weighted points with its first two derivatives in closed form. */
export function likelihood(data: Histogram, theta: Theta): Likelihood {
  const [location, logScale, logNu] = theta;
  const nu = Math.exp(logNu);
  const inverse = Math.exp(-logScale);
  const { position, count } = data;
  let sLog = 0;
  let sWz = 0;
  let sWu = 0;
  let h00 = 0;
  let h01 = 0;
  let h02 = 0;
  let h11 = 0;
  let h12 = 0;
  let h22 = 0;
  for (let i = 0; i < position.length; i++) {
    const c = count[i]!;
    const z = (position[i]! - location) * inverse;
    const u = z * z;
    const d = 1 / (nu + u);
    const cd = c * d;
    const cdd = cd * d;
    sLog += c * Math.log(1 + u / nu);
    sWz += cd * z;
    sWu += cd * u;
    h00 += cdd * (u - nu);
    h01 += cdd * z;
    h02 += cdd * z * (u - 1);
    h11 += cdd * u;
    h12 += cdd * u * (u - 1);
    h22 += cd * u;
  }
  const n = data.n;
  sLog /= n;
  sWz *= (nu + 1) / n;
  sWu *= (nu + 1) / n;
  const a = (nu + 1) / 2;
  const b = nu / 2;
  const dNu = 0.5 * (digamma(a) - digamma(b) - 1 / nu - sLog + sWu / nu);
  const ddNu =
    0.5 *
    (0.5 * trigamma(a) -
      0.5 * trigamma(b) +
      1 / (nu * nu) +
      h22 / n / nu +
      h12 / n / nu -
      ((nu + 1) * h22) / n / (nu * nu));
  return {
    value: lgamma(a) - lgamma(b) - 0.5 * Math.log(nu * Math.PI) - logScale - a * sLog,
    gradient: [sWz * inverse, sWu - 1, nu * dNu],
    hessian: [
      ((nu + 1) * h00 * inverse * inverse) / n,
      (-2 * nu * (nu + 1) * h01 * inverse) / n,
      (nu * h02 * inverse) / n,
      (-2 * nu * (nu + 1) * h11) / n,
      (nu * h12) / n,
      nu * nu * ddNu + nu * dNu,
    ],
  };
}

/** Solves the symmetric 3×3 system (00, 01, 02, 11, 12, 22) x = b; null if it is not positive definite. */
export function solve3(m: readonly number[], b: readonly number[]): [number, number, number] | null {
  const [m00, m01, m02, m11, m12, m22] = m as [number, number, number, number, number, number];
  if (!(m00 > 0)) return null;
  const l10 = m01 / m00;
  const l20 = m02 / m00;
  const d1 = m11 - l10 * m01;
  if (!(d1 > 0)) return null;
  const l21 = (m12 - l20 * m01) / d1;
  const d2 = m22 - l20 * m02 - l21 * l21 * d1;
  if (!(d2 > 0)) return null;
  const y0 = b[0]!;
  const y1 = b[1]! - l10 * y0;
  const y2 = b[2]! - l20 * y0 - l21 * y1;
  const x2 = y2 / d2;
  const x1 = y1 / d1 - l21 * x2;
  return [y0 / m00 - l10 * x1 - l20 * x2, x1, x2];
}
