import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { methodById } from "../../../evaluate/methods/index.ts";
import { packageRoot } from "../../../evaluate/model/index.ts";
import {
  defaultConfig,
  parseFilter,
  presetConfig,
  presets,
  sweepSchema,
  validateConfig,
} from "../../../evaluate/sweep/index.ts";
import { parseFormat } from "../../../formats/index.ts";

const path = join(packageRoot(), "evaluate", "sweep", "sweep.schema.json");

describe("the JSON Schema of sweep files", () => {
  const validate = new Ajv({ strict: true, allErrors: false }).compile(sweepSchema());

  it("is published as it is generated (UPDATE_SCHEMA=1 npm test writes it)", () => {
    const wanted = `${JSON.stringify(sweepSchema(), null, 2)}\n`;
    if (process.env.UPDATE_SCHEMA === "1") writeFileSync(path, wanted);
    assert.equal(readFileSync(path, "utf8").replaceAll("\r\n", "\n"), wanted);
  });

  it("takes exactly what the validator takes", () => {
    const values: unknown[] = [
      ...[null, true, false, 0, 1, -1, 2, 1.5, 2 ** 20, 2 ** 20 + 1, 2 ** 24, 2 ** 24 + 1, 2 ** 32 - 1, 2 ** 32, 1e300],
      ...["", " ", "\t\n", "a", "row", "tensor", "linears", "all", "quick", "deep", "fp32", "reference"],
      ...[[], {}, [[]], [null], [1], [1.5], [0], ["a"], [""], ["row"], ["rows"], ["row", 32], [1, "a"], [true], [{}]],
      ...[
        [{ format: "a" }],
        [{ format: "" }],
        [{ format: 3 }],
        [{ formats: "a" }],
        [{ seed: "1", kv: "x" }],
        [{ a: 1 }, 2],
      ],
      ...[new Array(1000).fill("a"), new Array(1001).fill("a"), new Array(1001).fill(1), { format: "a" }],
    ];
    let taken = 0;
    const agree = (file: unknown) => {
      let accepted = true;
      try {
        validateConfig(file, defaultConfig);
      } catch {
        accepted = false;
      }
      assert.equal(validate(file), accepted, `${JSON.stringify(file)?.slice(0, 100)}: we say ${accepted}`);
      if (accepted) taken++;
    };
    const names = [...Object.keys(defaultConfig), "$schema", "preset", "model", "Formats", "constructor"];
    for (const name of names) for (const value of values) agree({ [name]: value });
    for (const value of values) agree(value);
    agree({ ...defaultConfig, $schema: "./sweep.schema.json" });
    for (const { config } of Object.values(presets)) agree(config);
    assert.ok(taken > 60, `${taken} taken`);
  });

  it("describes every field, and offers the presets", () => {
    const { properties } = sweepSchema() as { properties: Record<string, { description?: string; enum?: string[] }> };
    for (const name of Object.keys(defaultConfig)) assert.ok(properties[name]?.description, name);
    assert.deepEqual(properties.preset?.enum, ["quick", "paper-w4", "paper-w4a4", "deep"]);
  });
});

describe("presets", () => {
  it("name formats and methods that exist", () => {
    for (const name of Object.keys(presets)) {
      const { formats, methods, activations } = presetConfig(name);
      for (const id of formats) parseFormat(`${id}@g32`);
      for (const id of methods) assert.equal(methodById(id).id, id);
      assert.ok(activations.length > 0);
    }
  });
  it("are where a file starts that names one", () => {
    const config = validateConfig({ preset: "paper-w4a4", groups: [64] }, defaultConfig);
    assert.deepEqual([config.activations, config.groups, config.methods], [["same"], [64], ["rtn", "smoothquant"]]);
    assert.throws(
      () => presetConfig("deeep"),
      /--preset: "deeep" is no preset \(did you mean "deep"\?\); known are quick, /,
    );
  });
});

describe("parseFilter", () => {
  it("reads FIELD=PATTERN, separated by spaces", () => {
    assert.deepEqual(parseFilter("format=[-1,0,1]@g*  method=*gptq*"), { format: "[-1,0,1]@g*", method: "*gptq*" });
    assert.throws(
      () => parseFilter("formats=a"),
      /"formats=a"; expected FIELD=PATTERN with one of .* \(did you mean "format"\?\)/,
    );
    assert.throws(() => parseFilter(""), /expected FIELD=PATTERN/);
  });
});
