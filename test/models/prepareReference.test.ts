import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { UserError } from "../../formats/error.ts";
import type { TextDocument } from "../../models/corpus.ts";
import { prepareDocuments, writeReferenceFiles } from "../../models/prepareReference.ts";

const documents: TextDocument[] = Array.from({ length: 20 }, (_, i) => ({
  source: "tiny",
  name: `${i}`,
  text: i === 9 ? "held out: quagga quagga" : i === 19 ? "validation: the whale" : `the whale number ${i}`,
}));

describe("models/prepareReference", () => {
  const prepared = prepareDocuments(documents, 300);
  const tokenizer = new Tokenizer(JSON.parse(prepared.tokenizerJson), JSON.parse(prepared.tokenizerConfigJson));

  it("prepareDocuments puts a BOS before every training document", () => {
    assert.equal(prepared.train.filter((id) => id === 0).length, 18);
    assert.equal(prepared.train[0], 0);
    const text = tokenizer.decode([...prepared.train], { skip_special_tokens: false });
    assert.match(text, /^<\|endoftext\|>the whale number 0<\|endoftext\|>the whale number 1</);
  });

  it("prepareDocuments gives the held-out ids that an evaluation of heldout.txt sees", () => {
    assert.equal(prepared.heldoutText, "held out: quagga quagga\n");
    assert.deepEqual([...prepared.heldout], tokenizer.encode(prepared.heldoutText).ids);
    assert.deepEqual([...prepared.validation], tokenizer.encode("validation: the whale\n").ids);
    assert.deepEqual([prepared.bytes.heldout, prepared.bytes.validation], [24, 22]);
  });

  it("prepareDocuments keeps held-out text out of the tokenizer", () => {
    assert.ok(prepared.tokenizerJson.includes('"Ġwhale"'));
    assert.ok(!/"qu|gg|agga/.test(prepared.tokenizerJson));
  });

  it("prepareDocuments is deterministic", () => {
    assert.deepEqual(prepareDocuments(documents, 300), prepared);
  });

  it("prepareDocuments refuses a corpus too small to split", () => {
    assert.throws(
      () => prepareDocuments(documents.slice(0, 15), 300),
      (error) => error instanceof UserError,
    );
  });

  it("prepareDocuments takes the calibration text from the validation part", () => {
    assert.equal(prepared.calibrationText, "validation: the whale\n");
  });

  it("writeReferenceFiles writes the four files and leaves no temporary one", () => {
    const directory = mkdtempSync(join(tmpdir(), "bitfrontier-reference-"));
    try {
      writeReferenceFiles(prepared, directory);
      assert.deepEqual(readdirSync(directory).sort(), [
        "calibration.txt",
        "heldout.txt",
        "tokenizer.json",
        "tokenizer_config.json",
      ]);
      assert.equal(readFileSync(join(directory, "heldout.txt"), "utf8"), prepared.heldoutText);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
