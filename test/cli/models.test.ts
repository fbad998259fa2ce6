import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpoint, tensorShapes, writeSafetensors } from "../../evaluate/model/index.ts";
import { sealLine } from "../../evaluate/sweep/journalLines.ts";
import type { Row } from "../../evaluate/trial/row.ts";
import { readModel } from "../evaluate/tinyModel.ts";
import { cli } from "./io.ts";
import { tinyText, writeTinyModel } from "./tinyModel.ts";

let folder: string;
let model: string;
let text: string;
const at = (...names: string[]) => join(folder, ...names);

before(() => {
  folder = mkdtempSync(join(tmpdir(), "bitfrontier-cli-"));
  model = writeTinyModel(at("model"));
  text = at("text.txt");
  writeFileSync(text, tinyText(500));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Copies the model with one value of one tensor changed. */
function damaged(name: string, value: number): string {
  const copy = writeTinyModel(at("damaged"));
  const { config, weights } = readModel(copy);
  weights.get(name)![5] = value;
  const entries = [...tensorShapes(config)].map(([name, shape]) => ({ name, shape, data: weights.get(name)! }));
  writeSafetensors(join(copy, "model.safetensors"), entries, { dtype: "F32" });
  return copy;
}

describe("bitfrontier quantize", () => {
  it("writes a folder that any tool can load, with a record, and nothing beside it", async () => {
    const out = at("quantized", "int4");
    const { code, err } = await cli("quantize", model, "--format", "int4@g16", "--out", out);
    assert.deepEqual([code, err], [0, ""]);
    assert.deepEqual(readdirSync(at("quantized")), ["int4"]);
    assert.deepEqual(readdirSync(out).sort(), [
      "bitfrontier.json",
      "config.json",
      "model.safetensors",
      "tokenizer.json",
    ]);
    assert.equal(JSON.parse(readFileSync(join(out, "config.json"), "utf8")).torch_dtype, "float32");
    const record = JSON.parse(readFileSync(join(out, "bitfrontier.json"), "utf8"));
    // 4 bits and an fp16 scale for 16 weights.
    assert.deepEqual([record.format, record.bitsPerWeight, record.layers.length], ["int4@g16", 5, 14]);
    const { weights } = readModel(out);
    const group = weights.get("model.layers.0.mlp.up_proj.weight")!.subarray(16, 32);
    const scale = Math.max(...group.map(Math.abs)) / 7;
    for (const value of group) assert.ok(Math.abs(value / scale - Math.round(value / scale)) < 1e-5, `${value}`);
  });

  it("leaves embeddings and norms as they were", async () => {
    const out = at("quantized", "sf4");
    await cli("quantize", model, "--format", "sf4@g16", "--out", out);
    const [before, after] = [openCheckpoint(model), openCheckpoint(out)];
    for (const name of ["model.embed_tokens.weight", "model.norm.weight", "model.layers.1.input_layernorm.weight"])
      assert.deepEqual(after.read(name), before.read(name));
    assert.notDeepEqual(
      after.read("model.layers.0.mlp.up_proj.weight"),
      before.read("model.layers.0.mlp.up_proj.weight"),
    );
    before.close();
    after.close();
  });

  const cases: [string, () => string[], RegExp][] = [
    ["an unknown format", () => [model, "--format", "sff4@g16"], /unknown element "sff4"; did you mean sf4/],
    [
      "a group larger than the row",
      () => [model, "--format", "sf4@g64"],
      /sf4@g64: .*larger than the row of 32.*q_proj/,
    ],
    ["an unknown method", () => [model, "--format", "sf4@g16", "--method", "rnt"], /method "rnt": unknown.*rtn/],
    ["a single file", () => [join(model, "model.safetensors"), "--format", "sf4@g16"], /no config\.json/],
    ["no model at all", () => [at("nowhere"), "--format", "sf4@g16"], /nowhere/],
    [
      "NaN weights",
      () => [damaged("model.layers.1.mlp.down_proj.weight", Number.NaN), "--format", "sf4@g16"],
      /model\.layers\.1\.mlp\.down_proj\.weight.*1 NaN/,
    ],
    [
      "infinite weights",
      () => [damaged("model.layers.0.self_attn.q_proj.weight", Number.NEGATIVE_INFINITY), "--format", "sf4@g16"],
      /q_proj\.weight.*1 infinite/,
    ],
  ];
  for (const [what, words, message] of cases)
    it(`${what}: one line, exit 1, nothing written`, async () => {
      const { code, out, err } = await cli("quantize", ...words(), "--out", at("never"));
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, message);
      assert.equal(err.split("\n").length, 2);
      assert.equal(existsSync(at("never")), false);
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.endsWith(".tmp")),
        [],
      );
    });

  it("does not touch a folder that is not empty, nor a file in its place", async () => {
    const { code, err } = await cli("quantize", model, "--format", "sf4@g16", "--out", model);
    assert.equal(code, 1);
    assert.match(err, /model: not empty/);
    assert.equal(existsSync(join(model, "bitfrontier.json")), false);
    assert.match((await cli("quantize", model, "--format", "sf4@g16", "--out", text)).err, /text\.txt: is a file/);
    assert.match((await cli("quantize", model, "--format", "sf4@g16", "--out", join(text, "x"))).err, /text\.txt/);
  });
});

