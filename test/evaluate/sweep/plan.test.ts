import assert from "node:assert/strict";
import {
  baselineOf,
  CONFIG_BYTES_MAX,
  type FormatNames,
  parseConfig,
  planTrials,
  type SweepConfig,
  validateConfig,
} from "../../../evaluate/sweep/index.ts";
import { UserError } from "../../../formats/error.ts";

const defaults: SweepConfig = {
  models: ["reference"],
  formats: ["sf4", "int4"],
  groups: [32, 128],
  methods: ["rtn"],
  activations: ["fp32"],
  kvCaches: ["fp32"],
  tasks: ["perplexity:reference"],
  context: null,
  limitWindows: null,
  heads: ["fp"],
  calibration: null,
  calibrationWindows: 128,
  seeds: [0],
  include: [],
  exclude: [],
};

const elements = ["sf4", "int4", "nf4"];
const names: FormatNames = {
  isElement: (id) => elements.includes(id.toLowerCase()),
  canonical: (id) => {
    if (id !== "mxfp4" && !elements.some((element) => id.toLowerCase().startsWith(`${element}@`)))
      throw new UserError(`format "${id}": unknown`);
    return id.toLowerCase();
  },
};

const bytes = (text: string) => new TextEncoder().encode(text);
const user = (message: string | RegExp) => ({ name: "UserError", message });

describe("validateConfig", () => {
  it("takes absent fields from the defaults and drops duplicates", () => {
    assert.deepEqual(validateConfig({ seeds: [7], groups: [64, "row", 64] }, defaults), {
      ...defaults,
      seeds: [7],
      groups: [64, "row"],
    });
    assert.deepEqual(validateConfig({ $schema: "./sweep.schema.json" }, defaults), defaults);
  });

  it("rejects an unknown field and names the nearest", () => {
    assert.throws(
      () => validateConfig({ fromats: ["sf4"] }, defaults, "a.json"),
      user(
        'a.json: unknown field "fromats" (did you mean "formats"?); known are models, formats, groups, methods, activations, kvCaches, heads, tasks, seeds, include, exclude, context, limitWindows, calibration, calibrationWindows',
      ),
    );
    assert.throws(() => validateConfig(JSON.parse('{"__proto__": 1}'), defaults), user(/unknown field "__proto__"/));
    assert.throws(() => validateConfig({ toString: 1 }, defaults), user(/unknown field "toString"/));
  });

  it("names the field and what was expected", () => {
    const cases: [object, string | RegExp][] = [
      [{ groups: [32, 0] }, "a.json: groups[1]: expected a whole number from 1 to 1048576, got 0"],
      [{ groups: ["rows"] }, 'a.json: groups[0]: expected a number, "row" or "tensor", got "rows"'],
      [{ groups: 32 }, "a.json: groups: expected a list of 1 to 1000, got 32"],
      [{ formats: [] }, "a.json: formats: expected a list of 1 to 1000, got []"],
      [{ formats: [4] }, "a.json: formats[0]: expected a text, got 4"],
      [{ seeds: [-1] }, "a.json: seeds[0]: expected a whole number from 0 to 4294967295, got -1"],
      [{ seeds: [1.5] }, "a.json: seeds[0]: expected a whole number from 0 to 4294967295, got 1.5"],
      [{ heads: ["all"] }, 'a.json: heads[0]: expected "fp" or "quant" or "untie", got "all"'],
      [{ context: 1 }, "a.json: context: expected a whole number from 2 to 16777216, got 1"],
      [{ models: [null] }, "a.json: models[0]: expected a text, got null"],
      [
        { include: [{}] },
        "a.json: include[0]: expected an object of some of model, format, method, activation, kv, head, task, seed, got {}",
      ],
      [{ exclude: [{ format: 4 }] }, "a.json: exclude[0]: format: expected a text, got 4"],
      [{ exclude: [{ formats: "a" }] }, /^a\.json: exclude\[0\]: formats: expected an object of some of model, /],
      [{ preset: "quik" }, /^a\.json: preset: expected "quick" or "paper-w4" or /],
      [{ $schema: 3 }, "a.json: $schema: expected a text, got 3"],
      [{ limitWindows: 0 }, "a.json: limitWindows: expected a whole number from 1, got 0"],
    ];
    for (const [value, message] of cases) assert.throws(() => validateConfig(value, defaults, "a.json"), user(message));
    for (const value of [null, [], 3, "x"])
      assert.throws(() => validateConfig(value, defaults), user(/expected an object/));
  });
});

describe("parseConfig", () => {
  it("reads a sweep file", () => {
    assert.equal(parseConfig(bytes('{"seeds": [3]}'), defaults, "a.json").seeds[0], 3);
  });
  it("says in one line that a file is not JSON, not UTF-8 or too large", () => {
    assert.throws(() => parseConfig(bytes("{seed: 3}"), defaults, "a.json"), user(/^a\.json: not valid JSON: [^\n]+$/));
    assert.throws(() => parseConfig(Uint8Array.of(0xff, 0xfe), defaults, "a.json"), user(/^a\.json: not valid JSON/));
    assert.throws(() => parseConfig(new Uint8Array(CONFIG_BYTES_MAX + 1), defaults, "a.json"), user(/1048577 bytes/));
  });
});

