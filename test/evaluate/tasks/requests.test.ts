import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { evaluateModel } from "../../../evaluate/evaluate.ts";
import { packageRoot } from "../../../evaluate/model/index.ts";
import { type Request, type RequestScore, type ScoredModel, taskById } from "../../../evaluate/tasks/index.ts";
import { assertUserError, sharedPath, temporaryDirectory } from "../model/support.ts";

const encode = (text: string) => [1, ...Buffer.from(text)];
const decode = (ids: ArrayLike<number>) => Buffer.from(Array.from(ids).filter((id) => id !== 1)).toString();

function prepare(task: string, lines: unknown[], { context = 64, limitWindows = null as number | null } = {}) {
  const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
  return taskById(task).prepare(
    { task, source: "a.jsonl" },
    { data: { kind: "lines", text }, encode, prefix: 1, context, limitWindows },
  );
}

/** A model that says what `answer` says, and what it was asked. */
function modelOf(answer: (context: string, continuation: string) => RequestScore) {
  const asked: [string, string][] = [];
  const model: ScoredModel = {
    windows: () => Promise.reject(new Error("not asked for")),
    remember: () => Promise.reject(new Error("not asked for")),
    divergences: () => Promise.reject(new Error("not asked for")),
    continuations: async (requests: readonly Request[]) =>
      requests.map(({ context, continuation }) => {
        asked.push([decode(context), decode(continuation)]);
        return answer(...asked.at(-1)!);
      }),
  };
  return { asked, model };
}

const scoreOf = (greedy: boolean, ...logProbs: number[]) => ({ greedy, logProbs: Float64Array.from(logProbs) });

describe("lambada", () => {
  it("splits a text at its last space, and takes split lines as they are, the space going to the continuation", async () => {
    const lines = [
      { text: "one two three" },
      { context: "one two", continuation: "four" },
      { context: "one two ", continuation: "five" },
    ];
    const { asked, model } = modelOf(() => scoreOf(false, -1));
    await prepare("lambada", lines).measure(model);
    assert.deepEqual(asked, [
      ["one two", " three"],
      ["one two", " four"],
      ["one two", " five"],
    ]);
  });

  it("counts an example as right where all tokens are the most likely, and takes the perplexity over examples", async () => {
    const lines = ["a b", "a c", "a d", "a e"].map((text) => ({ text }));
    // 4 words with −Σ log p of ln 4, ln 4, ln 16, ln 16: exp(mean) = 8, over 8 tokens 2√2.
    const answers = [1, 1, 2, 2].map((n) => scoreOf(n === 1, -n * Math.LN2, -n * Math.LN2));
    const { model } = modelOf(() => answers.shift()!);
    const data = prepare("lambada", lines);
    assert.equal(data.protocol, "lambada-openai-64");
    const { perplexity, perplexitySigma, metrics, windows, tokens, windowLoss } = await data.measure(model);
    assert.deepEqual(
      windowLoss,
      [1, 1, 2, 2].map((n) => n * Math.LN2),
    );
    assert.ok(Math.abs(perplexity! - 8) < 1e-12);
    // σ of the mean of (1,1,2,2)·ln 4 is ln 4 · √(1/3)/2 = 0.400188, times 8.
    assert.ok(Math.abs(perplexitySigma! - 3.201505) < 1e-5);
    assert.deepEqual([windows, tokens], [4, 8]);
    assert.deepEqual(metrics!.acc!.examples, [1, 1, 0, 0]);
    // √(0.5 · 0.5 / 3)
    assert.ok(Math.abs(metrics!.acc!.sigma! - 0.2886751) < 1e-6);
    assert.ok(Math.abs(metrics!.ppl_token!.value! - 2.8284271) < 1e-6);
    // 2.8284271 · 0.400188 / 2
    assert.ok(Math.abs(metrics!.ppl_token!.sigma! - 0.565951) < 1e-5);
  });

  it("is null with a reason, and survives JSON, where the model diverges", async () => {
    const { model } = modelOf(() => scoreOf(false, Number.NaN));
    const measured = await prepare("lambada", [{ text: "a b" }, { text: "a c" }]).measure(model);
    assert.deepEqual(JSON.parse(JSON.stringify(measured)), {
      perplexity: null,
      perplexitySigma: null,
      windowLoss: [],
      windows: 2,
      tokens: 4,
      reason: "divergent: the loss of window 1 of 2 is NaN",
      metrics: {
        acc: { value: null, sigma: null, reason: "divergent: a loss is NaN" },
        ppl_token: { value: null, sigma: null, reason: "divergent: a loss is NaN" },
      },
    });
  });

  it("cuts a long context from the left, says so, and refuses a continuation that does not fit", async () => {
    const { asked, model } = modelOf(() => scoreOf(false, -1));
    const data = prepare("lambada", [{ text: "abcdefghij xyz" }, { text: "a b" }], { context: 8 });
    assert.deepEqual(data.warnings, ["1 of 2 contexts were cut from the left to 8 tokens"]);
    await data.measure(model);
    // 8 positions read 9 tokens less the last: 5 of the context and the 4 of " xyz".
    assert.deepEqual(asked[0], ["fghij", " xyz"]);
    assertUserError(() => prepare("lambada", [{ text: "a bcdefghij" }], { context: 8 }), "a.jsonl line 1", "10 tokens");
  });

  it("names the line that is wrong", () => {
    const good = { text: "a b" };
    assertUserError(() => prepare("lambada", []), "a.jsonl", "no examples");
    assertUserError(() => prepare("lambada", [good, "{"]), "a.jsonl line 2", "JSON object");
    assertUserError(() => prepare("lambada", [good, "[1]"]), "a.jsonl line 2", "JSON object");
    assertUserError(() => prepare("lambada", [good, "", { words: 1 }]), "line 3", "context and continuation", "words");
    assertUserError(() => prepare("lambada", [{ text: 7 }]), "line 1", '"text"');
    assertUserError(() => prepare("lambada", [{ text: "word" }]), "line 1", "last word");
    assertUserError(() => prepare("lambada", [{ context: "a", continuation: "" }]), "line 1", '"continuation"');
  });
});

