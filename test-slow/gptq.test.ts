import assert from "node:assert/strict";
import { listElements, listFormats } from "../formats/index.ts";
import { hasStories, storiesErrors } from "../test/evaluate/methods/layerErrors.ts";

/** Formats whose numbers do not round one at a time, so that no error can be handed on between them. */
const together = ["hif4", "olive4"];

describe("gptq on stories260K, in every format", () => {
  before(function () {
    if (hasStories) return;
    console.log("      skipped: ../shared has no stories260K and no stories-sampled.txt");
    this.skip();
  });

  // Rows of the model have 64 and 172 columns.
  const named = listFormats().filter(({ group }) => typeof group !== "number" || group <= 64);
  const ids = [...named.map(({ id }) => id), ...listElements().map(({ id }) => `${id}@g32`)];
  for (const id of ids.filter((each) => !together.includes(each))) {
    it(`${id} has no more output error in any layer than rounding to nearest`, async function () {
      this.timeout(60_000);
      for await (const { name, gptq, rtn } of storiesErrors([id], 4)) {
        assert.ok(gptq <= rtn, `${name}: ${gptq} against ${rtn}`);
      }
    });
  }

  for (const id of together) {
    it(`${id} is refused in one line`, async () => {
      await assert.rejects(async () => {
        for await (const _ of storiesErrors([id], 4));
      }, /one number cannot be rounded without its neighbours/);
    });
  }
});
