/**
 * @file AutoRound beside its own package (bench/peer/autoround_peer.py): the reference model, the same calibration tokens, the same grid
 * (integers of the full range, groups of 128), 200 steps of eight windows, two threads. Each has the loss that its weights have
 * over full precision on the same windows, in one protocol; the times are those of quantization alone.
 *
 *     BITS=2 npm run bench autoRound
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateModel } from "../evaluate/evaluate.ts";
import { packageRoot } from "../evaluate/model/index.ts";
import { loadModel } from "../evaluate/model/loadedModel.ts";
import { readCalibration } from "../evaluate/trial/calibrationText.ts";
import type { Row } from "../evaluate/trial/row.ts";
import { peerPython } from "./torchPeer.ts";

const { BITS = "4", WINDOWS = "64" } = process.env;
const FORMAT = `int${BITS}-full@g128`;
const TEXT = join(packageRoot(), "models", "reference", "heldout.txt");
const windows = Number(WINDOWS);

async function scored(model: string, format: string | null, method = "rtn"): Promise<Row> {
  const task = `perplexity:${TEXT}`;
  const options = {
    model,
    format,
    method,
    task,
    context: null,
    limitWindows: 64,
    calibrationWindows: windows,
    threads: 2,
  };
  return (await evaluateModel(options)).at(-1)!;
}

/** Mean and σ of the paired difference in nats a token. */
function difference(a: Row, b: Row): string {
  const d = a.windowLoss.map((loss, i) => loss - b.windowLoss[i]!);
  const mean = d.reduce((sum, x) => sum + x, 0) / d.length;
  const variance = d.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (d.length - 1);
  return `${mean.toFixed(4)} ± ${Math.sqrt(variance / d.length).toFixed(4)}`;
}

const python = peerPython();
const folder = mkdtempSync(join(tmpdir(), "bitfrontier-autoround-"));
try {
  const full = await scored("reference", null);
  const show = (name: string, row: Row, seconds: number) =>
    console.log(
      `  ${name.padEnd(28)} ${seconds.toFixed(0).padStart(4)} s  loss over full precision ${difference(row, full)}`,
    );
  console.log(`autoround into ${FORMAT} on reference, ${windows} windows of calibration:`);
  const rows: Row[] = [];
  for (const method of ["rtn", "gptaq:solved", "autoround", "autoround:batch=8"]) {
    rows.push(await scored("reference", FORMAT, method));
    show(method, rows.at(-1)!, rows.at(-1)!.timing.quantizeMs / 1000);
  }
  if (python === null) console.log("  auto-round: no Python with it found; see bench/peer/autoround_peer.py");
  else {
    const model = loadModel("reference");
    const { count, context, windows: ids } = (await readCalibration(model, null, windows))!;
    const tokens = join(folder, "tokens.json");
    writeFileSync(tokens, JSON.stringify({ count, context, ids: [...ids] }));
    const script = join(packageRoot(), "bench", "peer", "autoround_peer.py");
    const source = join(packageRoot(), "models", "reference");
    const out = join(folder, "peer");
    const words = [script, source, tokens, out, "--bits", BITS, "--threads", "2"];
    const { status, stdout, stderr } = spawnSync(python, words, { encoding: "utf8", maxBuffer: 1 << 28 });
    if (status !== 0) console.log(`  auto-round: failed: ${stderr.trimEnd().split("\n").at(-1)}`);
    else {
      const { seconds } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as { seconds: number };
      const peer = await scored(out, null);
      show("auto-round 0.16.1", peer, seconds);
      const ours = rows.at(-1)!;
      console.log(
        `  ours (batch=8) less theirs: ${difference(ours, peer)} nats; theirs takes ${((1000 * seconds) / ours.timing.quantizeMs).toFixed(1)} times as long`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
