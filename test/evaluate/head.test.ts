import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSession } from "../../evaluate/engine/session.ts";
import { evaluateModel } from "../../evaluate/evaluate.ts";
import { createGraph, encode, input, output } from "../../evaluate/graph/index.ts";
import { architectures, modelLogits } from "../../evaluate/model/architectures/index.ts";
import { openCheckpoint, packageRoot } from "../../evaluate/model/index.ts";
import { prepareSweep } from "../../evaluate/prepare.ts";
import { quantizeModel } from "../../evaluate/quantize.ts";
import { reproduceRow } from "../../evaluate/reproduce.ts";
import { defaultConfig, type Head, heads } from "../../evaluate/sweep/index.ts";
import type { Row } from "../../evaluate/trial/row.ts";
import { scopedModel } from "../../evaluate/trial/scopedModel.ts";
import { fakeQuantize, parseFormat, UserError } from "../../formats/index.ts";
import { tinyText, writeTinyModel } from "../cli/tinyModel.ts";
import { readModel, tinyModel } from "./tinyModel.ts";

const FORMAT = "int4@g8";

const readGolden = (...names: string[]) =>
  JSON.parse(readFileSync(join(packageRoot(), "test", "golden", ...names), "utf8")) as unknown;

async function logitsOf(dir: string, ids: readonly number[]): Promise<Float32Array> {
  const { config, shapes, weights } = readModel(dir);
  const graph = createGraph();
  const tokens = input(graph, "tokens", "int64", [ids.length]);
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  output(graph, "logits", modelLogits({ graph, tokens, batch: 1, weight: (name) => values.get(name)! }, config));
  const session = await createSession(encode(graph), { threads: 1 });
  const feeds = Object.fromEntries([...shapes].map(([name, shape]) => [name, { data: weights.get(name)!, shape }]));
  const results = await session.run({
    ...feeds,
    tokens: { data: BigInt64Array.from(ids, BigInt), shape: [ids.length] },
  });
  await session.release();
  return results.logits as Float32Array;
}

