import assert from "node:assert/strict";
import { Tokenizer } from "@huggingface/tokenizers";
import { trainBpe } from "../../models/bpe.ts";
import { decodeTokens, encodeFast } from "../../models/encodeFast.ts";
import { tokenizerConfigJson, tokenizerJson } from "../../models/tokenizerJson.ts";

const CORPUS =
  "The white whale swam before him as the monomaniac incarnation of all those malicious agencies which some deep men " +
  "feel eating in them, till they are left living on with half a heart and half a lung. Don't you see? It's 1851.\n\n" +
  "Fellow-Citizens of the Senate and of the House of Representatives: the state of the Union \u2014 it is good.";
const SAMPLES = [
  "",
  " ",
  "   three   spaces  and trailing   ",
  "line\nline\n\n\nline \n \n tab\there\r\n",
  "don't we'll I'm they've you're he'd 's 'S",
  "caf\u00E9 na\u00EFve Z\u00FCrich \u03BA\u1FC6\u03C4\u03BF\u03C2 \u05D7\u05DF \u9BE8 \u{1F40B}\u{1F468}\u200D\u{1F469}\u200D\u{1F467} e\u0301",
  "\u00A0nbsp\u2003em\u2028sep\u3000ideographic",
  "3.14159 1,000,000 x^2 \u00BD \u2167 ---***___!!!",
  "the whale the whale thethethe whalewhale aaaaaaaaaaaa",
  "\u0000\u0001\u007F control",
];

const bpe = trainBpe([CORPUS.repeat(3)], 400);
const encode = encodeFast(bpe);
const reference = new Tokenizer(JSON.parse(tokenizerJson(bpe)), JSON.parse(tokenizerConfigJson(bpe)));

describe("models/encode-fast", () => {
  for (const text of [...SAMPLES, CORPUS]) {
    const title = JSON.stringify(text.slice(0, 30));
    it(`encodeFast gives the ids of @huggingface/tokenizers, and decodes back, for ${title}`, () => {
      const ids = [...encode(text)];
      assert.deepEqual(ids, reference.encode(text, { add_special_tokens: false }).ids);
      assert.equal(decodeTokens(bpe, ids), text);
      // The library refuses to decode nothing.
      if (ids.length > 0) assert.equal(reference.decode(ids, { skip_special_tokens: true }), text);
    });
  }

  it("encodeFast compresses: some sample token is longer than a byte", () => {
    assert.ok(encode(CORPUS).length < Buffer.byteLength(CORPUS) / 2);
  });

  it("encodeFast covers every byte with one token where no merge applies", () => {
    const bytes = trainBpe([], 257);
    const every = Array.from({ length: 256 }, (_, byte) => byte);
    const idOf = new Map(bytes.tokens.map((token, id) => [token[0], id]));
    const ids = every.map((byte) => idOf.get(byte)!);
    assert.deepEqual(
      [...ids].sort((a, b) => a - b),
      every.map((byte) => byte + 1),
    );
    // All the bytes that occur in UTF-8 text, through the encoder: code points of one to four bytes.
    const text = Array.from({ length: 0x1200 }, (_, i) =>
      String.fromCodePoint(i < 0x900 ? i : 0x900 + (i - 0x900) * 400),
    )
      .filter((character) => !/[\uD800-\uDFFF]/.test(character) || character.length === 2)
      .join("");
    const encoded = encodeFast(bytes)(text);
    assert.equal(encoded.length, Buffer.byteLength(text));
    assert.equal(decodeTokens(bytes, encoded), text);
  });

  it("encodeFast treats the special token's spelling as ordinary text", () => {
    const ids = encode("a<|endoftext|>b");
    assert.ok(!ids.includes(0));
    assert.equal(decodeTokens(bpe, ids), "a<|endoftext|>b");
  });

  it("decodeTokens drops the special token, marks a cut character, and refuses an unknown id", () => {
    assert.equal(decodeTokens(bpe, [0, ...encode("whale"), 0]), "whale");
    assert.equal(decodeTokens(bpe, encode("\u{1F40B}").slice(0, 2)), "\uFFFD");
    assert.throws(() => decodeTokens(bpe, [400]), /token id 400/);
  });
});
