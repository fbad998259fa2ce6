/**
 * bitsandbytes' signed 8-bit dynamic map (Dettmers et al. 2021; functional.py create_dynamic_map, MIT): for each of seven
 * decades 10^−6 … 1 the midpoints of 2^i equal parts of [0.1, 1], both signs, with 0 and 1. Ascending.
 */
export const dynamicMap: readonly number[] = [...decades().map((value) => -value), 0, ...decades(), 1].sort(
  (a, b) => a - b,
);

function decades(): number[] {
  return Array.from({ length: 7 }, (_, i) =>
    Array.from({ length: 2 ** i }, (_, j) => 10 ** (i - 6) * (0.1 + (0.9 * (j + 0.5)) / 2 ** i)),
  ).flat();
}

/** The map as float32, and its nearest value: ties to the lower one. */
export const dynamicTree = {
  values: Float32Array.from(dynamicMap),
  round(x: number): number {
    const { values } = dynamicTree;
    let low = 0;
    let high = values.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (x <= (values[middle]! + values[middle + 1]!) / 2) high = middle;
      else low = middle + 1;
    }
    return values[low]!;
  },
};
