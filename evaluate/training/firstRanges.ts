import { type Format, fakeQuantize } from "../../formats/index.ts";
import type { Calibrator } from "../calibration/index.ts";
import { createGraph, endsOf, input } from "../graph/index.ts";
import { modelLogits } from "../model/architectures/index.ts";
import { isUnsigned } from "../model/architectures/runningFormats.ts";
import type { RetrainedModel } from "./retrain.ts";
import { plainKernel } from "./weights/learnedGrid.ts";

/** Where learned ranges begin (Liu et al., ACL 2023): 2·mean|x|/√(largest level) of the first batch, twice that of unsigned inputs. */
export async function firstRanges(
  { config, shapes, linears, weights }: RetrainedModel,
  format: Format,
  activation: Format,
  calibrator: Calibrator,
): Promise<Map<string, number>> {
  const { levels } = plainKernel(activation).book;
  const unsigned = unsignedInputs({ config, shapes });
  const rounded = new Map(weights);
  for (const { name, rows, cols } of linears) {
    const own = new Float32Array(rows * cols);
    fakeQuantize(weights.get(name)!, rows, cols, format, own, { name });
    rounded.set(name, own);
  }
  const ranges = new Map<string, number>();
  await calibrator.walk(rounded, (names, { absMean }) => {
    const mean = absMean.reduce((a, b) => a + b, 0) / absMean.length;
    for (const name of names) {
      const [, high] = endsOf(levels, unsigned.has(name));
      // A layer that is given zeros alone rounds them to zero at any range.
      ranges.set(name, mean === 0 ? 1 : ((unsigned.has(name) ? 4 : 2) * mean) / Math.sqrt(high));
    }
  });
  return ranges;
}

/** The layers whose inputs are never below zero. */
function unsignedInputs({ config, shapes }: Pick<RetrainedModel, "config" | "shapes">): Set<string> {
  const graph = createGraph();
  const found = new Set<string>();
  const tokens = input(graph, "tokens", "int64", [1]);
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const linearInput = (name: string, x: Parameters<typeof isUnsigned>[1]) => {
    if (isUnsigned(graph, x)) found.add(name);
    return x;
  };
  modelLogits({ graph, tokens, batch: 1, weight: (name) => values.get(name)!, linearInput }, config);
  return found;
}
