import type { Row, TensorProfile } from "../../evaluate/trial/row.ts";
import type { Codebook, ReportInput } from "../../reports/input.ts";

/** Invented numbers in the shape of a real sweep: 20 formats × 2 group sizes and the fp32 row. Nothing here was measured. */

type Spec = [element: string, family: string, bits: number, loss: number, area: number, values: number[]];

const int = (max: number) => Array.from({ length: 2 * max + 1 }, (_, i) => i - max);
const mirrored = (...positive: number[]) => [...positive.map((v) => -v).reverse(), 0, ...positive];
const sf4 = [
  -1, -0.6278, -0.4547, -0.3343, -0.2374, -0.1529, -0.075, 0, 0.0655, 0.133, 0.2017, 0.2838, 0.3758, 0.4911, 0.6568, 1,
];
const nf4 = [
  -1, -0.6962, -0.5251, -0.3949, -0.2844, -0.1848, -0.0911, 0, 0.0796, 0.1609, 0.2461, 0.3379, 0.4407, 0.5626, 0.723, 1,
];

const specs: Spec[] = [
  ["int4", "int", 4, 0.061, 262, int(7)],
  ["int3", "int", 3, 0.42, 214, int(3)],
  ["int5", "int", 5, 0.0148, 331, int(15)],
  ["int8", "int", 8, 0.0002, 561, int(127)],
  ["nf4", "normal", 4, 0.0312, 804, nf4],
  ["nf3", "normal", 3, 0.171, 610, [-1, -0.535, -0.247, 0, 0.183, 0.382, 0.623, 1]],
  ["sf4", "student", 4, 0.0281, 812, sf4],
  ["sf3", "student", 3, 0.158, 618, [-1, -0.411, -0.18, 0, 0.133, 0.284, 0.491, 1]],
  ["e2m1", "float", 4, 0.0362, 281, mirrored(0.5, 1, 1.5, 2, 3, 4, 6)],
  ["e2m1-i", "float", 4, 0.0533, 288, mirrored(0.0625, 1, 1.5, 2, 3, 4, 6)],
  ["e2m1-b", "float", 4, 0.0581, 326, mirrored(0.0625, 2, 3, 4, 6, 8, 12)],
  ["e2m1+sr", "float", 4, 0.0452, 318, [...mirrored(0.5, 1, 1.5, 2, 3, 4, 6), 8]],
  ["e2m1+sp", "float", 4, 0.0329, 299, [...mirrored(0.5, 1, 1.5, 2, 3, 4, 6), 5]],
  ["e3m0", "log", 4, 0.092, 270, mirrored(0.25, 0.5, 1, 2, 4, 8, 16)],
  ["e1m2", "float", 4, 0.0571, 272, mirrored(0.5, 1, 1.5, 2, 2.5, 3, 3.5)],
  ["e2m2", "float", 5, 0.0103, 358, mirrored(0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 5, 6, 7)],
  ["apot4", "apot", 4, 0.0348, 305, mirrored(0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1)],
  ["apot4+sp", "apot", 4, 0.0331, 322, [...mirrored(0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1), 0.5]],
  ["af4", "normal", 4, 0.0309, 806, nf4.map((v) => Math.sign(v) * Math.abs(v) ** 1.05)],
  ["iq4-nl", "table", 4, 0.0336, 790, [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]],
];

const windows = 96;
const kinds = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

