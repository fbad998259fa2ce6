import assert from "node:assert/strict";
import { hasStories, storiesErrors } from "./layerErrors.ts";

describe("gptq on stories260K", () => {
  it("has less output error than rounding to nearest in every layer, in integer, float, quantile and block formats", async function () {
    if (!hasStories) {
      console.log("      skipped: ../shared has no stories260K and no stories-sampled.txt");
      this.skip();
    }
    this.timeout(120_000);
    let layers = 0;
    for await (const { format, name, gptq, rtn } of storiesErrors(
      ["int4@g32", "sf4@row", "e2m1+sr@g16", "nvfp4"],
      16,
    )) {
      layers++;
      assert.ok(gptq <= rtn, `${format} ${name}: ${gptq} against ${rtn}`);
    }
    assert.equal(layers, 4 * 35);
  });
});
