import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DistillRecord, distillModel } from "../../evaluate/distill.ts";
import type { Row } from "../../evaluate/trial/row.ts";
import { UserError } from "../../formats/index.ts";
import { shortOfMemory } from "../shortOfMemory.ts";
import { cli } from "./io.ts";
import { tinyText, writeTinyModel } from "./tinyModel.ts";

let folder: string;
let model: string;
const at = (...names: string[]) => join(folder, ...names);

before(() => {
  folder = mkdtempSync(join(tmpdir(), "bitfrontier-distill-"));
  process.env.BITFRONTIER_TEACHERS = at("teachers");
  model = writeTinyModel(at("model"));
  writeFileSync(at("text.txt"), tinyText(600));
  writeFileSync(at("evaluated.txt"), tinyText(900).slice(600));
});
after(() => {
  delete process.env.BITFRONTIER_TEACHERS;
  rmSync(folder, { recursive: true, force: true });
});

const words = (out: string, ...more: string[]) => [
  ...["distill", model, "--format", "twn", "--recipe", "tsld", "--text", at("text.txt"), "--context", "16"],
  ...["--batch", "4", "--tokens", "480", "--rate", "0.001", "--threads", "1", "--out", at(out), ...more],
];
const weights = (out: string) => readFileSync(at(out, "model.safetensors"));

