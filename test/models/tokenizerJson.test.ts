import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { packageRoot } from "../../evaluate/model/index.ts";
import { trainBpe } from "../../models/bpe.ts";
import { tokenizerConfigJson, tokenizerJson } from "../../models/tokenizerJson.ts";

const directory = join(packageRoot(), "models", "reference");
const readJson = (file: string): object => JSON.parse(readFileSync(join(directory, file), "utf8"));

describe("models/tokenizer-json", () => {
  it("tokenizerJson loads, and puts one BOS before a text", () => {
    const bpe = trainBpe(["the the the"], 260);
    const tokenizer = new Tokenizer(JSON.parse(tokenizerJson(bpe)), JSON.parse(tokenizerConfigJson(bpe)));
    assert.deepEqual(tokenizer.encode("the").tokens, ["<|endoftext|>", "the"]);
    assert.equal(tokenizer.encode("the").ids[0], 0);
    assert.deepEqual(tokenizer.encode("the<|endoftext|>the").tokens, ["<|endoftext|>", "the", "<|endoftext|>", "the"]);
  });

  it("the committed tokenizer has 1024 ids, 767 merges, and encodes as Python's tokenizers does", () => {
    const json = readJson("tokenizer.json") as { model: { vocab: Record<string, number>; merges: string[] } };
    assert.equal(Object.keys(json.model.vocab).length, 1024);
    assert.equal(json.model.merges.length, 767);
    const tokenizer = new Tokenizer(json, readJson("tokenizer_config.json"));
    // Ids printed by the Python package tokenizers 0.23.3 from this file.
    assert.deepEqual(tokenizer.encode("Call me Ishmael.").ids, [0, 35, 473, 481, 319, 83, 72, 77, 65, 778, 14]);
    assert.deepEqual(
      tokenizer.encode("The state of the Union \u2014 1851, don't\n\n  \u{1F40B}").ids,
      [
        0, 52, 258, 356, 368, 268, 260, 478, 280, 221, 772, 690, 21, 17, 12, 294, 264, 7, 84, 199, 199, 221, 221, 173,
        254, 239, 234,
      ],
    );
  });

  it("the committed held-out text round-trips through the committed tokenizer", () => {
    const tokenizer = new Tokenizer(readJson("tokenizer.json"), readJson("tokenizer_config.json"));
    const text = readFileSync(join(directory, "heldout.txt"), "utf8");
    assert.ok(!text.includes("\r"), "line ends were converted");
    const part = text.slice(0, 20_000);
    const { ids } = tokenizer.encode(part);
    assert.equal(tokenizer.decode(ids, { skip_special_tokens: true }), part);
  });
});
