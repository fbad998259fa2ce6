import assert from "node:assert/strict";
import { UserError } from "../../formats/error.ts";
import { type Bpe, trainBpe } from "../../models/bpe.ts";
import { BYTE_CHARACTERS, byteLevelName, preTokenize } from "../../models/byteLevel.ts";

const mergesOf = (bpe: Bpe) =>
  bpe.merges.map(([left, right]) => `${byteLevelName(bpe.tokens[left]!)} ${byteLevelName(bpe.tokens[right]!)}`);

/*
 * The expected merges are what the Rust trainer printed: Python package tokenizers 0.23.3, trainers.BpeTrainer with
 * min_frequency 2, special token "<|endoftext|>", initial alphabet ByteLevel.alphabet(), ByteLevel(add_prefix_space=False).
 */
const LOW = "low low low low low lower lower newest newest newest newest newest newest widest widest widest";
const MIXED =
  "The whale\u2014the white whale! don't doesn't 1851 1852  two  spaces\n\ncaf\u00E9 na\u00EFve \u{1F40B}\u{1F40B} aaaa aaa abab";

describe("models/bpe", () => {
  it("trainBpe learns the merges of the Rust trainer on Sennrich's example", () => {
    const bpe = trainBpe([LOW], 300);
    const expected = "e s|es t|l o|lo w|e w|n ew|Ġ low|Ġ new|Ġnew est|d est|i dest|w idest|Ġ widest|e r|Ġlow er".split(
      "|",
    );
    assert.deepEqual(mergesOf(bpe), expected);
    assert.equal(bpe.tokens.length, 272);
    assert.equal(byteLevelName(bpe.tokens[271]!), "Ġlower");
  });

  it("trainBpe learns the merges of the Rust trainer on unicode, ties and repeated letters", () => {
    const expected = [
      "a a|w h|Ġ wh|' t|1 8|a b|a l|d o|e s|h e|ð Ł|Ġ aa|Ġ 18|Ġ do|Ĳ ĭ|Ġwh al|ðŁ Ĳĭ|Ġ18 5|Ġwhal e|T he|a c|a f",
      "a Ã|c af|i t|n aÃ|p ac|s pac|t w|t he|v e|¯ ve|Ã ©|â Ģ|Ġ ab|Ġ ðŁĲĭ|Ġ naÃ|Ġ spac|Ġ tw|Ġwh it|es n|Ġaa a|Ġaa aa",
    ];
    assert.deepEqual(mergesOf(trainBpe([MIXED, MIXED], 300)), expected.join("|").split("|"));
  });

  it("trainBpe numbers the special token 0, then bytes by their character, then merges", () => {
    const bpe = trainBpe([LOW], 258);
    assert.equal(bpe.tokens.length, 258);
    assert.equal(bpe.tokens[0]!.length, 0);
    assert.deepEqual([...bpe.tokens[1]!], [0x21]);
    // GPT-2 names byte 0 U+0100, after all of printable Latin-1.
    assert.deepEqual([...bpe.tokens[189]!], [0x00]);
    assert.deepEqual([...bpe.tokens[256]!], [0xad]);
    assert.equal(Buffer.from(bpe.tokens[257]!).toString(), "es");
  });

  it("trainBpe stops when no pair occurs twice, and on no text at all", () => {
    assert.equal(trainBpe(["abc"], 300).merges.length, 0);
    assert.equal(trainBpe([], 300).tokens.length, 257);
  });

  for (const vocabSize of [256, 65_537, 1024.5, Number.NaN]) {
    it(`trainBpe refuses a vocabulary of ${vocabSize}`, () => {
      assert.throws(
        () => trainBpe(["a"], vocabSize),
        (error) => error instanceof UserError && /vocabSize/.test(error.message),
      );
    });
  }

  it("preTokenize cuts as GPT-2 does and loses nothing", () => {
    assert.deepEqual(preTokenize("I don't  know\n\n 1851!? x "), [
      "I",
      " don",
      "'t",
      " ",
      " know",
      "\n\n",
      " 1851",
      "!?",
      " x",
      " ",
    ]);
    assert.equal(preTokenize(MIXED).join(""), MIXED);
    assert.deepEqual(preTokenize(""), []);
  });

  it("BYTE_CHARACTERS gives the 256 bytes distinct names, GPT-2's for space, newline and DEL", () => {
    assert.equal(new Set(BYTE_CHARACTERS).size, 256);
    assert.equal(BYTE_CHARACTERS[0x20], "Ġ");
    assert.equal(BYTE_CHARACTERS[0x0a], "Ċ");
    assert.equal(BYTE_CHARACTERS[0x7f], "ġ");
    assert.equal(BYTE_CHARACTERS[0xff], "ÿ");
  });
});
