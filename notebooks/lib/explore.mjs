import {
  defaultSweepElements,
  defineCodebook,
  frontier,
  getElement,
  macCost,
  parseFormat,
  predictedError,
} from "./bitfrontier.mjs";

const activations = getElement("int8");
const metric = "expected relative error";

/** What a codebook would cost and lose: expected relative error on t(ν) in groups, bits, MAC area with INT8 activations. */
export function judge(element, nu, group) {
  const format = parseFormat(`${element.id}@g${group}`);
  const { relativeMse, reason } = predictedError({ nu: nu === null ? null : nu }, format, { blockSize: group });
  const cost = macCost(element, activations);
  return { element, format, error: relativeMse, reason: reason ?? null, bits: element.bits + 16 / group, cost };
}

/** The element of values of one's own, under the registry's name where they are those of a listed codebook. */
export function ownElement(values) {
  return defineCodebook({ values });
}

/** Named codebooks of the default sweep with the same number of bits, to set a codebook beside. */
export function neighbours(bits) {
  return defaultSweepElements.map(getElement).filter((element) => element.bits === bits);
}

/** Judged codebooks as the rows that a frontier of the reports takes; expected errors are exact, areas modelled. */
export function asFrontier(judged, cost) {
  const rows = judged
    .filter(({ error }) => error !== null)
    .map(({ element, format, error, bits, cost }) => ({
      key: format.id,
      model: "",
      modelSha256: "",
      format: format.id,
      element: element.id,
      family: element.family,
      method: "rtn",
      scope: "",
      group: format.group,
      task: "",
      protocol: "",
      seed: 0,
      perplexity: null,
      deltaLoss: null,
      deltaLossSigma: null,
      windowLoss: [],
      metrics: { [metric]: { value: error, sigma: 0 } },
      bitsPerWeight: bits,
      cost,
      config: {},
      layers: [],
      warnings: [],
    }));
  return frontier(rows, { x: cost, y: metric });
}

/** Signal over quantization noise, dB. */
export function decibels(error) {
  return -10 * Math.log10(error);
}
