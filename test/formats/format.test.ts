import assert from "node:assert/strict";
import {
  defaultSweepElements,
  formatId,
  getElement,
  listElements,
  makeFormat,
  parseFormat,
} from "../../formats/index.ts";

describe("parseFormat", () => {
  it("fills in group 128, fp16 scales and the element's own rules", () => {
    const format = parseFormat("sf4");
    assert.equal(format.id, "sf4@g128");
    assert.deepEqual([format.group, format.rule, format.store, format.tie], [128, "absmax", "fp16", "down"]);
  });

  it("takes the signed scale for books whose ends differ, unless the source says otherwise", () => {
    const rule = (id: string) => parseFormat(id).rule;
    assert.deepEqual(["e2m1+sr", "en_25", "denorm4"].map(rule), ["signed", "signed", "signed"]);
    assert.deepEqual(["iq4_nl", "bof4-s", "int4-full"].map(rule), ["signedmax", "signedmax", "signedmax"]);
    assert.deepEqual(["nf4", "sf4", "e2m1", "e2m1+sp", "apot4+sp", "af4"].map(rule), Array(6).fill("absmax"));
  });

  it("gives every spelling of a format one canonical id, and reads it back", () => {
    const spellings = {
      "SF4_5@G64": "sf4@g64",
      " nf4@row ": "nf4@row",
      "e2m1+sr@g128:signed": "e2m1+sr@g128",
      "e2m1+sr:down:fp32:clipped": "e2m1+sr@g128:clipped:fp32:down",
      "int4@tensor:bf16": "int4@tensor:bf16",
      "e2m1:even:absmax:fp16": "e2m1@g128",
    };
    for (const [spelling, id] of Object.entries(spellings)) {
      assert.equal(parseFormat(spelling).id, id);
      assert.deepEqual(parseFormat(id), parseFormat(spelling));
      assert.equal(formatId(parseFormat(id)), id);
    }
    for (const element of listElements()) {
      for (const group of [1, 128, "row", "tensor"] as const) {
        const format = makeFormat({ element, group, rule: "maxabs", store: "fp32", tie: "away" });
        assert.deepEqual(parseFormat(format.id), format);
      }
    }
  });

  it("refuses what it does not know in one line that names the format and the nearest", () => {
    const fails = (id: string, message: RegExp) => {
      assert.throws(() => parseFormat(id), { name: "UserError", message });
    };
    fails("sf5x@g128", /unknown element "sf5x"; did you mean sf5/);
    fails("nf4@128", /group "128", expected row, tensor or g1/);
    fails("nf4@g0", /group "g0"/);
    fails("nf4@g1e3", /group/);
    fails("nf4@g99999999999", /group/);
    fails("nf4@", /group ""/);
    fails("nf4@row@row", /more than one @/);
    fails("nf4:sined", /unknown option "sined"; did you mean signed/);
    fails("nf4:", /unknown option ""/);
    fails("nf4:toString", /unknown option/);
    fails("nf4:fp16:fp32", /fp16 and fp32 exclude each other/);
    fails("nf4:down:down", /exclude each other/);
    fails("", /unknown element/);
    fails(`nf4:${"y".repeat(1e5)}`, /^.{0,400}$/);
  });
});

describe("defaultSweepElements", () => {
  it("names at least 20 different elements by their canonical ids", () => {
    assert.ok(defaultSweepElements.length >= 20);
    assert.deepEqual(
      defaultSweepElements.map((id) => getElement(id).id),
      defaultSweepElements,
    );
    const shapes = defaultSweepElements.map((id) => {
      const { values } = getElement(id);
      return values.map((value) => Math.fround(value / values.at(-1)!)).join();
    });
    assert.equal(new Set(shapes).size, shapes.length);
  });
});