describe("planTrials", () => {
  it("puts the fp32 baselines first, then elements crossed with groups, each on all tasks in turn", () => {
    const plan = planTrials({ ...defaults, tasks: ["perplexity:a", "perplexity:b"] }, names);
    assert.deepEqual(
      plan.map(({ task, format, method }) => `${task} ${format} ${method}`),
      ["fp32 none", "sf4@g32 rtn", "sf4@g128 rtn", "int4@g32 rtn", "int4@g128 rtn"].flatMap((what) => [
        `perplexity:a ${what}`,
        `perplexity:b ${what}`,
      ]),
    );
    assert.equal(baselineOf(plan[0]!, plan), null);
    assert.equal(baselineOf(plan[7]!, plan), plan[1]);
  });

  it("runs each model on each task, and each seed only of methods that draw random numbers", () => {
    const config = {
      ...defaults,
      models: ["a", "b"],
      formats: ["sf4@g32"],
      methods: ["rtn", "hadamard"],
      seeds: [3, 5],
    };
    const plan = planTrials(config, names, (method) => method === "hadamard");
    assert.deepEqual(
      plan.map(({ model, format, method, seed }) => `${model} ${format} ${method} ${seed}`),
      ["a", "b"].flatMap((model) => [
        `${model} fp32 none 3`,
        `${model} sf4@g32 rtn 3`,
        `${model} sf4@g32 hadamard 3`,
        `${model} sf4@g32 hadamard 5`,
      ]),
    );
    assert.equal(baselineOf(plan[6]!, plan), plan[4]);
  });

  it("keeps what include matches and exclude does not, with the baselines of that", () => {
    const config = { ...defaults, models: ["a", "b"], methods: ["rtn", "gptq"] };
    const planned = (filters: Partial<SweepConfig>) =>
      planTrials({ ...config, ...filters }, names).map(({ model, format, method }) => `${model} ${format} ${method}`);
    assert.deepEqual(planned({ include: [{ format: "int4@*", model: "b" }], exclude: [{ method: "gp?q" }] }), [
      "b fp32 none",
      "b int4@g32 rtn",
      "b int4@g128 rtn",
    ]);
    assert.deepEqual(
      planned({
        include: [
          { format: "sf4@g32", method: "rtn" },
          { format: "*128", model: "a", method: "gptq" },
        ],
      }),
      ["a fp32 none", "a sf4@g32 rtn", "a sf4@g128 gptq", "a int4@g128 gptq", "b fp32 none", "b sf4@g32 rtn"],
    );
    // A dot is a dot, and full precision is called fp32.
    assert.throws(() => planned({ include: [{ format: "sf4.g32" }] }), user(/leave none of 18 trials/));
    assert.equal(planned({ exclude: [{ activation: "fp32", model: "a" }] }).length, 9);
  });

  it("takes an id that states its block once, and two spellings of a format as one", () => {
    const plan = planTrials({ ...defaults, formats: ["mxfp4", "sf4@g32", "SF4", "fp32"], groups: [32, "row"] }, names);
    assert.deepEqual(
      plan.map(({ format }) => format),
      ["fp32", "mxfp4", "sf4@g32", "sf4@row"],
    );
  });

  it("crosses formats with settings of activations and cache, all compared with the unquantized model", () => {
    const config = { ...defaults, formats: ["sf4@g32", "fp32"], activations: ["fp32", "same", "INT4"] };
    const plan = planTrials({ ...config, kvCaches: ["fp32", "nf4@g64"] }, names);
    assert.deepEqual(
      plan.map(({ format, activation, kv }) => [format, activation, kv]),
      [
        ["fp32", undefined, undefined],
        ["sf4@g32", undefined, undefined],
        ["fp32", undefined, "nf4@g64"],
        ["sf4@g32", undefined, "nf4@g64"],
        ["sf4@g32", "same", undefined],
        ["sf4@g32", "same", "nf4@g64"],
        // An element by itself is per token.
        ["fp32", "int4@row", undefined],
        ["sf4@g32", "int4@row", undefined],
        ["fp32", "int4@row", "nf4@g64"],
        ["sf4@g32", "int4@row", "nf4@g64"],
      ],
    );
    for (const trial of plan.slice(1)) assert.equal(baselineOf(trial, plan), plan[0]);
  });

  it("crosses formats with what becomes of the head, scope by scope, and filters by it", () => {
    const config = {
      ...defaults,
      formats: ["sf4@g32", "fp32"],
      activations: ["fp32", "int4@row"],
      kvCaches: ["nf4@g64"],
    };
    const planned = (more: Partial<SweepConfig>) =>
      planTrials({ ...config, ...more }, names).map((spec) => [spec.format, spec.activation, spec.scope].join(" "));
    assert.deepEqual(planned({ heads: ["fp", "quant"] }), [
      "fp32  linears",
      "fp32  linears",
      "sf4@g32  linears",
      "fp32 int4@row linears",
      "sf4@g32 int4@row linears",
      // A head of full-precision weights is in scope where its input is rounded.
      "sf4@g32  linears+head",
      "fp32 int4@row linears+head",
      "sf4@g32 int4@row linears+head",
    ]);
    assert.deepEqual(planned({ heads: ["fp", "quant", "untie"], include: [{ head: "unt*", format: "sf4*" }] }), [
      "fp32  linears",
      "sf4@g32  linears+untied-head",
      "sf4@g32 int4@row linears+untied-head",
    ]);
  });

  it("stops at an unknown format and at a plan too large to mean", () => {
    assert.throws(() => planTrials({ ...defaults, formats: ["sf5@g32"] }, names), user(/sf5@g32/));
    const many = Array.from({ length: 1000 }, (_, i) => `${i}`);
    assert.throws(
      () => planTrials({ ...defaults, tasks: many, methods: many }, names),
      user(/4001000 trials, more than 100000/),
    );
  });
});
