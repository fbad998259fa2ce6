import assert from "node:assert/strict";
import { placeLabels } from "../../reports/charts/labels.ts";

const size = { width: 400, height: 300 };

describe("placeLabels", () => {
  it("placeLabels(points) puts a free label below left of its point", () => {
    const [label] = placeLabels([{ x: 200, y: 150, text: "int4" }], [{ x: 200, y: 150 }], [], size);
    assert.ok(label!.x < 180 && label!.y > 155, JSON.stringify(label));
  });

  it("placeLabels(points) keeps labels of a crowd apart, inside the plot and off the marks", () => {
    const points = Array.from({ length: 6 }, (_, i) => ({ x: 6 + 22 * i, y: 290 - 5 * i, text: `format${i}` }));
    const labels = placeLabels(points, points, [], size);
    const width = 7 * 11 * 0.56;
    for (const [i, a] of labels.entries()) {
      assert.ok(a.x >= 0 && a.x + width <= size.width && a.y <= size.height, JSON.stringify(a));
      for (const b of labels.slice(i + 1))
        assert.ok(Math.abs(a.x - b.x) >= width || Math.abs(a.y - b.y) >= 13, `${a.text} on ${b.text}`);
    }
  });

  it("placeLabels(points) drops none, whatever the crowd", () => {
    const points = Array.from({ length: 60 }, (_, i) => ({ x: 200, y: 150, text: String(i) }));
    assert.equal(placeLabels(points, points, [], size).length, 60);
  });
});
