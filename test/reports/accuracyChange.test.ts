import assert from "node:assert/strict";
import type { Row } from "../../evaluate/trial/row.ts";
import { accuracyChanges, relativeChange } from "../../reports/accuracyChange.ts";
import { accuracyChart } from "../../reports/charts/index.ts";
import { renderSvg } from "../../reports/svg.ts";
import { assertUserError } from "../evaluate/model/support.ts";
import { makeRow } from "./fixture.ts";

const near = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-6, `${actual}`);

function row(format: string, task: string, examples: number[], changes: Partial<Row> = {}): Row {
  const value = examples.reduce((sum, x) => sum + x, 0) / examples.length;
  const fields = { key: `${format} ${task}`, format, element: format, task, protocol: `${task}-0shot-512` };
  return makeRow({ ...fields, ...changes, metrics: { acc: { value, sigma: 0.1, examples } } });
}

describe("mean relative change of accuracy", () => {
  const rows = [
    row("fp32", "piqa", [1, 1, 0, 1]),
    row("int4", "piqa", [1, 0, 0, 1]),
    row("fp32", "arc", [1, 0, 1, 0]),
    row("int4", "arc", [1, 0, 1, 0]),
    row("int3", "arc", [0, 0, 1, 0]),
  ];

  it("is the mean over tasks of the ratio less one, its error that of the paired examples", () => {
    // after − ⅔ before = (⅓, −⅔, 0, ⅓): √(6/9/3/4) / ¾ = 0.314270
    const one = relativeChange([1, 0, 0, 1], [1, 1, 0, 1])!;
    near(one.change, -1 / 3);
    near(one.sigma, 0.3142697);
    const [{ tasks, changes, excluded }] = accuracyChanges(rows) as [ReturnType<typeof accuracyChanges>[0]];
    assert.deepEqual(
      tasks.map(({ task }) => task),
      ["piqa", "arc"],
    );
    assert.deepEqual(
      changes.map((each) => each.row.format),
      ["int4"],
    );
    near(changes[0]!.change, -1 / 6);
    near(changes[0]!.sigma, 0.3142697 / 2);
    assert.deepEqual(
      excluded.map(({ row, reason }) => [row.format, reason]),
      [["int3", "no accuracy on piqa"]],
    );
  });

  it("is there for two tasks or more, and not where full precision gets nothing right", () => {
    assert.deepEqual(accuracyChanges(rows.filter(({ task }) => task === "arc")), []);
    assert.equal(relativeChange([1, 0], [0, 0]), null);
    assert.throws(() => relativeChange([1, 0], [1]), /2 examples against 1/);
  });

  it("keeps settings of activations apart, and refuses two protocols of one task", () => {
    const activated = ["piqa", "arc"].map((task) =>
      row("int4", task, [1, 0, 1, 1], { activation: "int8@row", key: `a ${task}` }),
    );
    assert.equal(accuracyChanges([...rows, ...activated])[0]!.changes.length, 2);
    const other = row("int4", "piqa", [1, 0, 0, 1], { key: "other", protocol: "piqa-0shot-512-subset4" });
    assertUserError(() => accuracyChanges([...rows, other]), "piqa", "several protocols", "subset4");
  });

  it("is drawn with its name and error in words", async () => {
    const [{ changes }] = accuracyChanges(rows) as [ReturnType<typeof accuracyChanges>[0]];
    const svg = await renderSvg(accuracyChart(changes, ["int"], "Accuracy kept"), { id: "a", title: "Accuracy kept" });
    assert.match(svg, /int4: −16\.67 ± 15\.71 %/);
  });
});
