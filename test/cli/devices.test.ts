import assert from "node:assert/strict";
import { cli } from "./io.ts";

describe("bitfrontier devices", () => {
  it("lists every provider, found with its rates or missing with the reason", async () => {
    const { code, out } = await cli("devices", "--json");
    assert.equal(code, 0);
    const rows = JSON.parse(out) as { device: string; name?: string; reason?: string; matmulGflops?: number }[];
    assert.deepEqual(
      rows.map(({ device }) => device),
      ["cuda", "webgpu", "dml", "coreml", "cpu"],
    );
    for (const { device, name, reason, matmulGflops } of rows)
      assert.ok(name !== undefined ? matmulGflops! > 0 : reason !== undefined && !reason.includes("\n"), device);
    assert.ok(rows.at(-1)!.name);
  });

  it("a device that a platform never has is an error of one line that says so", async () => {
    const never = process.platform === "darwin" ? "cuda" : "coreml";
    const { code, out, err } = await cli("eval", "reference", "--task", "perplexity:reference", "--device", never);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, new RegExp(`^bitfrontier: device ${never}: onnxruntime-node has no ${never} on [^\n]+\n$`));
  });
});
