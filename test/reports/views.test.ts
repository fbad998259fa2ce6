import assert from "node:assert/strict";
import { frontier } from "../../reports/frontier.ts";
import { sentence } from "../../reports/summary.ts";
import { rowNames, views } from "../../reports/views.ts";
import { codebooks, makeRow, makeRows } from "./fixture.ts";

describe("views", () => {
  it("views(rows, codebooks) draws area at each group size, the commonest width by itself, and bits over all", () => {
    const found = views(makeRows(), codebooks).map((view) => [
      view.frontier.x.id,
      view.group,
      view.bits,
      view.frontier.points.length,
    ]);
    assert.deepEqual(found, [
      ["areaGe", 128, null, 20],
      ["areaGe", 128, 4, 14],
      ["areaGe", 32, null, 20],
      ["areaGe", 32, 4, 14],
      ["bitsPerWeight", null, null, 40],
    ]);
  });

  it("views(rows) never joins models, tasks, protocols, scopes or cost sources", () => {
    const rows = makeRows();
    const other = rows.map((row) => ({ ...row, key: `${row.key}/b`, model: "b", modelSha256: "b" }));
    const published = rows.slice(1, 8).map((row) => ({
      ...row,
      key: `${row.key}/published`,
      method: "other",
      cost: { ...row.cost!, provenance: "published" as const, source: "paper, Table 10" },
    }));
    const found = views([...rows, ...other, ...published]);
    assert.equal(found.filter((view) => view.model === "b").length, 3);
    assert.equal(found.filter((view) => view.model === "reference" && view.frontier.x.id === "areaGe").length, 3);
  });

  it("views(rows) draws a frontier for each setting of activations and cache, with the unquantized model in all", () => {
    const rows = makeRows();
    const settings = [{ activation: "same" }, { activation: "int8@row", kv: "int4@row" }];
    const others = settings.flatMap((setting) =>
      rows.slice(1).map((row) => ({ ...row, ...setting, key: `${row.key} ${setting.activation}` })),
    );
    const w16 = { ...rows[0]!, activation: "same", key: "w16" };
    const found = views([...rows, ...others, w16]);
    assert.deepEqual(
      [...new Set(found.map(({ setting }) => setting))],
      ["", "activations as the weights", "activations int8@row, KV cache int4@row"],
    );
    for (const { setting, frontier } of found) {
      assert.equal(frontier.baseline, rows[0]);
      // Full-precision weights in a setting are a row like any other, of 32 bits.
      const hasW16 = frontier.points.some(({ row }) => row === w16);
      assert.equal(hasW16, setting === "activations as the weights" && frontier.x.id === "bitsPerWeight");
    }
    assert.match(sentence(found.at(-1)!), /on reference, activations int8@row, KV cache int4@row, /);
    assert.throws(
      () => frontier([rows[1]!, others[1]!], { x: "areaGe", y: "deltaLoss" }),
      /rows of different activations and cache cannot be compared/,
    );
  });

  it("views(rows) draws a frontier for each scope, with the unquantized model in all", () => {
    const rows = makeRows();
    const others = ["linears+head", "linears+untied-head"].flatMap((scope) =>
      rows.slice(1).map((row) => ({ ...row, scope, key: `${row.key} ${scope}` })),
    );
    const found = views([...rows, ...others]);
    assert.deepEqual(
      [...new Set(found.map(({ scope, setting }) => `${scope}: ${setting}`))],
      ["linears: ", "linears+head: head rounded", "linears+untied-head: head untied and rounded"],
    );
    for (const { scope, frontier } of found) {
      assert.equal(frontier.baseline, rows[0]);
      assert.ok(frontier.points.every(({ row }) => row.scope === scope));
    }
    assert.match(sentence(found.at(-1)!), /on reference, head untied and rounded, /);
  });

  it("views(rows) compares by perplexity where there is no baseline to difference with", () => {
    const rows = makeRows()
      .slice(1, 6)
      .map((row) => ({ ...row, deltaLoss: null, deltaLossSigma: null }));
    assert.equal(views(rows)[0]?.frontier.y.id, "perplexity");
    assert.equal(views(rows)[0]?.frontier.baseline, null);
  });

  it("views(rows) name the task where there are several", () => {
    const other = makeRows().map((row) => ({ ...row, key: `${row.key} b`, task: "perplexity:/texts/b.txt" }));
    const found = views([...makeRows(), ...other]);
    assert.match(sentence(found[0]!), /^Of 20 formats at g128 on reference, perplexity:heldout, /);
    assert.match(sentence(found.at(-1)!), / on reference, perplexity:b\.txt, /);
  });

  it("rowNames(rows) gives the shortest names that are unique", () => {
    const a = makeRow({ key: "1", format: "int4@g128", element: "int4" });
    const names = (...rows: Parameters<typeof rowNames>[0]) => [...rowNames(rows).values()];
    assert.deepEqual(names(a), ["int4"]);
    assert.deepEqual(names(a, { ...a, key: "2", format: "int4@g32" }), ["int4@g128", "int4@g32"]);
    assert.deepEqual(names(a, { ...a, key: "2", method: "gptq" }), ["int4@g128 rtn", "int4@g128 gptq"]);
    assert.deepEqual(names(a, { ...a, key: "2", scope: "linears+head", kv: "int4@row" }), [
      "int4@g128 rtn",
      "int4@g128 rtn head rounded, KV cache int4@row",
    ]);
    assert.deepEqual(names(a, { ...a, key: "2", seed: 7 }), ["int4@g128 rtn seed 0", "int4@g128 rtn seed 7"]);
  });

  it("sentence(view) names the frontier from the cheapest to the best", () => {
    assert.match(
      sentence(views(makeRows(), codebooks)[0]!),
      /^Of 20 formats at g128 on reference, 4 are worth the area: int3 → e2m1 → e2m2 → int8; e2m1\+sp, apot4 tie /,
    );
  });
});