describe("bitfrontier eval", function () {
  this.timeout(20_000);
  const task = () => `perplexity:${text}`;

  it("scores the model as it is, and a format with its paired difference", async () => {
    const { code, out } = await cli(
      "eval",
      model,
      "--task",
      task(),
      "--format",
      "int3@g16",
      "--context",
      "16",
      "--json",
    );
    assert.equal(code, 0);
    const [base, row] = JSON.parse(out) as Row[];
    assert.deepEqual([base!.format, row!.format, row!.protocol], ["fp32", "int3@g16", "windows-16"]);
    // 500 tokens are 31 windows of 16.
    assert.deepEqual([row!.windows, row!.tokens, row!.windowLoss.length], [31, 496, 31]);
    const mean = (losses: number[]) => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    assert.ok(Math.abs(row!.deltaLoss! - (mean(row!.windowLoss) - mean(base!.windowLoss))) < 1e-12);
    assert.ok(Math.abs(base!.perplexity! - Math.exp(mean(base!.windowLoss))) < 1e-9);
    assert.equal(base!.deltaLoss, null);
  });

  it("gives a quantized folder the score of the format", async () => {
    await cli("quantize", model, "--format", "sf4@g16", "--out", at("scored"));
    const read = async (...words: string[]) =>
      (JSON.parse((await cli("eval", ...words, "--task", task(), "--context", "16", "--json")).out) as Row[]).at(-1)!;
    assert.deepEqual((await read(at("scored"))).windowLoss, (await read(model, "--format", "sf4@g16")).windowLoss);
  });

  const cases: [string, () => string[], number, RegExp][] = [
    [
      "a text shorter than a window",
      () => [model, "--task", `perplexity:${at("short.txt")}`],
      1,
      /short\.txt: 9 tokens/,
    ],
    ["no text", () => [model, "--task", `perplexity:${at("none.txt")}`], 1, /none\.txt/],
    ["an unknown task", () => [model, "--task", "lambda:x"], 1, /task "lambda": unknown.*perplexity:FILE/],
    ["a file without tokenizer", () => [join(model, "model.safetensors"), "--task", task()], 1, /single safetensors/],
    ["an unknown device", () => [model, "--task", task(), "--device", "tpu"], 2, /--device takes auto, cpu, webgpu/],
    ["no task", () => [model], 2, /--task T is missing/],
    ["a context of one token", () => [model, "--task", task(), "--context", "1"], 2, /--context takes a whole number/],
  ];
  for (const [what, words, code, message] of cases)
    it(`${what}: one line, exit ${code}`, async () => {
      writeFileSync(at("short.txt"), "too short");
      const result = await cli("eval", ...words());
      assert.deepEqual([result.code, result.out], [code, ""]);
      assert.match(result.err, message);
      assert.equal(result.err.split("\n").length, 2);
    });
});

