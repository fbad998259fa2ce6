import assert from "node:assert/strict";
import { beats, candidateOf, searchFormats, weightSample } from "../../../evaluate/search/index.ts";
import { fakeQuantize, getElement, parseFormat } from "../../../formats/index.ts";
import { normals } from "../../random.ts";

const [rows, cols] = [64, 80];
const linears = ["a", "b", "c"].map((name, layer) => ({ name, layer, kind: name, rows, cols }));
const normal = normals(7);
const weights = new Map(linears.map(({ name }) => [name, Float32Array.from({ length: rows * cols }, normal)]));
const int8 = getElement("int8");

describe("a sample of weights", () => {
  it("holds whole groups from the whole of each layer, and none of the rows' remainders", () => {
    const sample = weightSample(linears, weights, 32, 3 * 32 * 32);
    assert.deepEqual([sample.taken, sample.of], [3 * 25 * 32, 3 * rows * cols]);
    const [first] = sample.layers;
    assert.deepEqual([...first!.data.subarray(0, 32)], [...weights.get("a")!.subarray(0, 32)]);
    const starts = new Set<number>();
    for (let i = 0; i < 25; i++) starts.add(weights.get("a")!.indexOf(first!.data[i * 32]!));
    for (const at of starts) assert.ok(at % cols === 0 || at % cols === 32, `${at}`);
    assert.equal(starts.size, 25);
  });

  it("errs as the formats do on the layers themselves, where all of them is taken", () => {
    const format = parseFormat("e2m1@g40");
    const { layerErrors } = candidateOf(format, weightSample(linears, weights, 40), int8);
    const error = fakeQuantize(weights.get("b")!, rows, cols, format, new Float32Array(rows * cols));
    assert.equal(layerErrors[1], error.sumSquaredError / error.sumSquares);
  });
});

describe("searchFormats", () => {
  const sample = weightSample(linears, weights, 40);
  const options = { bits: 3, group: 40, activation: int8, areaBelow: 330, tries: 300 };
  const { found, tried } = searchFormats(sample, options);

  it("ends with codebooks of which none is smaller and better than another, below the area asked for", () => {
    assert.ok(tried <= 300 && found.length >= 3);
    for (const [i, candidate] of found.entries()) {
      assert.ok(candidate.areaGe < 330);
      const before = found[i - 1];
      if (before) assert.ok(candidate.areaGe > before.areaGe && candidate.relativeMse < before.relativeMse);
    }
  });

  it("finds nothing worse than the registry's own codebooks of whole numbers", () => {
    for (const id of ["int3", "e2m0"]) {
      const named = candidateOf(parseFormat(`${id}@g40`), sample, int8);
      if (named.areaGe >= 330) continue;
      assert.ok(
        found.some((f) => f.areaGe <= named.areaGe * 1.0001 && f.relativeMse <= named.relativeMse),
        id,
      );
    }
  });

  it("says the same again", () => {
    const ids = (list: typeof found) => list.map(({ format }) => format.id);
    assert.deepEqual(ids(searchFormats(sample, options).found), ids(found));
  });
});

describe("beats", () => {
  const format = parseFormat("int3");
  const make = (areaGe: number, errors: number[]) => ({
    format,
    areaGe,
    layerErrors: Float64Array.from(errors),
    relativeMse: errors.reduce((a, b) => a + b, 0) / errors.length,
  });
  const base = make(300, [0.02, 0.03, 0.025]);

  it("wants one of area and error certainly better and the other not certainly worse", () => {
    assert.ok(beats(make(300, [0.018, 0.0281, 0.0229]), base, 0.02));
    assert.ok(beats(make(250, [0.02, 0.03, 0.025]), base, 0.02));
    assert.ok(!beats(make(310, [0.02, 0.03, 0.025]), base, 0.02), "a tie in both");
    assert.ok(!beats(make(330, [0.018, 0.0281, 0.0229]), base, 0.02), "certainly larger");
    assert.ok(!beats(make(250, [0.022, 0.0321, 0.0269]), base, 0.02), "certainly more error");
  });
});
