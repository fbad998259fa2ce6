import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../evaluate/model/index.ts";
import { roundingProgram } from "../../../formats/simd/program.ts";
import { programBytes } from "../../../formats/simd/programBytes.ts";

const path = join(packageRoot(), "formats", "simd", "programBytes.ts");

describe("programBytes", () => {
  it("is what program.ts assembles to (UPDATE_PROGRAM=1 npm test writes it)", () => {
    const bytes = roundingProgram();
    if (process.env.UPDATE_PROGRAM !== undefined) {
      const lines = Buffer.from(bytes)
        .toString("hex")
        .match(/.{1,110}/g)!
        .map((line) => `  "${line}",\n`);
      const text = readFileSync(path, "utf8");
      writeFileSync(path, text.replace(/(?<=const HEX = \[\n)[^\]]*/, lines.join("")));
      return;
    }
    assert.deepEqual([...programBytes()], [...bytes]);
  });
});
