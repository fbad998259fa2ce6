import assert from "node:assert/strict";
import type { Row } from "../../evaluate/trial/row.ts";
import { UserError } from "../../formats/error.ts";
import { frontier } from "../../reports/frontier.ts";
import { makeRow, makeRows } from "./fixture.ts";

/** A row whose loss is `loss` plus a wobble of ±`wobble` that alternates over eight windows of very unequal text. */
function row(name: string, bitsPerWeight: number, loss: number, wobble = 0, changes: Partial<Row> = {}): Row {
  const windowLoss = [2, 5, 3, 4, 1, 6, 2, 5].map((text, i) => text + loss + (i % 2 === 0 ? wobble : -wobble));
  return makeRow({ key: name, format: name, bitsPerWeight, deltaLoss: loss, windowLoss, ...changes });
}

function statuses(rows: Row[], sigmas?: number): Record<string, string> {
  const { points } = frontier(rows, { x: "bitsPerWeight", y: "deltaLoss", ...(sigmas !== undefined && { sigmas }) });
  return Object.fromEntries(points.map((point) => [point.row.key, [point.status, point.by].filter(Boolean).join(" ")]));
}

describe("frontier", () => {
  it("frontier(rows) keeps what is cheaper or better and names the best row that dominates another", () => {
    const rows = [
      row("dear", 5, 0.1),
      row("cheap", 3, 0.4),
      row("good", 4, 0.2),
      row("bad", 5, 0.3),
      row("worse", 4, 0.5),
    ];
    assert.deepEqual(statuses(rows), {
      cheap: "frontier",
      good: "frontier",
      worse: "dominated good",
      dear: "frontier",
      bad: "dominated dear",
    });
  });

  it("frontier(rows) calls a difference below two paired standard errors a tie, whichever side looks better", () => {
    // wobble w against none: differences ±w about the mean, standard error w/√7 = 0.37796 w over 8 windows.
    const tie = row("tie", 5, 0.2 - 0.074, 0.1);
    const better = row("better", 5, 0.2 - 0.077, 0.1);
    assert.deepEqual(statuses([row("a", 4, 0.2), tie]), { a: "frontier", tie: "tie a" });
    assert.deepEqual(statuses([row("a", 4, 0.2), better]), { a: "frontier", better: "frontier" });
    assert.deepEqual(statuses([row("a", 4, 0.2), row("up", 4, 0.274, 0.1)]), { a: "frontier", up: "tie a" });
    assert.deepEqual(statuses([row("a", 4, 0.2), row("up", 4, 0.277, 0.1)]), { a: "frontier", up: "dominated a" });
  });

  it("frontier(rows) pairs windows: text of very unequal difficulty does not hide a steady difference", () => {
    // The windows' own standard error is 0.65 nats, a hundred times the difference.
    assert.deepEqual(statuses([row("a", 4, 0.2), row("b", 4, 0.2065)]), { a: "frontier", b: "dominated a" });
  });

  it("frontier(rows, {sigmas}) takes the threshold as a parameter", () => {
    const rows = [row("a", 4, 0.2), row("b", 4, 0.25, 0.1)];
    assert.equal(statuses(rows, 1).b, "dominated a");
    assert.equal(statuses(rows, 2).b, "tie a");
    assert.throws(() => statuses(rows, Number.NaN), /sigmas/);
  });

  it("frontier(rows) asks of a dearer row that it beats the cheaper one and all that tie with it", () => {
    // Differences between rows that wobble alike have no error; against one that does not, 2 σ is 0.0756.
    const steps = (losses: number[]) =>
      losses.map((loss, i) => row("abcdef"[i]!, 3 + i, loss, [0, 0.1, 0, -0.1, 0.2][i]));
    // b ties with a; c beats a but not b; d beats both and c.
    assert.deepEqual(statuses(steps([0.5, 0.45, 0.43, 0.2])), { a: "frontier", b: "tie a", c: "tie b", d: "frontier" });
    // d need not beat c, which was itself not told from b.
    assert.deepEqual(statuses(steps([0.5, 0.45, 0.37, 0.29])), {
      a: "frontier",
      b: "tie a",
      c: "frontier",
      d: "frontier",
    });
    assert.deepEqual(statuses(steps([0.5, 0.45, 0.38, 0.29])), {
      a: "frontier",
      b: "tie a",
      c: "tie b",
      d: "frontier",
    });
    assert.deepEqual(statuses(steps([0.5, 0.45, 0.38, 0.311, 0.3])), {
      a: "frontier",
      b: "tie a",
      c: "tie b",
      d: "tie b",
      e: "frontier",
    });
  });

  it("frontier(rows) takes costs as equal within the error of both: a better row dominates one whose figure is a little lower", () => {
    const { cost } = makeRows().find((each) => each.cost !== null)!;
    // 2 σ of the difference of 300 and 326, each ± 3 %: 26.6.
    const at = (name: string, areaGe: number, loss: number, relativeError: number | null = 0.03, wobble = 0) =>
      row(name, 4, loss, wobble, { cost: { ...cost!, areaGe, relativeError } });
    const status = (rows: Row[]) =>
      Object.fromEntries(
        frontier(rows, { x: "areaGe", y: "deltaLoss" }).points.map(({ row: { key }, status, by }) => [
          key,
          [status, by].filter(Boolean).join(" "),
        ]),
      );
    assert.deepEqual(status([at("a", 300, 0.3), at("b", 326, 0.2)]), { a: "dominated b", b: "frontier" });
    assert.deepEqual(status([at("a", 300, 0.3), at("b", 327, 0.2)]), { a: "frontier", b: "frontier" });
    assert.deepEqual(status([at("a", 300, 0.3, null), at("b", 301, 0.2, null)]), { a: "frontier", b: "frontier" });
    // Of a chain of ties the cheapest is clearly cheaper than the best: both stay.
    assert.deepEqual(status([at("a", 300, 0.3), at("b", 320, 0.2), at("c", 340, 0.1)]), {
      a: "frontier",
      b: "dominated c",
      c: "frontier",
    });
    // What tied with the cheaper row (2 σ of a wobble of 0.1 is 0.0756) is dominated with it.
    assert.deepEqual(status([at("a", 300, 0.3), at("t", 310, 0.25, 0.03, 0.1), at("b", 320, 0.15)]), {
      a: "dominated b",
      t: "dominated b",
      b: "frontier",
    });
    // Nominally cheaper and better still dominates.
    assert.deepEqual(status([at("a", 300, 0.1), at("b", 301, 0.2)]), { a: "frontier", b: "dominated a" });
  });

  it("frontier(rows) ties two rows of the same cost and the same losses", () => {
    assert.deepEqual(statuses([row("b", 4, 0.2), row("a", 4, 0.2)]), { a: "frontier", b: "tie a" });
  });

  it("frontier(rows) treats costs that differ in the last digit as equal", () => {
    assert.equal(statuses([row("a", 4.125, 0.3), row("b", 4.125 + 1e-13, 0.2)]).a, "dominated b");
  });

  it("frontier(rows) does not depend on the order of its rows", () => {
    const rows = [row("a", 3, 0.4), row("b", 4, 0.2, 0.01), row("c", 4, 0.21), row("d", 5, 0.1), row("e", 5, 0.1)];
    assert.deepEqual(statuses(rows), statuses(rows.toReversed()));
  });

  it("frontier(rows) uses the fp32 row as reference, never as candidate", () => {
    const fp32 = row("fp32", 32, 0);
    const { points, baseline } = frontier([fp32, row("a", 4, 0.2)], { x: "bitsPerWeight", y: "deltaLoss" });
    assert.equal(baseline, fp32);
    assert.deepEqual(
      points.map((point) => point.row.key),
      ["a"],
    );
  });

  it("frontier(rows) leaves out rows without a metric, an error bar or a cost, and says why", () => {
    const rows = [
      row("nan", 4, 0.2, 0, { deltaLoss: null, reason: "the loss overflowed" }),
      row("single", 4, 0.2, 0, { windowLoss: [1] }),
      row("free", 4, 0.2),
    ];
    const { points, excluded } = frontier(rows, { x: "areaGe", y: "deltaLoss" });
    assert.equal(points.length, 0);
    assert.deepEqual(
      excluded.map(({ row, reason }) => `${row.key}: ${reason}`),
      ["nan: the loss overflowed", "single: no error bar (1 windows)", "free: no area (GE)"],
    );
  });

  it("frontier(rows) falls back on independent errors where windows are missing", () => {
    const bare = { windowLoss: [], deltaLossSigma: 0.03 };
    const rows = (loss: number) => [row("a", 4, 0.2, 0, bare), row("b", 4, loss, 0, bare)];
    // √(0.03² + 0.03²) = 0.0424: two of them are 0.0849.
    assert.equal(statuses(rows(0.28)).b, "tie a");
    assert.equal(statuses(rows(0.29)).b, "dominated a");
  });

  it("frontier(rows) refuses to mix protocols, tasks, models, scopes, cost sources or window counts", () => {
    const a = row("a", 4, 0.2);
    const cost = {
      weight: "int4",
      activation: "int4",
      terms: 64,
      accumulatorBits: 16,
      areaGe: 100,
      multiplierGe: 50,
      accumulatorGe: 50,
      areaUm2: 80,
      node: "nangate45",
      delayPs: null,
      energyFj: null,
      variant: "",
      provenance: "modelled" as const,
      source: "model A",
      relativeError: null,
    };
    const mixed = (changes: Partial<Row>, x: "bitsPerWeight" | "areaGe" = "bitsPerWeight") =>
      frontier([{ ...a, cost }, row("b", 4, 0.3, 0, { cost, ...changes })], { x, y: "deltaLoss" });
    assert.equal(mixed({}, "areaGe").points.length, 2);
    const refused = (message: RegExp) => (error: unknown) => error instanceof UserError && message.test(error.message);
    assert.throws(() => mixed({ protocol: "windows-512" }), refused(/different protocol.*windows-256; windows-512/));
    assert.throws(() => mixed({ task: "lambada" }), refused(/different task/));
    assert.throws(() => mixed({ scope: "everything" }), refused(/different scope/));
    assert.throws(() => mixed({ modelSha256: "ffff" }), refused(/different model/));
    assert.throws(() => mixed({ cost: { ...cost, provenance: "published" } }, "areaGe"), refused(/cost source/));
    assert.throws(
      () => mixed({ cost: { ...cost, source: "model B" } }, "areaGe"),
      refused(/model A; with .*; modelled: model B/),
    );
    assert.throws(() => mixed({ windowLoss: [1, 2, 3] }), refused(/b read 3 windows|a read 8 windows/));
    assert.throws(() => mixed({ key: "a" }), refused(/key/));
  });
});
