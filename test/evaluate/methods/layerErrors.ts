import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createCalibrator } from "../../../evaluate/calibration/index.ts";
import { gptq } from "../../../evaluate/methods/gptq.ts";
import { formatGrid } from "../../../evaluate/methods/grid.ts";
import { outputEnergy } from "../../../evaluate/methods/layerLog.ts";
import { roundToNearest } from "../../../evaluate/methods/nearest.ts";
import type { Layer } from "../../../evaluate/methods/part.ts";
import { createProducts } from "../../../evaluate/methods/products.ts";
import { modelLogits } from "../../../evaluate/model/architectures/index.ts";
import { linearLayers, loadTokenizer, packageRoot, tensorShapes } from "../../../evaluate/model/index.ts";
import { cutWindows } from "../../../evaluate/tasks/index.ts";
import { parseFormat } from "../../../formats/index.ts";
import { readModel } from "../tinyModel.ts";

const shared = join(packageRoot(), "..", "shared");
const dir = join(shared, "models", "stories260K");
const text = join(shared, "evaltext", "stories-sampled.txt");

/** Whether the checkpoint and the text are on this machine. */
export const hasStories = existsSync(dir) && existsSync(text);

/** Output errors of one layer on the calibration text, by GPTQ and by rounding to nearest from the same inputs. */
export interface LayerErrors {
  format: string;
  name: string;
  gptq: number;
  rtn: number;
}

/** Quantizes stories260K with GPTQ in each format, layer after layer, and compares each layer with rounding to nearest. */
export async function* storiesErrors(
  formats: readonly string[],
  windows: number,
  options = {},
): AsyncGenerator<LayerErrors> {
  const { config, weights } = readModel(dir);
  const linears = new Map(linearLayers(config).map((linear) => [linear.name, linear]));
  const cut = cutWindows(loadTokenizer(dir).encode(readFileSync(text, "utf8")), 512, { limit: windows });
  const calibrator = createCalibrator(
    (graph, weight, tokens, batch) => modelLogits({ graph, tokens, batch, weight }, config),
    tensorShapes(config),
    [...linears.keys()],
    cut,
  );
  const products = createProducts();
  try {
    for (const id of formats) {
      const format = parseFormat(id);
      const current = new Map([...weights].map(([name, data]) => [name, data.slice()]));
      const done: LayerErrors[] = [];
      await calibrator.walk(current, async (names, moments) => {
        for (const name of names) {
          const own = { matrix: linears.get(name)!, weights: weights.get(name)!, format, moments, products };
          const layer: Layer = { ...own, grid: formatGrid(own) };
          const energy = (rounded: Float32Array) =>
            outputEnergy(
              layer.matrix,
              rounded.map((w, i) => w - layer.weights[i]!),
              moments,
              products,
            );
          const rounded = await gptq.act(options)(layer);
          done.push({
            format: id,
            name,
            gptq: await energy(rounded.weights),
            rtn: await energy(roundToNearest(layer)),
          });
          current.get(name)!.set(rounded.weights);
        }
      });
      yield* done;
    }
  } finally {
    await calibrator.release();
    await products.release();
  }
}