describe("the head in the scope of quantization", function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), "bitfrontier-head-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const at = (...names: string[]) => join(folder, ...names);
  writeFileSync(at("text.txt"), tinyText(600));
  writeFileSync(at("calibration.txt"), tinyText(4000).slice(700));
  const models = new Map<string, string>();
  const modelOf = (name: string) => {
    if (!models.has(name)) models.set(name, writeTinyModel(at(name), name));
    return models.get(name)!;
  };
  const common = { context: 16, limitWindows: 8, calibration: at("calibration.txt"), calibrationWindows: 8 };
  const task = `perplexity:${at("text.txt")}`;
  const rowOf = async (name: string, head: Head, method = "rtn", more: { activation?: string } = {}) => {
    const rows = await evaluateModel({ ...common, model: modelOf(name), format: FORMAT, method, head, task, ...more });
    return rows.at(-1)!;
  };
  let written = 0;
  const write = async (name: string, head: Head, method = "rtn", packed = false) => {
    const out = at(`out-${written++}`);
    const { calibration, calibrationWindows } = common;
    const options = { format: FORMAT, method, head, packed, calibration, calibrationWindows, versions: {} };
    return { out, record: await quantizeModel({ ...options, model: modelOf(name), out }) };
  };
  const asItIs = async (model: string) => {
    const [row] = await evaluateModel({ ...common, model, format: null, method: "rtn", task });
    return row!;
  };

  it("is the matrix that makes the logits, in every architecture", () => {
    const found = Object.fromEntries(
      ["llama-tied", "llama-untied", "gpt2", "opt-350m", "gpt-neox", "phi", "bloom", "gemma2"].map((name) => {
        const { config } = tinyModel(`tiny-${name}`);
        const [quant, untie] = (["quant", "untie"] as const).map((head) => scopedModel(config, head).linears.at(-1)!);
        return [name, [quant!.name, quant!.rows, quant!.cols, untie!.name]];
      }),
    );
    assert.deepEqual(found, {
      "llama-tied": ["model.embed_tokens.weight", 64, 32, "lm_head.weight"],
      "llama-untied": ["lm_head.weight", 64, 32, "lm_head.weight"],
      gpt2: ["transformer.wte.weight", 40, 24, "lm_head.weight"],
      // Its embeddings are narrower than its blocks.
      "opt-350m": ["model.decoder.embed_tokens.weight", 40, 16, "lm_head.weight"],
      "gpt-neox": ["lm_head.weight", 40, 32, "lm_head.weight"],
      phi: ["lm_head.weight", 40, 32, "lm_head.weight"],
      bloom: ["transformer.word_embeddings.weight", 40, 24, "lm_head.weight"],
      gemma2: ["model.embed_tokens.weight", 40, 24, "lm_head.weight"],
    });
    for (const { embedding, prefix } of architectures) assert.ok(embedding.startsWith(prefix), embedding);
  });

  it("counts in the bits: 18432 weights of the blocks, a table of 2048 and 160 of norms, 6 bits or 16 each", async () => {
    const rows = await Promise.all(heads.map((head) => rowOf("tiny-llama-tied", head)));
    assert.deepEqual(
      rows.map(({ scope, layers, bitsPerWeight, modelBitsPerWeight }) => [
        scope,
        layers.length,
        layers.at(-1)!.name,
        bitsPerWeight,
        modelBitsPerWeight,
      ]),
      [
        ["linears", 14, "model.layers.1.mlp.down_proj.weight", 6, (6 * 18432 + 16 * 2208) / 20640],
        ["linears+head", 15, "model.embed_tokens.weight", 6, (6 * 20480 + 16 * 160) / 20640],
        // Both matrices are stored, over the weights of the published model.
        ["linears+untied-head", 15, "lm_head.weight", 6, (6 * 20480 + 16 * 2208) / 20640],
      ],
    );
    assert.equal(new Set(rows.map(({ key }) => key)).size, 3);
    assert.equal(new Set(rows.map(({ perplexity }) => perplexity)).size, 3);
  });

  it("is the same in an evaluation and in what quantize writes, dequantized and packed, to the bit", async () => {
    const cases = [
      ...[["tiny-llama-tied", "gptq"] as const, ["tiny-gpt2", "rtn"] as const, ["tiny-opt-350m", "awq+clip"] as const],
      ...[["tiny-bloom", "gptaq"] as const, ["tiny-phi", "hadamard"] as const, ["tiny-gemma2", "gptq"] as const],
    ];
    for (const [name, method] of cases) {
      for (const head of ["quant", "untie"] as const) {
        const row = await rowOf(name, head, method);
        const { out, record } = await write(name, head, method);
        assert.deepEqual((await asItIs(out)).windowLoss, row.windowLoss, `${name} ${method} ${head}`);
        assert.deepEqual([record.scope, record.bitsPerWeight], [row.scope, row.bitsPerWeight]);
      }
    }
    for (const head of ["quant", "untie"] as const) {
      const { out } = await write("tiny-llama-tied", head, "rtn", true);
      assert.deepEqual((await asItIs(out)).windowLoss, (await rowOf("tiny-llama-tied", head)).windowLoss, head);
    }
  });

  it("gives transformers' logits of a model whose layers and head were rounded by other code, to 1e-5", async () => {
    const golden = readGolden("head.golden.json") as Record<string, Record<"quant" | "untie", number[][]>>;
    for (const [name, expected] of Object.entries(golden)) {
      const { inputIds } = readGolden(name, "expected.golden.json") as { inputIds: number[][] };
      for (const head of ["quant", "untie"] as const) {
        const logits = await logitsOf((await write(name, head)).out, inputIds[0]!);
        const worst = expected[head].flat().reduce((most, value, i) => Math.max(most, Math.abs(logits[i]! - value)), 0);
        assert.equal(logits.length, expected[head].flat().length);
        assert.ok(worst < 1e-5, `${name} ${head}: ${worst}`);
      }
    }
  });

  it("rounds the shared table as one, or a copy of it beside embeddings that stay", async () => {
    const table = "model.embed_tokens.weight";
    const { weights } = readModel(modelOf("tiny-llama-tied"));
    const rounded = new Float32Array(64 * 32);
    fakeQuantize(weights.get(table)!, 64, 32, parseFormat(FORMAT), rounded);
    const quant = readModel((await write("tiny-llama-tied", "quant")).out);
    assert.deepEqual(quant.weights.get(table), rounded);
    assert.equal(quant.config.tieWordEmbeddings, true);
    const { out } = await write("tiny-llama-tied", "untie");
    const untied = readModel(out);
    assert.deepEqual(untied.weights.get(table), weights.get(table));
    assert.deepEqual(untied.weights.get("lm_head.weight"), rounded);
    assert.equal(JSON.parse(readFileSync(join(out, "config.json"), "utf8")).tie_word_embeddings, false);
  });

  it("stands under a name that readers of whole models know, also where the others had none", async () => {
    // Published GPT-2 files are of the bare model: `wte.weight`.
    const { out } = await write("tiny-gpt2", "untie");
    const checkpoint = openCheckpoint(out);
    const names = checkpoint.names();
    checkpoint.close();
    assert.ok(names.includes("lm_head.weight") && names.includes("transformer.wte.weight"), names.join(" "));
  });

  it("has nothing to untie where it is a matrix of its own: untie is quant, one trial", async () => {
    const [model] = [modelOf("tiny-llama-untied")];
    const config = { ...defaultConfig, ...common, models: [model], formats: [FORMAT], tasks: [task] };
    const { plan, rest } = await prepareSweep({ ...config, heads: [...heads] });
    await rest();
    assert.deepEqual(
      plan.map(({ spec }) => [spec.format, spec.scope]),
      [
        ["fp32", "linears"],
        [FORMAT, "linears"],
        [FORMAT, "linears+head"],
      ],
    );
  });

  it("has its input rounded where activations are, and only where it is in scope", async () => {
    const full = await evaluateModel({ ...common, model: modelOf("tiny-gpt2"), format: null, method: "rtn", task });
    const inputs = (head: Head) =>
      evaluateModel({
        ...common,
        model: modelOf("tiny-gpt2"),
        format: null,
        method: "rtn",
        activation: FORMAT,
        head,
        task,
      });
    const [, blocks] = await inputs("fp");
    const [baseline, all] = await inputs("quant");
    assert.deepEqual(baseline!.windowLoss, full[0]!.windowLoss);
    assert.deepEqual([blocks!.scope, all!.scope], ["linears", "linears+head"]);
    assert.notDeepEqual(blocks!.windowLoss, all!.windowLoss);
    // Static ranges and channel scales are the head's own.
    const fixed = await rowOf("tiny-gpt2", "untie", "smoothquant+gptq", { activation: "int8@static" });
    assert.ok(fixed.layers.at(-1)!.outputError! > 0);
    await assert.rejects(
      evaluateModel({ ...common, model: modelOf("tiny-gpt2"), format: null, method: "rtn", head: "quant", task }),
      (error) =>
        error instanceof UserError && /^head "quant": without a format nothing of it is rounded/.test(error.message),
    );
  });

  it("is rounded to nearest, and the row says so, by a method of whole blocks", async () => {
    for (const [head, name] of [
      ["quant", "model.embed_tokens.weight"],
      ["untie", "lm_head.weight"],
    ] as const) {
      const row = await rowOf("tiny-llama-tied", head, "autoround:iterations=5");
      assert.deepEqual(
        row.warnings.filter((text) => text.includes("block")),
        [`${name}: part of no block, which the method goes by; rounded to nearest`],
      );
      const nearest = await rowOf("tiny-llama-tied", head);
      assert.equal(row.layers.at(-1)!.relativeMse, nearest.layers.at(-1)!.relativeMse);
    }
  });

  it("leaves trials of other scopes as they would have been alone, and the full-precision head to compare with", async () => {
    const config = {
      ...{ ...defaultConfig, ...common, models: [modelOf("tiny-llama-tied")], formats: [FORMAT, "int3@g8"] },
      ...{ methods: ["rtn", "gptaq"], tasks: [`kl:${at("text.txt")}`, task], heads: [...heads] },
    };
    const timeless = ({ timing: _, ...row }: Row) => row;
    const run = async (backwards: boolean) => {
      const { plan, runTrial, rest } = await prepareSweep(config);
      const rows = new Map<string, Row>();
      for (const trial of backwards ? plan.toReversed() : plan) rows.set(trial.key, await runTrial(trial));
      await rest();
      return plan.map(({ key }) => timeless(rows.get(key)!) as Row);
    };
    const forwards = await run(false);
    assert.equal(forwards.length, 2 * (1 + 3 * 4));
    assert.deepEqual(await run(true), forwards);
    for (const row of forwards.filter((each) => each.format === "fp32"))
      assert.ok(Math.abs(row.metrics?.kl?.value ?? 0) < 1e-6);
  });

  it("is rounded again by reproduce", async () => {
    const row = await rowOf("tiny-llama-tied", "untie", "gptq");
    const { differences } = await reproduceRow(JSON.parse(JSON.stringify(row)));
    assert.deepEqual(differences, []);
  });
});
