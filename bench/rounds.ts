/** A side of a comparison: one call is one timed measurement, in the unit of the bench (tokens per second, GFLOP/s, …). */
export interface Side {
  name: string;
  measure(): Promise<number>;
}

/** A figure with its spread over rounds. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted[sorted.length - 1]! };
}

/**
 * Measures all sides in turn, `rounds` times over: A B C A B C …, so that a machine whose speed drifts drifts for all.
 * Gives each side's figures and, round by round, the first side's over it.
 */
export async function interleave(
  sides: readonly Side[],
  rounds: number,
): Promise<{ name: string; value: Spread; ratio: Spread }[]> {
  const values = sides.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, side] of sides.entries()) values[i]!.push(await side.measure());
  }
  return sides.map(({ name }, i) => ({
    name,
    value: spread(values[i]!),
    ratio: spread(values[0]!.map((first, round) => first / values[i]![round]!)),
  }));
}

export function show({ median, min, max }: Spread, digits = 0): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