describe("piqa and choices", () => {
  const hub = { goal: "open a jar", sol1: "twist", sol2: "shout at it", label: 1 };
  const templated = { query: "Question: open a jar\n", choices: ["twist", "shout at it"], gold: 1 };

  it("ask the same of the Hub's fields and of templated lines, with or without the answer's head", async () => {
    const answered = { ...templated, query: "Question: open a jar\nAnswer:" };
    for (const line of [hub, { ...hub, label: "1" }, templated, answered]) {
      const { asked, model } = modelOf(() => scoreOf(false, -1));
      await prepare("piqa", [line]).measure(model);
      assert.deepEqual(asked, [
        ["Question: open a jar\nAnswer:", " twist"],
        ["Question: open a jar\nAnswer:", " shout at it"],
      ]);
    }
  });

  it("choices moves the white space at the end of a query to the continuation", async () => {
    const { asked, model } = modelOf(() => scoreOf(false, -1));
    await prepare("choices", [templated, { ...templated, query: "Q" }]).measure(model);
    assert.deepEqual(asked, [
      ["Question: open a jar", "\ntwist"],
      ["Question: open a jar", "\nshout at it"],
      ["Q", " twist"],
      ["Q", " shout at it"],
    ]);
  });

  it("acc takes the highest log-likelihood, acc_norm that over the characters, the first of equals", async () => {
    // −6 against −11: a twist; over 5 and 11 characters −1.2 against −1: shout.
    const answers = [scoreOf(false, -6), scoreOf(false, -5, -6), scoreOf(false, -3), scoreOf(false, -3)];
    const { model } = modelOf(() => answers.shift()!);
    const equal = { ...hub, sol1: "😀", sol2: "x", label: 0 };
    const data = prepare("piqa", [hub, equal]);
    assert.equal(data.protocol, "piqa-0shot-64");
    const { metrics, windowLoss, perplexity, reason, windows, tokens } = await data.measure(model);
    assert.deepEqual(
      [metrics!.acc!.examples, metrics!.acc_norm!.examples],
      [
        [0, 1],
        [1, 1],
      ],
    );
    assert.deepEqual(windowLoss, [5.5, 3]);
    assert.deepEqual([perplexity, windows, tokens], [null, 2, 5]);
    assert.match(reason!, /no perplexity/);
  });

  it("a limit takes examples evenly spaced and has its own protocol id", async () => {
    const lines = ["a", "b", "c", "d"].map((query) => ({ query, choices: ["x", "y"], gold: 0 }));
    const { asked, model } = modelOf(() => scoreOf(false, -1));
    const data = prepare("choices", lines, { limitWindows: 2 });
    assert.equal(data.protocol, "choices-0shot-64-subset2");
    await data.measure(model);
    assert.deepEqual(
      asked.map(([query]) => query),
      ["a", "a", "c", "c"],
    );
  });

  it("name the line and the field that is wrong", () => {
    assertUserError(() => prepare("piqa", [{ ...hub, label: 2 }]), "line 1", '"label"', "2 choices");
    assertUserError(() => prepare("piqa", [{ ...hub, label: -1 }]), '"label"');
    assertUserError(() => prepare("piqa", [{ ...hub, sol2: null }]), '"sol2"');
    assertUserError(() => prepare("piqa", [{ goal: "x" }]), "line 1", "goal, sol1, sol2, label");
    assertUserError(() => prepare("piqa", [{ ...templated, query: "What?" }]), '"Question: "');
    assertUserError(() => prepare("choices", [hub]), "query, choices and gold");
    assertUserError(() => prepare("choices", [{ ...templated, choices: ["one"] }]), "2 to 64");
    assertUserError(() => prepare("choices", [{ ...templated, choices: ["one", 2] }]), "2 to 64");
    assertUserError(() => prepare("choices", [{ ...templated, gold: 1.5 }]), '"gold"');
  });
});

