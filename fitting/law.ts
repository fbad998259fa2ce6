import { UserError } from "../formats/error.ts";
import { NU_MIN } from "./maximize.ts";
import { normalCdf, studentTCdf, studentTLogPdf } from "./special.ts";
import type { TFit } from "./tfit.ts";

/** A distribution symmetric around zero, in units of its own scale. All functions take x ≥ 0. */
export interface Law {
  /** Density of the non-zero elements at ±x. */
  density(x: number): number;
  /** P(X > x) among the non-zero elements. */
  tail(x: number): number;
  /** ∫ u^k density(u) du from 0 to x for k = 0, 1, 2, written to `out`. */
  moments(x: number, out: Float64Array): void;
  /** E[X²] of the non-zero elements; infinite for a t with ν ≤ 2. */
  readonly secondMoment: number;
  /** No element is beyond. */
  readonly end: number;
  /** Share of elements that are exactly zero. */
  readonly zeros: number;
}

/** What a law can be made of: degrees of freedom (null: the normal), or a fit. */
export type LawSource = { readonly nu: number | null } | TFit;

const peak = 1 / Math.sqrt(2 * Math.PI);

/** The standard normal. */
export function normalLaw(): Law {
  const density = (x: number) => peak * Math.exp(-0.5 * x * x);
  return {
    density,
    tail: (x) => normalCdf(-x),
    moments(x, out) {
      const f = density(x);
      out[0] = 0.5 - normalCdf(-x);
      out[1] = peak - f;
      out[2] = out[0] - (f === 0 ? 0 : x * f);
    },
    secondMoment: 1,
    end: Number.POSITIVE_INFINITY,
    zeros: 0,
  };
}

/**
 * Student's t with `nu` ≥ 0.5 degrees of freedom. Partial moments by parts: ∫ u f = −(ν + x²) f/(ν−1) and
 * ∫ u² f = (ν F − x (ν + x²) f)/(ν−2). Throws UserError for other `nu`.
 */
export function studentLaw(nu: number): Law {
  if (!(nu >= NU_MIN && nu < Number.POSITIVE_INFINITY)) {
    throw new UserError(`nu=${nu} degrees of freedom; expected a number of at least ${NU_MIN}, or null for the normal`);
  }
  // At ν = 1 and 2 the formulas are 0/0; a shift by 1e-5 changes the law by less than that.
  const n = Math.abs(nu - 1) < 1e-5 ? 1 + 1e-5 : Math.abs(nu - 2) < 1e-5 ? 2 + 1e-5 : nu;
  const logDensity = studentTLogPdf(n);
  const cdf = studentTCdf(n);
  const density = (x: number) => Math.exp(logDensity(x));
  const top = density(0);
  return {
    density,
    tail: (x) => cdf(-x),
    moments(x, out) {
      const f = density(x);
      const reach = f === 0 ? 0 : (n + x * x) * f;
      out[0] = cdf(x) - 0.5;
      out[1] = (n * top - reach) / (n - 1);
      out[2] = (n * out[0] - (reach === 0 ? 0 : x * reach)) / (n - 2);
    },
    secondMoment: nu > 2 ? nu / (nu - 2) : Number.POSITIVE_INFINITY,
    end: Number.POSITIVE_INFINITY,
    zeros: 0,
  };
}

/** The law given |X| ≤ end. */
export function truncated(law: Law, end: number): Law {
  const outside = law.tail(end);
  const inverse = 1 / (1 - 2 * outside);
  const at = new Float64Array(3);
  law.moments(end, at);
  return {
    density: (x) => (x > end ? 0 : law.density(x) * inverse),
    tail: (x) => (x >= end ? 0 : (law.tail(x) - outside) * inverse),
    moments(x, out) {
      law.moments(Math.min(x, end), out);
      for (let k = 0; k < 3; k++) out[k] = out[k]! * inverse;
    },
    secondMoment: 2 * at[2]! * inverse,
    end,
    zeros: law.zeros,
  };
}

/** Beyond this no float32 tensor has values, in units of its scale. */
const END_MAX = 1e12;

/**
 * The law truncated where its second moment is `secondMoment` (in squared scales); the law itself where that is not
 * below its own. A tensor is finite: where ν ≤ 4 its second moment lies well below that of the t, which may be infinite.
 */
export function truncatedToMoment(law: Law, secondMoment: number): Law {
  if (!(secondMoment < law.secondMoment)) return law;
  let low = Math.log(1e-3);
  let high = Math.log(END_MAX);
  for (let i = 0; i < 60; i++) {
    const middle = 0.5 * (low + high);
    if (truncated(law, Math.exp(middle)).secondMoment < secondMoment) low = middle;
    else high = middle;
  }
  return truncated(law, Math.exp(high));
}

/**
 * The normal truncated where its excess kurtosis is `excess` (−1.2 … 0), with unit second moment. Many attention matrices
 * have tails lighter than the normal's; by truncation they keep a density in closed form.
 */
export function lightTailed(excess: number): Law {
  const normal = normalLaw();
  const momentsAt = (end: number) => {
    const edge = (2 * end * normal.density(end)) / (1 - 2 * normal.tail(end));
    const second = 1 - edge;
    return { second, excess: (3 * second - end * end * edge) / (second * second) - 3 };
  };
  // Below, the flat top leaves no digits; it is the uniform distribution.
  let low = 0.05;
  let high = 12;
  for (let i = 0; i < 60; i++) {
    const middle = 0.5 * (low + high);
    if (momentsAt(middle).excess < excess) low = middle;
    else high = middle;
  }
  const unit = Math.sqrt(momentsAt(high).second);
  const law = truncated(normal, high);
  return {
    density: (x) => unit * law.density(unit * x),
    tail: (x) => law.tail(unit * x),
    moments(x, out) {
      law.moments(unit * x, out);
      out[1] = out[1]! / unit;
      out[2] = out[2]! / (unit * unit);
    },
    secondMoment: 1,
    end: high / unit,
    zeros: 0,
  };
}

/**
 * The law of a fit, or of degrees of freedom: its shape only, location and scale left out. A fit's t is truncated to the
 * tensor's own second moment, its normal to the tensor's own kurtosis if tails are lighter; exact zeros stay. Throws UserError where the fit has no density.
 */
export function lawOf(source: LawSource): Law {
  if (!("verdict" in source)) return source.nu === null ? normalLaw() : studentLaw(source.nu);
  const { nu, scale, standardDeviation, verdict, message, zeroFraction } = source;
  if (scale === null) throw new UserError(`no density to predict from: ${verdict} (${message})`);
  const law =
    nu === null ? normalOrLighter(source) : truncatedToMoment(studentLaw(nu), (standardDeviation / scale) ** 2);
  return verdict === "sparse" ? { ...law, zeros: zeroFraction } : law;
}

function normalOrLighter({ excessKurtosis, fitted }: TFit): Law {
  const light = excessKurtosis !== null && excessKurtosis < -Math.sqrt(24 / fitted);
  return light ? lightTailed(excessKurtosis) : normalLaw();
}