describe("bitfrontier distill", () => {
  it("writes a model on the grid of its format, with budget and terms in its record", async () => {
    const { code, out, err } = await cli(...words("new/ternary", "--json"));
    assert.equal(code, 0, err);
    const record = JSON.parse(out) as DistillRecord;
    assert.deepEqual(record, JSON.parse(readFileSync(at("new/ternary", "bitfrontier.json"), "utf8")));
    const { training } = record;
    assert.deepEqual([training.steps, training.tokens, training.stoppedBy], [8, 480, "budget"]);
    assert.deepEqual(training.budget, { tokens: 480, seconds: null });
    assert.deepEqual(Object.keys(training.history[0]!.terms).sort(), ["ce", "tsld"]);
    assert.match(err, /^step 1\/8 {2}60 tokens {2}nats per token: tsld \d\.\d+ {2}ce \d\.\d+ {2}held out \d\.\d+$/m);
    assert.equal(record.bitsPerWeight, 2 + 16 / 36);
    assert.deepEqual(readdirSync(at("new")), ["ternary"]);
    const again = await cli("quantize", at("new/ternary"), "--format", "twn", "--out", at("rounded"), "--json");
    assert.equal((JSON.parse(again.out) as { weightMse: number }).weightMse, 0, again.err);
  });

  it("trains in parts where memory does not suffice, to the same losses, and says so once and in its record", async () => {
    const plain = JSON.parse((await cli(...words("plain", "--json"))).out) as DistillRecord;
    assert.deepEqual(plain.warnings, []);
    const { code, out, err } = await shortOfMemory(
      (tokens, graph) => tokens <= 30 || Buffer.from(graph).includes("part:iteration"),
      () => cli(...words("parts", "--json")),
    );
    assert.equal(code, 0, err);
    const record = JSON.parse(out) as DistillRecord;
    assert.deepEqual(record.warnings, [
      "training: out of memory with a batch of 4; went on with 2 at a time, in steps of 4 as before",
    ]);
    assert.deepEqual(
      err.match(/^warning: .*$/gm),
      record.warnings.map((text) => `warning: ${text}`),
    );
    assert.equal(record.training.steps, 8);
    for (const [i, { heldoutLoss }] of plain.training.history.entries())
      assert.ok(Math.abs(record.training.history[i]!.heldoutLoss - heldoutLoss) < 1e-4, `line ${i}`);
  });

  it("goes on from an interrupted run to the same model, and only when asked to", async () => {
    assert.equal((await cli(...words("whole"))).code, 0);
    const abort = new AbortController();
    const options = { model, format: "twn", recipe: "tsld", text: at("text.txt"), context: 16, batch: 4, tokens: 480 };
    const interrupted = distillModel({
      ...options,
      ...{ rate: 0.001, threads: 1, out: at("half"), versions: {}, signal: abort.signal },
      onProgress: ({ step }) => step === 3 && abort.abort(),
    });
    await assert.rejects(interrupted, (e) => e instanceof UserError && /interrupted after step 3 of 8/.test(e.message));
    assert.ok(!existsSync(at("half")) && existsSync(at("half.training.safetensors")));
    const refused = await cli(...words("half"));
    assert.equal(refused.code, 1);
    assert.match(refused.err, /half\.training\.safetensors: an unfinished run; go on with --resume, or remove it/);
    const other = await cli(...words("half", "--resume", "--seed", "2"));
    assert.match(other.err, /half\.training\.safetensors: a checkpoint of another run/);
    const resumed = await cli(...words("half", "--resume"));
    assert.equal(resumed.code, 0, resumed.err);
    assert.deepEqual(weights("half"), weights("whole"));
    assert.ok(!existsSync(at("half.training.safetensors")));
  });

  it("learns the same from logits kept on disk, and nearly the same from the largest of them", async () => {
    const losses: number[] = [];
    for (const teacher of ["graph", "full", "full", "top8"]) {
      const { out, err } = await cli(...words(`by-${losses.length}`, "--teacher", teacher, "--json"));
      losses.push((JSON.parse(out || assert.fail(err)) as DistillRecord).training.best.heldoutLoss);
    }
    const [graph, full, again, top] = losses as [number, number, number, number];
    assert.ok(Math.abs(full - graph) < 1e-5, `${full} against ${graph}`);
    assert.equal(again, full);
    assert.ok(Math.abs(top - graph) < 0.05 && top !== graph, `${top} against ${graph}`);
    // One folder for all probabilities, one for the eight largest.
    assert.equal(readdirSync(at("teachers")).length, 2);
  });

  it("says where weights alone are not what was trained", async () => {
    for (const [recipe, why] of [
      ["roste-rotated", /inputs of layers are rotated as it runs/],
      ["btt-elastic", /ranges of inputs are learned as it runs/],
    ] as const) {
      const own = ["--recipe", recipe, "--format", "int4@row", "--activation", "int4@row", "--tokens", "60"];
      const { code, err } = await cli(...words(`warned-${recipe}`), ...own);
      assert.equal(code, 0, err);
      assert.match(err, why);
    }
  });

  it("rounds the cache as LLM-QAT does, the heads of a token together, and says so", async () => {
    const kv = async (setting: string) => {
      const { out, err } = await cli(...words(`kv-${setting.replace("@", "-")}`, "--json", "--kv", setting));
      return JSON.parse(out || assert.fail(err)) as DistillRecord;
    };
    const [together, apart] = [await kv("int2@token"), await kv("int2@row")];
    assert.deepEqual([together.kv, apart.kv], ["int2@token", "int2@row"]);
    assert.notEqual(together.training.best.heldoutLoss, apart.training.best.heldoutLoss);
  });

  for (const [change, message] of [
    [["--recipe", "tslt"], /recipe "tslt": unknown; did you mean tsld\?/],
    [["--format", "twn2"], /twn2/],
    [["--time", "soon"], /--time takes a time such as 90s, 30m or 2h, not "soon"/],
    [["--rate", "0"], /--rate takes a number above 0/],
    [["--teacher", "top0"], /teacher "top0": expected graph, full or top64/],
    [["--text", "absent.txt"], /absent\.txt/],
    [["--tokens", "14"], /a budget of 14 tokens is less than one window of 15/],
    [["--activation", "int8@static"], /static ranges are not trained; take ranges of each token/],
    [["--recipe", "btt-elastic", "--activation", "nvfp4"], /nvfp4: a group of it is more than a codebook and a scale/],
    [
      ["--recipe", "btt", "--teacher", "full"],
      /btt compares layers, which stored logits do not have; take --teacher graph/,
    ],
    [["--format", "nvfp4", "--recipe", "paretoq"], /nvfp4: a group of it is more than a codebook and a scale/],
  ] as const) {
    it(`says what is wrong with ${change.join(" ")}`, async () => {
      const { code, err } = await cli(...words("wrong"), ...change);
      assert.notEqual(code, 0);
      assert.match(err, message);
      assert.ok(!existsSync(at("wrong")));
    });
  }
});