describe("hellaswag, winogrande, arc and boolq", () => {
  async function askedOf(task: string, line: unknown): Promise<[string, string][]> {
    const { asked, model } = modelOf(() => scoreOf(false, -1));
    await prepare(task, [line], { context: 256 }).measure(model);
    return asked;
  }

  it("ask the same of the Hub's fields and of templated lines (llm-foundry's)", async () => {
    const pairs: [task: string, hub: object, templated: object, first: [string, string]][] = [
      [
        "hellaswag",
        {
          activity_label: "Tea",
          ctx_a: "[header] Boil [title] It",
          ctx_b: "A  MAN",
          endings: ["sits [x].", "runs"],
          label: "1",
        },
        { query: "Tea: Boil. It A man", choices: ["sits .", "runs"], gold: 1 },
        ["Tea: Boil. It A man", " sits ."],
      ],
      [
        "winogrande",
        { sentence: "Ann met Eva, so _ smiled. ", option1: "Ann", option2: "Eva", answer: "2" },
        { context_options: ["Ann met Eva, so Ann", "Ann met Eva, so Eva"], continuation: "smiled.", gold: 1 },
        ["Ann met Eva, so Ann", " smiled."],
      ],
      [
        "arc-easy",
        { question: "Wet?", choices: { text: ["rain", "fire"], label: ["1", "2"] }, answerKey: "1" },
        { query: "Question: Wet?\n", choices: ["rain", "fire"], gold: 0 },
        ["Question: Wet?\nAnswer:", " rain"],
      ],
      [
        "boolq",
        { passage: "Rain is wet.", question: "is rain wet", label: 1 },
        { query: "Passage: Rain is wet.\nQuestion: is rain wet?", choices: ["no", "yes"], gold: 1 },
        ["Rain is wet.\nQuestion: is rain wet?\nAnswer:", " no"],
      ],
    ];
    for (const [task, hub, templated, first] of pairs) {
      const asked = await askedOf(task, hub);
      assert.deepEqual(asked[0], first);
      assert.deepEqual(await askedOf(task, templated), asked, task);
    }
    const original = { passage: "Rain is wet.", question: "is rain wet", answer: true };
    assert.deepEqual(await askedOf("boolq", original), await askedOf("boolq", pairs[3]![1]));
  });

  it("winogrande and boolq have acc alone, as in lm-eval", async () => {
    const { model } = modelOf((context) => scoreOf(false, context.endsWith("Eva") ? -1 : -2));
    const line = { sentence: "Ann met Eva, so _ smiled.", option1: "Ann", option2: "Eva", answer: "2" };
    const { metrics, reason } = await prepare("winogrande", [line, line]).measure(model);
    assert.deepEqual(metrics, { acc: { value: 1, sigma: 0, examples: [1, 1] } });
    assert.equal(reason, "winogrande has no perplexity: its figures are acc");
  });

  it("name the line and the field that is wrong", () => {
    const blank = { sentence: "No blank.", option1: "a", option2: "b", answer: "1" };
    assertUserError(() => prepare("winogrande", [blank]), "line 1", '"_"');
    assertUserError(
      () => prepare("winogrande", [{ ...blank, sentence: "A _ b", answer: "3" }]),
      '"answer" must be 1 or 2',
    );
    assertUserError(() => prepare("winogrande", [{ goal: "x" }]), "sentence, option1", "context_options");
    const arc = { question: "Wet?", choices: { text: ["rain", "fire"], label: ["A", "B"] }, answerKey: "C" };
    assertUserError(() => prepare("arc-easy", [arc]), "line 1", '"answerKey"');
    assertUserError(() => prepare("arc-challenge", [{ ...arc, choices: ["rain", "fire"] }]), '"choices"', "label");
    assertUserError(() => prepare("boolq", [{ query: "Wet?", choices: ["no", "yes"], gold: 1 }]), "Passage");
    assertUserError(() => prepare("boolq", [{ passage: "a", question: "b", label: 2 }]), '"label"');
    assertUserError(() => prepare("hellaswag", [{ activity_label: "a" }]), "ctx_a", "query, choices and gold");
  });
});

