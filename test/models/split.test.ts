import assert from "node:assert/strict";
import type { TextDocument } from "../../models/corpus.ts";
import { splitDocuments } from "../../models/split.ts";

const documents = (source: string, count: number): TextDocument[] =>
  Array.from({ length: count }, (_, i) => ({ source, name: `${source}${i}`, text: `text ${i}` }));
const names = (part: TextDocument[]) => part.map(({ name }) => name);

describe("models/split", () => {
  it("splitDocuments holds out the 10th of every 20 documents of a source and validates on the 20th", () => {
    const split = splitDocuments([...documents("a", 45), ...documents("b", 20)]);
    assert.deepEqual(names(split.heldout), ["a9", "a29", "b9"]);
    assert.deepEqual(names(split.validation), ["a19", "a39", "b19"]);
    assert.equal(split.train.length, 59);
  });

  it("splitDocuments puts every document into exactly one part, in order", () => {
    const all = documents("a", 233);
    const split = splitDocuments(all);
    const together = [...split.train, ...split.validation, ...split.heldout];
    assert.equal(together.length, 233);
    assert.equal(new Set(names(together)).size, 233);
    assert.deepEqual(
      split.train,
      all.filter((document) => split.train.includes(document)),
    );
  });

  it("splitDocuments does not move a source's documents when another is added or interleaved", () => {
    const a = documents("a", 40);
    const b = documents("b", 40);
    const interleaved = a.flatMap((document, i) => [document, b[i]!]);
    assert.deepEqual(names(splitDocuments(interleaved).heldout).sort(), ["a29", "a9", "b29", "b9"]);
    assert.deepEqual(splitDocuments(a), splitDocuments(a));
  });
});