describe("recipes as methods", () => {
  it("give rows with budget and terms, other tensors trained too", async () => {
    const method = "tsld:tokens=200:rate=0.001:batch=2";
    const task = ["--task", `perplexity:${at("evaluated.txt")}`, "--context", "32", "--json", "--threads", "1"];
    const run = () =>
      cli("eval", model, "--format", "twn", "--method", method, "--calibration", at("text.txt"), ...task);
    const { code, out, err } = await run();
    assert.equal(code, 0, err);
    const [, row] = JSON.parse(out) as Row[];
    assert.equal(row!.method, "tsld:batch=2:rate=0.001:tokens=200");
    assert.equal(row!.training!.budget.tokens, 200);
    assert.deepEqual(Object.keys(row!.training!.history[0]!.terms).sort(), ["ce", "tsld"]);
    assert.match(
      JSON.stringify(row!.config.methodOptions),
      /^\{"training":\{"textSha256":"[0-9a-f]{64}","windows":\d+/,
    );
    const [, again] = JSON.parse((await run()).out) as Row[];
    assert.equal(again!.key, row!.key);
    assert.deepEqual(again!.windowLoss, row!.windowLoss);
  });

  it("that rotate or learn ranges are judged as they were trained", async () => {
    const task = ["--task", `perplexity:${at("evaluated.txt")}`, "--context", "32", "--json", "--threads", "1"];
    for (const [recipe, format] of [
      ["roste-rotated", "int4@row"],
      ["btt-elastic", "int3@row"],
    ] as const) {
      const words = ["--format", format, "--activation", "int3@row", "--calibration", at("text.txt"), ...task];
      const run = async (tokens: number, rate: number) => {
        const method = `${recipe}:tokens=${tokens}:rate=${rate}:batch=2`;
        const { code, out, err } = await cli("eval", model, ...words, "--method", method);
        assert.equal(code, 0, err);
        return (JSON.parse(out) as Row[])[1]!;
      };
      const [still, row] = [await run(126, 1e-9), await run(1260, 0.003)];
      assert.ok(row.perplexity! < 0.99 * still.perplexity!, `${recipe} ${row.perplexity} ${still.perplexity}`);
      const { rotated, inputRanges } = row.training!;
      const layers = row.layers.map(({ name }) => name);
      if (recipe === "btt-elastic") assert.deepEqual(Object.keys(inputRanges!).sort(), layers.sort());
      else assert.deepEqual(rotated, layers);
    }
  });

  it("need a text, know their options, and are no business of quantize", async () => {
    const task = ["--task", `perplexity:${at("evaluated.txt")}`, "--context", "32"];
    const none = await cli("eval", model, "--format", "twn", "--method", "tsld", ...task);
    assert.match(none.err, /method "tsld:seed=0" needs a text to train on; give one with --calibration FILE/);
    const odd = await cli("eval", model, "--format", "twn", "--method", "tsld:steps=3", ...task);
    assert.match(odd.err, /method "tsld:steps=3": tsld has no option "steps" \(known: tokens, rate, batch, seed\)/);
    const half = await cli("eval", model, "--format", "twn", "--method", "tsld:tokens=1.5", ...task);
    assert.match(half.err, /option tokens takes a whole number above 0/);
    const quantize = await cli("quantize", model, "--format", "twn", "--method", "tsld", "--out", at("q"));
    assert.match(quantize.err, /method "tsld" retrains; bitfrontier distill writes such a model/);
  });
});
