import assert from "node:assert/strict";
import { runningFormatsOf } from "../../../evaluate/trial/runningFormatsOf.ts";
import { UserError } from "../../../formats/index.ts";

describe("formats a model runs in", () => {
  it("turn the cache where the method does, each head by itself alone", () => {
    const of = (method: string, kv?: string) => runningFormatsOf({ format: "int4@row", method, ...(kv ? { kv } : {}) });
    assert.equal(of("roste-cache", "int4@row").turnsCache, true);
    assert.equal(of("roste", "int4@row").turnsCache, false);
    assert.equal(of("roste-cache").turnsCache, false);
    assert.throws(
      () => of("roste-cache", "int4@token"),
      (error: Error) =>
        error instanceof UserError &&
        error.message === "KV cache int4@token: method roste-cache turns each head by itself; take int4@row",
    );
  });
});
