import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpoint } from "../evaluate/model/index.ts";
import { quantizeModel } from "../evaluate/quantize.ts";
import { listFormats, UserError } from "../formats/index.ts";
import { tinyText, writeTinyModel } from "../test/cli/tinyModel.ts";

describe("exported checkpoints", () => {
  const folder = mkdtempSync(join(tmpdir(), "bitfrontier-packed-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("reload bit-equal, packed beside dequantized, in every listed format, by rounding to nearest and by GPTQ", async function () {
    this.timeout(1_800_000);
    const model = writeTinyModel(join(folder, "model"));
    const calibration = join(folder, "text.txt");
    writeFileSync(calibration, tinyText(400));
    const refused: string[] = [];
    let compared = 0;
    // Rows of the tiny model have 32 and 96 numbers.
    const ids = listFormats().map(({ id, group, coder }) =>
      typeof group === "number" && group > 32 && coder !== "hif4" ? `${id.split("@")[0]}@g16` : id,
    );
    for (const format of new Set(ids)) {
      for (const method of ["rtn", "gptq"]) {
        const options = { model, format, method, calibration, calibrationWindows: 2, versions: {} };
        const out = (kind: string) => join(folder, kind);
        try {
          await quantizeModel({ ...options, out: out("plain") });
          await quantizeModel({ ...options, out: out("packed"), packed: true });
          const [plain, packed] = [openCheckpoint(out("plain")), openCheckpoint(out("packed"))];
          for (const tensor of plain.names()) {
            assert.deepEqual(packed.read(tensor), plain.read(tensor), `${format} ${method} ${tensor}`);
            compared++;
          }
          for (const each of [plain, packed]) each.close();
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          refused.push(`${format} ${method}`);
        } finally {
          for (const kind of ["plain", "packed"]) rmSync(out(kind), { recursive: true, force: true });
        }
      }
    }
    console.log(`      ${compared} tensors compared`);
    // HiF4's groups of 64 are longer than these rows, OliVe's numbers are not rounded one by one; the others store an offset or
    // a scale for each sign, of which GPTQ's weights say too little where a group does not reach both of its ends.
    assert.deepEqual(refused, [
      "nf4-dq@g16 gptq",
      "gguf-q4_1 gptq",
      "hif4 rtn",
      "hif4 gptq",
      "olive4 gptq",
      "n2f3@g16 gptq",
      "bitdistiller-int2@g16 gptq",
      "bitdistiller-int3@g16 gptq",
    ]);
  });
});
