import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mergesByScore } from "../../../evaluate/model/ggufScores.ts";
import { loadTokenizer, packageRoot } from "../../../evaluate/model/index.ts";
import { assertUserError, sharedPath, temporaryDirectory } from "./support.ts";
import { type Meta, writeGguf } from "./writeGguf.ts";

interface Golden {
  texts: string[];
  ids: Record<string, number[][]>;
}

interface Json {
  added_tokens: { id: number }[];
  model: { vocab: Record<string, number>; merges: (string | [string, string])[] };
}

describe("evaluate/model/ggufTokenizer", () => {
  const temporary = temporaryDirectory();
  const load = (metadata: Readonly<Record<string, Meta>>) => {
    writeGguf(temporary.at("t.gguf"), { metadata: Object.entries(metadata) });
    return loadTokenizer(temporary.at("t.gguf"));
  };
  const json = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Json;
  const tokensOf = ({ model }: Json) =>
    Object.entries(model.vocab)
      .sort(([, a], [, b]) => a - b)
      .map(([token]) => token);
  /** Tokens, types and merges of a tokenizer.json, as llama.cpp's converter writes them. */
  const bpe = (file: Json): Record<string, Meta> => {
    const { model, added_tokens } = file;
    const tokens = tokensOf(file);
    const special = new Set(added_tokens.map(({ id }) => id));
    return {
      "tokenizer.ggml.model": ["str", "gpt2"],
      "tokenizer.ggml.tokens": ["strs", tokens],
      "tokenizer.ggml.token_type": ["i32s", tokens.map((_, id) => (special.has(id) ? 3 : 1))],
      "tokenizer.ggml.merges": ["strs", model.merges.map((merge) => (Array.isArray(merge) ? merge.join(" ") : merge))],
    };
  };
  const root = packageRoot();
  const golden = JSON.parse(readFileSync(join(root, "test", "golden", "gguf-tokens.golden.json"), "utf8")) as Golden;
  const reference = join(root, "models", "reference");

  for (const [pre, expected] of Object.entries(golden.ids)) {
    it(`pre-tokenizer ${pre} gives the ids of the Rust tokenizers with llama.cpp's patterns`, () => {
      const tokenizer = load({ ...bpe(json(join(reference, "tokenizer.json"))), "tokenizer.ggml.pre": ["str", pre] });
      golden.texts.forEach((text, i) => {
        assert.deepEqual([...tokenizer.encode(text, { bos: false })], expected[i], text);
        assert.equal(tokenizer.decode(expected[i]!), text);
      });
    });
  }

  it("the golden ids tell the pre-tokenizers apart", () => {
    // qwen2 and smollm differ only where that vocabulary has no merges: line breaks, capital contractions, "(sic".
    assert.equal(new Set(Object.values(golden.ids).map((ids) => JSON.stringify(ids))).size, 4);
  });

  it("without a pre-tokenizer it is default, BOS is added where the file or the kind says so", () => {
    const base = { ...bpe(json(join(reference, "tokenizer.json"))), "tokenizer.ggml.bos_token_id": ["u32", 0] as Meta };
    const plain = load(base);
    assert.deepEqual([...plain.encode(golden.texts[0]!)], golden.ids.default![0]);
    assert.equal(plain.addsBos, false);
    assert.equal(plain.bosTokenId, 0);
    assert.equal(plain.vocabSize, 1024);
    const asked = load({ ...base, "tokenizer.ggml.add_bos_token": ["bool", true] });
    assert.deepEqual([...asked.encode(golden.texts[0]!)], [0, ...golden.ids.default![0]!]);
    assert.equal(load({ ...base, "tokenizer.ggml.pre": ["str", "llama-bpe"] }).addsBos, true);
  });

  it("control tokens in a text are one token, as in transformers", () => {
    const tokenizer = load(bpe(json(join(reference, "tokenizer.json"))));
    assert.deepEqual([...tokenizer.encode("<|endoftext|>")], [0]);
  });

  it("mergesByScore orders by score, then by the longer parts", () => {
    const pieces = new Map([
      ["a", 0],
      ["b", -1],
      ["ab", -5],
      ["abb", -4],
      ["bb", -4],
    ]);
    assert.deepEqual(mergesByScore(pieces), [
      ["ab", "b"],
      ["a", "bb"],
      ["b", "b"],
      ["a", "b"],
    ]);
  });

  it("a SentencePiece vocabulary with scores gives the ids of its tokenizer.json (stories260K)", function () {
    const path = sharedPath("models", "stories260K", "tokenizer.json");
    const texts = sharedPath("evaltext", "stories-sampled.txt") ?? path;
    if (path === null || texts === null) return this.skip();
    const { model } = json(path);
    const tokens = tokensOf(json(path));
    // The merges of that file are sorted by score, so ranks serve as scores.
    const rank = new Map(
      model.merges.map((merge, i) => [(Array.isArray(merge) ? merge.join(" ") : merge).replace(" ", ""), -i]),
    );
    const types = tokens.map((token, id) => (id === 0 ? 2 : id < 3 ? 3 : /^<0x..>$/.test(token) ? 6 : 1));
    const tokenizer = load({
      "tokenizer.ggml.model": ["str", "llama"],
      "tokenizer.ggml.tokens": ["strs", tokens],
      "tokenizer.ggml.token_type": ["i32s", types],
      "tokenizer.ggml.scores": ["f32s", tokens.map((token) => rank.get(token) ?? -1000)],
      "tokenizer.ggml.bos_token_id": ["u32", 1],
      "tokenizer.ggml.eos_token_id": ["u32", 2],
    });
    const expected = loadTokenizer(join(path, ".."));
    const samples = [
      "Once upon a time",
      "  two  spaces\n",
      "é 中 \u{1f600}",
      readFileSync(texts, "utf8").slice(0, 20_000),
    ];
    for (const sample of samples) {
      assert.deepEqual(tokenizer.encode(sample), expected.encode(sample));
      assert.equal(tokenizer.decode(tokenizer.encode(sample)), expected.decode(expected.encode(sample)));
    }
    assert.equal(tokenizer.addsBos, true);
    assert.equal(tokenizer.eosTokenId, 2);
  });

  const base: Record<string, Meta> = {
    "tokenizer.ggml.model": ["str", "gpt2"],
    "tokenizer.ggml.tokens": ["strs", ["a", "b"]],
    "tokenizer.ggml.merges": ["strs", []],
  };
  const REFUSED: readonly [string, Record<string, Meta>, ...string[]][] = [
    ["no tokenizer", { x: ["u32", 1] }, "no tokenizer"],
    ["a WordPiece vocabulary", { ...base, "tokenizer.ggml.model": ["str", "bert"] }, '"bert"', "gpt2, llama"],
    ["an unknown pre-tokenizer", { ...base, "tokenizer.ggml.pre": ["str", "kimi-k2"] }, '"kimi-k2"', "smollm"],
    ["a token twice", { ...base, "tokenizer.ggml.tokens": ["strs", ["a", "a"]] }, '"a" appears twice'],
    [
      "tokens that are numbers",
      { ...base, "tokenizer.ggml.tokens": ["i32s", [1, 2]] },
      "tokenizer.ggml.tokens",
      "texts",
    ],
    ["types for other tokens", { ...base, "tokenizer.ggml.token_type": ["i32s", [1]] }, "1 token types for 2 tokens"],
    ["a BOS outside", { ...base, "tokenizer.ggml.bos_token_id": ["u32", 2] }, "bos_token_id is 2"],
    ["no scores", { ...base, "tokenizer.ggml.model": ["str", "llama"] }, "tokenizer.ggml.scores is missing"],
  ];
  for (const [what, metadata, ...words] of REFUSED) {
    it(`a GGUF tokenizer with ${what} is refused`, () => assertUserError(() => load(metadata), "t.gguf", ...words));
  }
});
