import { parseFormat, scaleRules, scaleStores } from "../formats/index.ts";
import { compare, fittable, possible } from "../test/evaluate/graph/roundingCases.ts";

describe("fake quantization in a graph, every rule with every store and tie rule", () => {
  for (const rule of Object.keys(scaleRules)) {
    it(`equals the host kernel under ${rule}`, async function () {
      this.timeout(60_000);
      const elements = ["int4", "e2m1+sr", "nf4", "int4-full", "uint4", "e4m3", "e2m1+sp", "binary"];
      const formats = elements.flatMap((element) => [
        ...Object.keys(scaleStores).flatMap((store) => possible(() => parseFormat(`${element}@g32:${rule}:${store}`))),
        ...["even", "down", "up", "away", "zero"].flatMap((tie) =>
          possible(() => parseFormat(`${element}@row:${rule}:${tie}`)),
        ),
      ]);
      await compare(formats.filter(fittable), 3);
      await compare(formats.filter(fittable), 4, true);
    });
  }
});
