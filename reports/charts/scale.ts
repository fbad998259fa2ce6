/** A quantitative scale with its domain spelled out, so that labels can be placed before the chart is drawn. */
export interface PlotScale {
  type: "linear" | "log" | "symlog";
  domain: [number, number];
  /** Half-width of the linear part of a symlog scale. */
  constant?: number;
  nice: false;
}

/** Values that span more than this factor are drawn on a log scale: below it a linear one shows them all. */
const wideSpan = 12;

/** Room around the data, as a fraction of the scale's length. */
interface Margin {
  low: number;
  high: number;
  /** Never logarithmic. */
  linear?: boolean | undefined;
}

/**
 * A scale for `values`: linear, or logarithmic when they span a factor above 12 (symlog when some are not positive).
 * `extent` are further values that should be inside, such as ends of error bars; on a log scale the positive ones.
 */
export function plotScale(values: readonly number[], extent: readonly number[], margin: Margin): PlotScale {
  const positive = values.filter((value) => value > 0);
  const largest = Math.max(...values.map(Math.abs), 0);
  const smallest = Math.min(...positive);
  const wide = !margin.linear && positive.length > 1 && Math.max(...positive) / smallest > wideSpan;
  let scale: PlotScale = { type: "linear", domain: [0, 1], nice: false };
  if (wide && positive.length === values.length) scale = { ...scale, type: "log" };
  else if (wide) scale = { ...scale, type: "symlog", constant: largest / 100 };
  const inside = [...values, ...extent].filter((value) => scale.type !== "log" || value > smallest / 3);
  const ends = [Math.min(...inside), Math.max(...inside)].map((value) => forward(scale, value)) as [number, number];
  const length = ends[1] - ends[0] || Math.abs(ends[0]) * 0.2 || 1;
  const low = inverse(scale, ends[0] - margin.low * length);
  return { ...scale, domain: [low, inverse(scale, ends[1] + margin.high * length)] };
}

/** Tick values of a log scale: every digit within one decade, 1, 2, 5 over a few, else powers of ten. Others choose their own. */
export function tickValues(scale: PlotScale): number[] | undefined {
  if (scale.type !== "log") return undefined;
  const [low, high] = scale.domain;
  const steps = high / low < 10 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : high / low < 300 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade++)
    for (const step of steps) {
      const tick = Number(`${step}e${decade}`);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  return ticks.length > 1 ? ticks : undefined;
}

/** Position of `value` on the scale, from 0 at the low end of the domain to 1 at the high end. */
export function position(scale: PlotScale, value: number): number {
  const [low, high] = scale.domain.map((end) => forward(scale, end)) as [number, number];
  return (forward(scale, value) - low) / (high - low);
}

/** The value at a position: the inverse of `position`. */
export function valueAt(scale: PlotScale, fraction: number): number {
  const [low, high] = scale.domain.map((end) => forward(scale, end)) as [number, number];
  return inverse(scale, low + fraction * (high - low));
}

function forward(scale: PlotScale, value: number): number {
  if (scale.type === "linear") return value;
  if (scale.type === "log") return Math.log10(value);
  return Math.sign(value) * Math.log1p(Math.abs(value) / scale.constant!);
}

function inverse(scale: PlotScale, value: number): number {
  if (scale.type === "linear") return value;
  if (scale.type === "log") return 10 ** value;
  return Math.sign(value) * Math.expm1(Math.abs(value)) * scale.constant!;
}
