import { parseFormat, scaleRules, scaleStores } from "../formats/index.ts";
import { compare, fittable, possible } from "../test/evaluate/graph/roundingCases.ts";

/** Formats of one graph: those of a searched range round all numbers dozens of times each. */
const AT_ONCE = 8;

describe("fake quantization in a graph, every rule with every store and tie rule", () => {
  for (const rule of Object.keys(scaleRules)) {
    it(`equals the host kernel under ${rule}`, async function () {
      this.timeout(600_000);
      const elements = ["int4", "e2m1+sr", "nf4", "int4-full", "uint4", "e4m3", "e2m1+sp", "binary"];
      const formats = elements.flatMap((element) => [
        ...Object.keys(scaleStores).flatMap((store) => possible(() => parseFormat(`${element}@g32:${rule}:${store}`))),
        ...["even", "down", "up", "away", "zero"].flatMap((tie) =>
          possible(() => parseFormat(`${element}@row:${rule}:${tie}`)),
        ),
      ]);
      const held = formats.filter(fittable);
      for (let from = 0; from < held.length; from += AT_ONCE) {
        await compare(held.slice(from, from + AT_ONCE), 3);
        await compare(held.slice(from, from + AT_ONCE), 4, true);
      }
    });
  }
});