describe("tasks on stories260K", () => {
  const { at } = temporaryDirectory();
  const read = (name: string) => JSON.parse(readFileSync(join(packageRoot(), "test", "golden", name), "utf8"));
  /** Counts and perplexities of transformers on torch, by test/golden/make-continuations.py. */
  const golden = read("continuations.golden.json") as Record<string, Record<string, number>>;

  async function rowsOf(task: string, file: string, count: number, format: string | null) {
    const text = readFileSync(sharedPath("evaltext", file)!, "utf8");
    writeFileSync(at("first.jsonl"), text.split("\n").slice(0, count).join("\n"));
    const model = sharedPath("models", "stories260K")!;
    const given = { model, format, method: "rtn", context: null, limitWindows: null, threads: 1 };
    return evaluateModel({ ...given, task: `${task}:${at("first.jsonl")}` });
  }

  function shared(test: Mocha.Context): void {
    if (sharedPath("models", "stories260K") !== null) return;
    console.log("      skipped: ../shared has no stories260K");
    test.skip();
  }

  it("LAMBADA: the first 200 score as on transformers, 3 right and perplexity 31.4 a token", async function () {
    shared(this);
    const [row] = await rowsOf("lambada", "lambada_openai_first2576.jsonl", 200, null);
    const { acc, ppl_token } = row!.metrics!;
    assert.equal(acc!.value, 3 / 200);
    assert.deepEqual([row!.windows, row!.tokens], [golden.lambada!.examples, golden.lambada!.tokens]);
    assert.ok(Math.abs(ppl_token!.value! / golden.lambada!.perplexityPerToken! - 1) < 1e-5);
    assert.ok(Math.abs(row!.perplexity! / golden.lambada!.perplexity! - 1) < 1e-4);
  });

  it("PIQA: the first 150 score as on transformers, and a format has its paired difference", async function () {
    shared(this);
    for (const task of ["piqa", "choices"]) {
      const [row, quantized] = await rowsOf(task, "piqa_valid.jsonl", 150, "int3@g32");
      const { acc, acc_norm } = row!.metrics!;
      assert.deepEqual([acc!.value! * 150, acc_norm!.value! * 150].map(Math.round), [
        golden[task]!.acc,
        golden[task]!.accNorm,
      ]);
      assert.equal(acc!.delta, undefined);
      const { value, delta, deltaSigma } = quantized!.metrics!.acc!;
      assert.ok(Math.abs(delta! - (value! - acc!.value!)) < 1e-12);
      assert.ok(deltaSigma! > 0 && deltaSigma! < acc!.sigma! * 1.5);
      assert.ok(quantized!.deltaLoss! > 0);
    }
  });
});
