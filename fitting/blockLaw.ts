import { gauss8 } from "./gauss.ts";
import type { Law } from "./law.ts";

/**
 * A way in which one element fixes the scale t of its block: `rate(t)` is that element's density in t, `at` its place in
 * units of the scale; all other elements then lie within [−low t, high t]. A negative `sign` takes cases away.
 */
export interface ScaleCase {
  rate(t: number): number;
  at: number;
  low: number;
  high: number;
  sign: 1 | -1;
}

/** Elements other than the one that fixes the scale: `weight` × density(x) dx for x within [−low, high] × scale. */
export interface BlockNode {
  scale: number;
  low: number;
  high: number;
  weight: number;
}

/** What the elements of a block look like in units of its scale: quadrature nodes over the scale, and point masses. */
export interface BlockLaw {
  law: Law;
  nodes: BlockNode[];
  /** Expected scale² × number of elements exactly at `at` scales. */
  atoms: { at: number; weight: number }[];
  /** Expected Σ x² of a block. */
  energy: number;
}

/** Panels of the quadrature: in asinh of log t around its median, in units of its quartile range. */
const PANEL_FROM = -8;
const PANEL_TO = 13;
const PANEL_STEP = 0.5;
/** Beyond e^±240 densities of heavy tails leave the range of doubles. */
const LOG_MAX = 240;

/**
 * The block law of `size` independent elements whose scale is fixed as `cases` say (order statistics: David & Nagaraja
 * 2003, §2.2): density of the scale I rate(t) P(t)^(I−1), P(t) being the share within the case's region.
 */
export function blockLaw(law: Law, size: number, cases: readonly ScaleCase[]): BlockLaw {
  const { zeros } = law;
  const outside = (c: ScaleCase, t: number) => (1 - zeros) * (law.tail(c.low * t) + law.tail(c.high * t));
  const quantile = scaleQuantile(size, zeros, (t) => outside(cases[0]!, t));
  const middle = Math.log(quantile(0.5));
  const width = Math.max(1e-6, (Math.log(quantile(0.75)) - Math.log(quantile(0.25))) / 1.35);
  const ends = cases.flatMap((c) => [Math.log(law.end / c.low), Math.log(law.end / c.high)]).filter(Number.isFinite);
  const last = Math.min(LOG_MAX, ...(ends.length > 0 ? [Math.max(...ends)] : []));
  const cuts: number[] = ends.filter((end) => end <= last);
  for (let x = PANEL_FROM; x <= PANEL_TO; x += PANEL_STEP) {
    const cut = middle + width * Math.sinh(x);
    if (cut > -LOG_MAX && cut < last) cuts.push(cut);
  }
  cuts.sort((a, b) => a - b);
  const nodes: BlockNode[] = [];
  const atoms = cases.map(({ at }) => ({ at, weight: 0 }));
  const atZero = { at: 0, weight: 0 };
  for (let i = 1; i < cuts.length; i++) {
    gauss8(cuts[i - 1]!, cuts[i]!, (logT, step) => {
      const t = Math.exp(logT);
      for (const [k, c] of cases.entries()) {
        const logInside = Math.log1p(-outside(c, t));
        const fixing = c.sign * step * t * size * (1 - zeros) * c.rate(t);
        const pinned = fixing * power(logInside, size - 1) * t * t;
        if (pinned === 0) continue;
        atoms[k]!.weight += pinned;
        const weight = size > 1 ? fixing * (size - 1) * power(logInside, size - 2) : 0;
        atZero.weight += weight * zeros * t * t;
        nodes.push({ scale: t, low: c.low, high: c.high, weight: weight * (1 - zeros) });
      }
    });
  }
  const all = zeros > 0 ? [...atoms, atZero] : atoms;
  return { law, nodes: relevant(nodes), atoms: all, energy: size * (1 - zeros) * law.secondMoment };
}

/** e^(exponent × logBase), with 0^0 = 1. */
function power(logBase: number, exponent: number): number {
  return exponent === 0 ? 1 : Math.exp(exponent * logBase);
}

/** Quantiles of the scale of blocks that are not all zeros, by bisection in log t. */
function scaleQuantile(size: number, zeros: number, outside: (t: number) => number): (q: number) => number {
  const nothing = zeros ** size;
  return (q) => {
    const target = Math.log(nothing + q * (1 - nothing));
    let low = -100;
    let high = 100;
    for (let i = 0; i < 60; i++) {
      const middle = 0.5 * (low + high);
      if (size * Math.log1p(-outside(Math.exp(middle))) < target) low = middle;
      else high = middle;
    }
    return Math.exp(high);
  };
}

/** Without the nodes that carry less than 1e-13 of the weight × scale². */
function relevant(nodes: readonly BlockNode[]): BlockNode[] {
  const share = ({ weight, scale }: BlockNode) => Math.abs(weight) * scale * scale;
  const total = nodes.reduce((sum, node) => sum + share(node), 0);
  return nodes.filter((node) => share(node) > (1e-13 * total) / nodes.length);
}
