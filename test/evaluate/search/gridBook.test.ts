import assert from "node:assert/strict";
import { gridBookOf, gridElement, neighbours, roundedToGrids } from "../../../evaluate/search/gridBook.ts";
import { getElement } from "../../../formats/index.ts";

describe("codebooks of whole numbers", () => {
  it("are read from the registry where a codebook is one: magnitudes, and the value in place of the second zero", () => {
    const e2m1 = { bits: 4, magnitudes: [1, 2, 3, 4, 6, 8, 12], extra: null };
    assert.deepEqual(gridBookOf(getElement("e2m1"), 4), e2m1);
    assert.deepEqual(gridBookOf(getElement("e2m1+sp"), 4), { ...e2m1, extra: 10 });
    assert.deepEqual(gridBookOf(getElement("int3"), 3), { bits: 3, magnitudes: [1, 2, 3], extra: null });
    for (const id of ["nf4", "int3", "uint4", "intel-e2m1"]) {
      const element = id === "intel-e2m1" ? getElement("e2m1-i") : getElement(id);
      assert.equal(gridBookOf(element, id === "intel-e2m1" ? 3 : 4), null, id);
    }
  });

  it("are elements in sign-magnitude code whose id is their values", () => {
    const book = { bits: 3, magnitudes: [1, 2, 4], extra: null };
    assert.equal(gridElement(book).id, "[0,1,2,4,-0,-1,-2,-4]");
    assert.deepEqual(gridElement(book).values, [-4, -2, -1, 0, 1, 2, 4]);
    assert.equal(gridElement({ ...book, extra: 3 }).id, "[0,1,2,4,3,-1,-2,-4]");
  });

  it("have as neighbours one magnitude moved by one, and every extra value, without common factors", () => {
    const ids = (magnitudes: number[], extra: number | null, largest: number) =>
      neighbours({ bits: 3, magnitudes, extra }, largest)
        .map((book) => gridElement(book).id)
        .sort();
    assert.deepEqual(
      ids([1, 2, 4], null, 4),
      [
        "[0,1,2,4,3,-1,-2,-4]",
        "[0,1,2,4,5,-1,-2,-4]",
        "[0,1,2,4,6,-1,-2,-4]",
        "[0,1,2,3,-0,-1,-2,-3]",
        "[0,1,3,4,-0,-1,-3,-4]",
      ].sort(),
    );
    assert.ok(ids([2, 3, 4], null, 8).includes("[0,2,3,5,-0,-2,-3,-5]"));
    assert.ok(ids([2, 5, 6], null, 8).includes("[0,1,2,3,-0,-1,-2,-3]"), "2, 4, 6 is 1, 2, 3");
  });

  it("start at quantiles rounded to each grid that keeps them apart", () => {
    const books = roundedToGrids(getElement("sf3"), 8);
    assert.ok(books.length > 3);
    for (const { magnitudes } of books)
      assert.deepEqual(
        [...new Set(magnitudes)].sort((a, b) => a - b),
        magnitudes,
      );
  });
});
