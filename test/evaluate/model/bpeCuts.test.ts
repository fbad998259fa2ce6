import assert from "node:assert/strict";
import { Tokenizer } from "@huggingface/tokenizers";
import { cutUnjoinable, joinablePairs } from "../../../evaluate/model/bpeCuts.ts";

describe("evaluate/model/bpeCuts", () => {
  it("cutUnjoinable cuts where no merge can join, and nowhere else", () => {
    const pairs = joinablePairs(["a b", "ab c", ["▁", "a"], ["😀", "é"]]);
    assert.deepEqual(cutUnjoinable("▁abc▁bc😀éa", pairs), ["▁abc", "▁", "bc", "😀é", "a"]);
    assert.deepEqual(cutUnjoinable("", pairs), []);
    assert.deepEqual(cutUnjoinable("\ud83d\ud83d\ude00", pairs), ["\ud83d", "😀"]);
  });

  it("joinablePairs passes over malformed merges", () => {
    assert.equal(joinablePairs(["ab", "", null, [], ["a"], ["", "b"], [1, 2]]).size, 0);
  });

  it("byte-pair encoding of the pieces equals that of the whole, for random merges and texts", () => {
    let state = 99;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let cuts = 0;
    for (let round = 0; round < 60; round++) {
      const pieces = [..."abcdef▁é"];
      const merges: [string, string][] = [];
      for (let i = 0; i < 12; i++) {
        const [left, right] = [pieces[random(pieces.length)]!, pieces[random(pieces.length)]!];
        if (pieces.includes(left + right)) continue;
        merges.push([left, right]);
        pieces.push(left + right);
      }
      const vocab = Object.fromEntries(["<unk>", ...pieces].map((piece, id) => [piece, id]));
      const json = {
        added_tokens: [],
        normalizer: null,
        pre_tokenizer: null,
        post_processor: null,
        decoder: null,
        model: { type: "BPE", unk_token: "<unk>", fuse_unk: round % 2 === 0, vocab, merges },
      };
      const whole = new Tokenizer(json, {});
      const cut = new Tokenizer(json, {}) as { pre_tokenizer: unknown; encode(text: string): { ids: number[] } };
      const pairs = joinablePairs(merges);
      cut.pre_tokenizer = (text: string) => cutUnjoinable(text, pairs);
      const text = Array.from({ length: 400 }, () => "abcdef▁éz😀"[random(10)]).join("");
      assert.deepEqual(cut.encode(text).ids, whole.encode(text).ids);
      cuts += cutUnjoinable(text, pairs).length - 1;
    }
    assert.ok(cuts > 1000, "the random merges leave nothing to cut");
  });
});