describe("bitfrontier sweep and report", function () {
  this.timeout(60_000);
  const sweep = (out: string, ...words: string[]) =>
    cli("sweep", "--models", model, "--tasks", `perplexity:${text}`, "--context", "16", "--out", out, ...words);
  const rows = (out: string) =>
    readFileSync(join(out, "journal.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => JSON.parse(line) as Row);

  it("leaves journal, report, tables and charts, prints frontiers, and has nothing to do the second time", async () => {
    const out = at("runs", "a");
    const words = ["--formats", "sf4,int4,e2m1+sr", "--groups", "16,row"];
    const first = await sweep(out, ...words);
    assert.equal(first.code, 0, first.err);
    assert.match(first.out, /Of \d+ formats/);
    assert.ok(first.out.endsWith(`report: ${join(out, "report.html")}\n`));
    assert.match(first.err, /^1\/7 {2}fp32 /);
    for (const name of ["journal.jsonl", "sweep.json", "report.html", "report.md", "results.arrow", "results.csv"])
      assert.ok(existsSync(join(out, name)), name);
    assert.deepEqual(
      rows(out).map(({ format }) => format),
      ["fp32", "sf4@g16", "sf4@row", "int4@g16", "int4@row", "e2m1+sr@g16", "e2m1+sr@row"],
    );
    const journal = readFileSync(join(out, "journal.jsonl"));
    const second = await sweep(out, ...words);
    assert.deepEqual([second.code, second.err, second.out], [0, "", first.out]);
    assert.deepEqual(readFileSync(join(out, "journal.jsonl")), journal);
    const again = await cli("report", out);
    assert.deepEqual([again.code, again.out], [0, first.out]);
    const live = readFileSync(join(out, "report.html")).length;
    const asked = ["--cost", "areaUm2,chipOverhead", "--metric", "perplexity", "--static", "--published", "none"];
    const other = await cli("report", out, ...asked, "--against", out);
    assert.equal(other.code, 0, other.err);
    assert.match(other.out, /format .* chip \(%\) .*perplexity/);
    assert.match(other.out, /Of 7 trials in both sweeps, 7 are the same in every window/);
    assert.ok(readFileSync(join(out, "report.html")).length < live - 300_000);
    const energy = await cli("report", out, "--library", "asap7", "--cost", "energyFj");
    assert.match(energy.out, /worth the energy: [^\n]*\n\nformat .* energy \(fJ\)/, energy.err);
    assert.match((await cli("report", out, "--cost", "energyFj")).err, /cost "energyFj": no row has it; .*--library/);
    assert.match((await cli("report", out, "--cost", "aera")).err, /--cost takes areaGe.*not "aera"/);
    assert.match(
      (await cli("report", out, "--metric", "acc")).err,
      /metric "acc": no row has it; there are deltaLoss, perplexity/,
    );
  });

  it("runs again only what a torn or damaged line lost", async () => {
    const out = at("runs", "b");
    await sweep(out, "--formats", "sf4,int4", "--groups", "16");
    const path = join(out, "journal.jsonl");
    const whole = rows(out);
    writeFileSync(path, readFileSync(path).subarray(0, -40));
    const second = await sweep(out, "--formats", "sf4,int4", "--groups", "16");
    assert.match(second.err, /^warning: .*journal\.jsonl: line 4 was torn by a crash.*\n3\/3 {2}int4@g16 [^\n]*\n$/);
    const strip = ({ timing: _, ...row }: Row) => row;
    assert.deepEqual(
      rows(out).map(({ checksum: _, ...row }: Row & { checksum?: string }) => strip(row)),
      whole.map(({ checksum: _, ...row }: Row & { checksum?: string }) => strip(row)),
    );
  });

  it("takes a config file, flags on top", async () => {
    const path = at("config.json");
    writeFileSync(
      path,
      JSON.stringify({ models: [model], tasks: [`perplexity:${text}`], formats: ["nf4"], groups: [8], context: 16 }),
    );
    const out = at("runs", "c");
    const { code, err } = await cli("sweep", path, "--groups", "16", "--out", out);
    assert.equal(code, 0, err);
    assert.deepEqual(
      rows(out).map(({ format }) => format),
      ["fp32", "nf4@g16"],
    );
  });

  it("says in one line what is wrong with a config, a format, a group or the folder, and starts nothing", async () => {
    const path = at("bad.json");
    writeFileSync(path, '{"fromats": ["sf4"]}');
    assert.match((await cli("sweep", path)).err, /bad\.json: unknown field "fromats" \(did you mean "formats"\?\)/);
    assert.match((await cli("sweep", at("none.json"))).err, /cannot read .*none\.json/);
    const out = at("runs", "d");
    const cases: [string[], RegExp][] = [
      [["--formats", "sf4,ind4"], /unknown element "ind4"/],
      [["--formats", "sf4", "--groups", "64"], /sf4@g64: group 64 is larger than the row of 32/],
      [["--formats", "sf4", "--groups", "rwo"], /sweep: groups\[0\]: expected a number, "row" or "tensor", got "rwo"/],
      [["--methods", "rnt"], /method "rnt": unknown/],
    ];
    for (const [words, message] of cases) {
      const { code, out: printed, err } = await sweep(out, ...words);
      assert.deepEqual([code, printed], [1, ""]);
      assert.match(err, message);
      assert.equal(existsSync(join(out, "sweep.json")), false);
    }
    assert.match((await sweep(text, "--formats", "sf4")).err, /text\.txt/);
    assert.match((await cli("report", at("nowhere"))).err, /nowhere.*sweep\.json/);
  });

  it("does not take the rows of another model under the same path", async () => {
    const out = at("runs", "e");
    const words = ["--formats", "sf4", "--groups", "16", "--out", out, "--context", "16"];
    const task = ["--tasks", `perplexity:${text}`];
    const changed = damaged("model.layers.0.self_attn.q_proj.weight", 0.5);
    await cli("sweep", "--models", changed, ...task, ...words);
    damaged("model.layers.0.self_attn.q_proj.weight", -0.5);
    const { code, err } = await cli("sweep", "--models", changed, ...task, ...words);
    assert.equal(code, 0, err);
    assert.equal(rows(out).length, 4);
    assert.equal(new Set(rows(out).map(({ modelSha256 }) => modelSha256)).size, 2);
    // The report is about the last sweep alone.
    assert.match((await cli("report", out)).out, /Of 1 formats? /);
  });

  it("a journal with rows that are no rows of a report is refused by name", async () => {
    const out = at("runs", "f");
    await sweep(out, "--formats", "sf4", "--groups", "16");
    const [base, row] = rows(out).map(({ checksum: _, ...row }: Row & { checksum?: string }) => row);
    writeFileSync(
      join(out, "journal.jsonl"),
      [{ journal: "bitfrontier", version: 1 }, base!, { ...row, perplexity: "low" }].map(sealLine).join(""),
    );
    const { code, err } = await cli("report", out);
    assert.equal(code, 1);
    assert.match(err, /row 1 .*perplexity must be a finite number or null/);
  });
});
