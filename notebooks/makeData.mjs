/**
 * Makes the notebooks' sample from a sweep of the reference model: `npm run sweep && node notebooks/makeData.mjs runs/default`.
 * Rows without their layers' logs, fits and histograms of the model's tensors, and the comparison with the paper's Table 10.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fetchModel } from "../dist/evaluate/model/index.js";
import { openModelTensors, profileTensors } from "../dist/evaluate/profile.js";
import { readJournal, readManifest } from "../dist/evaluate/sweep/index.js";
import { compareWithPaper } from "../dist/hwmodel/index.js";
import { rowsToArrow } from "../dist/reports/index.js";

/** Bins of a histogram, and how many standard deviations they reach on each side. */
const bins = 80;
const reach = 6;

const sweep = process.argv[2];
if (sweep === undefined) throw new Error("usage: node notebooks/makeData.mjs SWEEP_FOLDER");
const folder = fileURLToPath(new URL("data/", import.meta.url));
mkdirSync(folder, { recursive: true });

const manifest = readManifest(sweep);
const journal = await readJournal(sweep);
const rows = manifest.keys.map((key) => ({ ...journal.rows.get(key), layers: [] }));
writeFileSync(join(folder, "sweep.arrow"), await rowsToArrow(rows));

const checkpoint = openModelTensors(await fetchModel(rows[0].model));
const tensors = [];
const histograms = {};
const short = (value) => (typeof value === "number" ? Number(value.toPrecision(6)) : value);
for (const { tensor, layer, kind, shape, fit } of profileTensors(checkpoint)) {
  const figures = {
    nu: fit.nu,
    nuSigma: fit.nuStderr,
    gain: fit.gain ?? 0,
    location: fit.location,
    scale: fit.scale,
    mean: fit.mean,
    deviation: fit.standardDeviation,
    ksT: fit.ksT,
    ksNormal: fit.ksNormal,
  };
  const rounded = Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, short(value)]));
  tensors.push({ name: tensor, layer, kind, shape, verdict: fit.verdict, ...rounded });
  histograms[tensor] = histogram(checkpoint.read(tensor), fit.mean, fit.standardDeviation);
}
checkpoint.close();
write("profile.json", { model: rows[0].model, source: manifest.command, tensors, histograms });
write("paper.json", compareWithPaper());

function histogram(values, mean, deviation) {
  const low = mean - reach * deviation;
  const width = (2 * reach * deviation) / bins;
  const counts = Array(bins).fill(0);
  for (const value of values) {
    const bin = Math.floor((value - low) / width);
    if (bin >= 0 && bin < bins) counts[bin]++;
  }
  return { low: short(low), width: short(width), counts, total: values.length };
}

function write(name, value) {
  writeFileSync(join(folder, name), `${JSON.stringify(value)}\n`);
}
