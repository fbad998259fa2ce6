import assert from "node:assert/strict";
import type { Row } from "../../evaluate/trial/row.ts";
import { changesBetween } from "../../reports/changes.ts";
import { composeReport } from "../../reports/report.ts";
import { renderSvg } from "../../reports/svg.ts";
import { makeInput, makeRow } from "./fixture.ts";

/** Eight windows of very unequal text; `wobble` alternates in sign. */
function row(format: string, loss: number, wobble = 0, changes: Partial<Row> = {}): Row {
  const windowLoss = [2, 5, 3, 4, 1, 6, 2, 5].map((text, i) => text + loss + (i % 2 === 0 ? wobble : -wobble));
  return makeRow({ key: `${format}-${loss}`, format, element: format, deltaLoss: loss, windowLoss, ...changes });
}

const before = [row("same", 0.1), row("better", 0.1), row("worse", 0.1), row("within", 0.1), row("gone", 0.1)];
const now = [
  row("same", 0.1, 0, { key: "of another version" }),
  row("better", 0.09),
  row("worse", 0.2),
  row("within", 0.11, 0.1),
  row("new", 0.3),
];

describe("changesBetween", () => {
  it("changesBetween(now, before) pairs windows: a small steady change is sure, a wobble is within its error", () => {
    const { trials, appeared, vanished } = changesBetween(now, before);
    assert.deepEqual(
      trials.map(({ row, verdict, paired }) => [row.format, verdict, paired]),
      [
        ["same", "same", true],
        ["better", "better", true],
        ["worse", "worse", true],
        ["within", "within", true],
      ],
    );
    assert.ok(Math.abs(trials[2]!.mean! - 0.1) < 1e-12);
    // wobble 0.1 over 8 windows: 0.1/√7
    assert.ok(Math.abs(trials[3]!.sigma! - 0.1 / Math.sqrt(7)) < 1e-12);
    assert.deepEqual([appeared[0]!.format, vanished[0]!.format], ["new", "gone"]);
  });

  it("changesBetween(now, before) takes other windows as independent, and another protocol as another trial", () => {
    const other = row("a", 0.3, 0, { windowLoss: [1, 2, 3], deltaLossSigma: 0.03 });
    const { trials } = changesBetween([row("a", 0.1, 0, { deltaLossSigma: 0.04 })], [other]);
    assert.deepEqual([trials[0]!.paired, trials[0]!.verdict], [false, "better"]);
    assert.ok(Math.abs(trials[0]!.sigma! - 0.05) < 1e-12);
    const { trials: none, appeared } = changesBetween([row("a", 0.1)], [row("a", 0.1, 0, { protocol: "windows-512" })]);
    assert.deepEqual([none.length, appeared.length], [0, 1]);
  });

  it("changesBetween(now, before) says why a trial cannot be compared, and that weights are others", () => {
    const failed = row("a", 0.1, 0, {
      perplexity: null,
      deltaLoss: null,
      windowLoss: [],
      reason: "the loss overflowed",
    });
    const [trial] = changesBetween([row("a", 0.1, 0, { modelSha256: "other" })], [failed]).trials;
    assert.deepEqual([trial!.verdict, trial!.reason, trial!.otherWeights], ["unknown", "the loss overflowed", true]);
  });

  it("changesBetween(now, before) tells which rows moved in a frontier", () => {
    const pair = (loss: number) => [row("a", 0.2, 0, { bitsPerWeight: 4 }), row("b", loss, 0, { bitsPerWeight: 5 })];
    const { moves } = changesBetween(pair(0.1), pair(0.3), [], { costs: ["bitsPerWeight"] });
    assert.deepEqual(
      moves.map(({ row, from, to }) => [row.format, from, to]),
      [["b", "dominated", "frontier"]],
    );
  });
});

describe("composeReport(input, {against})", () => {
  it("says what changed in a sentence, a chart and a table", async () => {
    const report = composeReport({ ...makeInput(), rows: now }, { against: { rows: before, name: "runs/<old>" } });
    const { heading, text, figure, table } = report.changes!;
    assert.equal(heading, "What changed against runs/<old>");
    assert.match(
      text!,
      /^Of 4 trials in both sweeps, 1 are the same in every window; 1 got better and 1 worse in loss/,
    );
    assert.match(text!, /1 appeared, 1 vanished; \d+ changed their place in one of \d+ frontiers/);
    const costed = (source: string) =>
      makeInput().rows.map((each) => ({ ...each, cost: each.cost && { ...each.cost, source } }));
    const options = { costs: ["areaGe" as const] };
    assert.equal(changesBetween(costed("a"), costed("b"), [], options).frontiers, 0);
    assert.equal(changesBetween(costed("a"), costed("a"), [], options).frontiers, 2);
    const words = table!.rows.map((cells) => [cells[0]!.text, cells[4]!.text]);
    assert.deepEqual(words.slice(0, 2), [
      ["better", "better"],
      ["worse", "worse"],
    ]);
    assert.ok(words.some(([format, what]) => format === "gone" && what === "vanished"));
    const svg = await renderSvg(figure!.spec, { id: "changes", title: "t" });
    assert.match(svg, /worse: 0\.100000 ± 0\.000000, worse|worse: 0\.10+ ± 0\.0+, worse/);
  });

  it("tells trials of one format in several settings apart", () => {
    const headed = now.map((each) => ({ ...each, key: `${each.key} head`, scope: "linears+head" }));
    const against = { rows: before, name: "x" };
    const { table } = composeReport({ ...makeInput(), rows: [...now, ...headed] }, { against }).changes!;
    assert.equal(table!.columns[2]!.name, "setting");
    const appeared = table!.rows.filter((cells) => cells[5]!.text === "appeared");
    assert.deepEqual(
      appeared.map((cells) => `${cells[0]!.text}: ${cells[2]!.text}`),
      ["new: ", ...headed.map(({ format }) => `${format}: head rounded`)],
    );
  });

  it("draws nothing where nothing changed", () => {
    const report = composeReport(makeInput(), { against: { rows: makeInput().rows, name: "x" } });
    assert.equal(report.changes!.figure, null);
    assert.equal(report.changes!.table!.rows.length, 0);
    assert.match(report.changes!.text!, /^Of 41 trials in both sweeps, 41 are the same in every window/);
  });
});