/** Numbers in [0, 1) that are the same everywhere (Park & Miller, 1988). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function bell(random: () => number): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random();
  return sum;
}

const text = generator(2402);
const difficulty = Array.from({ length: windows }, () => 3.1 + 0.25 * bell(text));

export function makeRow(changes: Partial<Row> & { loss?: number; noise?: number } = {}, random = generator(7)): Row {
  const { loss = 0, noise = 0.04, ...rest } = changes;
  const deltas = difficulty.map(() => loss * (1 + 0.3 * bell(random)) + noise * loss ** 0.5 * bell(random) * 0.5);
  const windowLoss = difficulty.map((base, i) => base + deltas[i]!);
  const mean = windowLoss.reduce((a, b) => a + b) / windows;
  const delta = deltas.reduce((a, b) => a + b) / windows;
  const sd = (values: number[], m: number) => Math.sqrt(values.reduce((s, v) => s + (v - m) ** 2, 0) / (windows - 1));
  return {
    key: `${rest.format ?? "int4@g128"}/${rest.method ?? "rtn"}/${rest.model ?? "reference"}`,
    model: "reference",
    modelSha256: "5c2ae1f0",
    format: "int4@g128",
    element: "int4",
    family: "int",
    method: "rtn",
    scope: "linears",
    group: 128,
    task: "perplexity:heldout",
    protocol: "windows-256",
    seed: 0,
    perplexity: Math.exp(mean),
    perplexitySigma: (Math.exp(mean) * sd(windowLoss, mean)) / Math.sqrt(windows),
    deltaLoss: delta,
    deltaLossSigma: sd(deltas, delta) / Math.sqrt(windows),
    tokens: windows * 255,
    windows,
    windowLoss,
    bitsPerWeight: 4.125,
    weightMse: loss / 5,
    cost: null,
    layers: [],
    warnings: [],
    versions: { bitfrontier: "0.1.0", onnxruntime: "1.30.0" },
    config: { context: 256 },
    timing: { startedAt: "2026-11-22T05:00:00.000Z", quantizeMs: 41, evaluateMs: 1204 },
    ...rest,
  };
}

export function makeRows(): Row[] {
  const random = generator(1908);
  const rows = [
    makeRow({
      format: "fp32",
      element: "fp32",
      family: "baseline",
      group: null,
      bitsPerWeight: 32,
      key: "fp32",
      loss: 0,
    }),
  ];
  for (const group of [128, 32]) {
    for (const [element, family, bits, loss, area] of specs) {
      const scaled = loss * (group === 32 ? 0.72 : 1);
      rows.push(
        makeRow(
          {
            format: `${element}@g${group}`,
            element,
            family,
            group,
            bitsPerWeight: bits + 16 / group,
            loss: scaled,
            layers: Array.from({ length: 4 }, (_, layer) =>
              kinds.map((kind) => ({
                name: `model.layers.${layer}.${kind === "gate_proj" || kind === "up_proj" || kind === "down_proj" ? "mlp" : "self_attn"}.${kind}.weight`,
                shape: [192, 192],
                relativeMse: (scaled / 4) * (0.7 + 0.6 * random()),
                zeroGroups: 0,
              })),
            ).flat(),
            warnings: element === "e2m1+sr" ? ["3 groups were clipped"] : [],
            cost: {
              weight: element,
              activation: element,
              terms: 64,
              accumulatorBits: 12 + bits,
              areaGe: area,
              multiplierGe: area * 0.45,
              accumulatorGe: area * 0.55,
              areaUm2: area * 0.8,
              node: "nangate45",
              delayPs: null,
              energyFj: null,
              variant: "sign-magnitude",
              provenance: "modelled",
              source: "count model v1 (invented for this test)",
              relativeError: 0.04,
            },
          },
          random,
        ),
      );
    }
  }
  return rows;
}

export function makeProfiles(): TensorProfile[] {
  const random = generator(4);
  return Array.from({ length: 4 }, (_, layer) =>
    kinds.map((kind, i): TensorProfile => {
      const gaussian = (layer === 0 && i < 2) || (layer === 3 && i === 5);
      const nu = 3.5 + 5 * random() + layer;
      return {
        name: `model.layers.${layer}.${kind}.weight`,
        layer,
        kind,
        shape: [192, 192],
        nu: gaussian ? null : nu,
        nuSigma: gaussian ? null : 0.05 * nu,
        verdict: gaussian ? "Gaussian: the t gains less than 2 σ" : "Student-t",
        gain: gaussian ? 0.0001 : 0.02 + 0.02 * random(),
      };
    }),
  ).flat();
}

export const codebooks: Codebook[] = specs
  .filter(([, , bits]) => bits < 8)
  .map(([id, family, , , , values]) => ({ id, label: id.toUpperCase(), family, values }));

export function makeInput(): ReportInput {
  return {
    rows: makeRows(),
    profiles: makeProfiles(),
    codebooks,
    command: "bitfrontier sweep --out runs/default",
    createdAt: "2026-11-22T05:10:00.000Z",
    versions: { bitfrontier: "0.1.0", "onnxruntime-node": "1.30.0", node: "20.20.2" },
    config: { models: ["reference"], groups: [128, 32], tasks: ["perplexity:heldout"], seed: 0 },
  };
}
