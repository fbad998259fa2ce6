import assert from "node:assert/strict";
import type { Decoder } from "../../../evaluate/generate/decoder.ts";
import { generate, type Start, vocabularyStarts } from "../../../evaluate/generate/generate.ts";

/** A model that always says the token after the last, of ten; 9 ends a text. */
function counting(batch: number, length: number): Decoder {
  let at = 0;
  return {
    batch,
    length,
    vocabSize: 10,
    get position() {
      return at;
    },
    async step(_, tokens) {
      at++;
      const logits = new Float32Array(batch * 10);
      for (let i = 0; i < batch; i++) logits[i * 10 + ((tokens[i]! + 1) % 10)] = 5;
      return logits;
    },
    reset() {
      at = 0;
    },
    release: async () => {},
  };
}

async function all(decoder: Decoder, starts: readonly Start[], options = {}): Promise<number[][]> {
  const settings = { temperature: 0, topK: 0, topP: 1, ends: [9], never: [], seed: 0, ...options };
  const out: number[][] = [];
  for await (const sequence of generate(decoder, new Map(), starts, settings)) out.push([...sequence]);
  return out;
}

describe("generate", () => {
  it("continues prompts of several lengths side by side, to the end token or the last position", async () => {
    const starts = [[3], [0, 1, 2], [7], [5, 5], [8]].map((prompt) => ({ prompt, greedy: 0 }));
    assert.deepEqual(await all(counting(2, 6), starts), [
      [3, 4, 5, 6, 7, 8],
      [0, 1, 2, 3, 4, 5],
      [7, 8],
      [5, 5, 6, 7, 8],
      [8],
    ]);
  });

  it("passes over tokens that are never taken", async () => {
    assert.deepEqual(await all(counting(1, 4), [{ prompt: [2], greedy: 0 }], { never: [3] }), [[2, 0, 1, 2]]);
  });

  it("gives a sequence that depends on its start, place and seed, not on its neighbours", async () => {
    const starts = Array.from({ length: 6 }, (_, i) => ({ prompt: [i], greedy: 1 }));
    const hot = { temperature: 5, ends: [] };
    const [one, three, other] = [
      await all(counting(1, 12), starts, hot),
      await all(counting(4, 12), starts, hot),
      await all(counting(4, 12), starts, { ...hot, seed: 1 }),
    ];
    assert.deepEqual(one, three);
    assert.notDeepEqual(one, other);
    // The token after the prompt is the most likely one, whatever the temperature.
    for (const [i, sequence] of other.entries()) assert.equal(sequence[1], (i + 1) % 10);
  });
});

describe("vocabularyStarts", () => {
  it("spreads over the vocabulary, with two to four greedy tokens after BOS and a token", () => {
    assert.deepEqual(vocabularyStarts([10, 20, 30, 40], 2, [1]), [
      { prompt: [1, 10], greedy: 2 },
      { prompt: [1, 30], greedy: 3 },
    ]);
    assert.deepEqual(
      vocabularyStarts([10, 20], 4, []).map(({ prompt, greedy }) => [...prompt, greedy]),
      [
        [10, 2],
        [10, 3],
        [20, 4],
        [20, 2],
      ],
    );
  });
});
