import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot, resolveModel } from "../../../evaluate/model/index.ts";
import { assertUserError, temporaryDirectory } from "./support.ts";
import { writeConfig } from "./tinyLlama.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const VARIABLES = ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"] as const;

describe("evaluate/model/resolve", () => {
  const temporary = temporaryDirectory();
  const saved = new Map(VARIABLES.map((name) => [name, process.env[name]]));
  beforeEach(() => {
    for (const name of VARIABLES) delete process.env[name];
    process.env.HF_HUB_CACHE = temporary.at("hub");
  });
  after(() => {
    for (const [name, value] of saved) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  const cache = (id: string, hub = temporary.at("hub"), commit = COMMIT) => {
    const repository = join(hub, `models--${id.replace("/", "--")}`);
    mkdirSync(join(repository, "refs"), { recursive: true });
    writeFileSync(join(repository, "refs", "main"), commit);
    writeConfig(join(repository, "snapshots", COMMIT));
    return join(repository, "snapshots", COMMIT);
  };

  it("resolveModel takes a directory and a safetensors file", () => {
    mkdirSync(temporary.at("my.model"));
    writeFileSync(temporary.at("w.safetensors"), "");
    assert.deepEqual(resolveModel(temporary.at("my.model")), {
      kind: "directory",
      name: "my.model",
      dir: temporary.at("my.model"),
      source: "local",
    });
    assert.deepEqual(resolveModel(temporary.at("w.safetensors")), {
      kind: "file",
      name: "w",
      file: temporary.at("w.safetensors"),
      source: "local",
    });
  });

  it("resolveModel finds a cached Hub id by refs/main, by every variable that moves the cache", () => {
    const snapshot = cache("org/some-model_1.5");
    assert.deepEqual(resolveModel("org/some-model_1.5"), {
      kind: "directory",
      name: "org/some-model_1.5",
      dir: snapshot,
      source: "hub",
    });
    assert.equal(resolvedDir("gpt2", cache("gpt2")), true);
    delete process.env.HF_HUB_CACHE;
    process.env.HF_HOME = temporary.at("home");
    assert.equal(resolvedDir("a/b", cache("a/b", temporary.at("home", "hub"))), true);
    delete process.env.HF_HOME;
    process.env.XDG_CACHE_HOME = temporary.at("xdg");
    assert.equal(resolvedDir("a/c", cache("a/c", temporary.at("xdg", "huggingface", "hub"))), true);
  });

  it("resolveModel says where it looked for a Hub id that is not cached, and how to fetch it", () => {
    assertUserError(
      () => resolveModel("org/name"),
      "org/name",
      temporary.at("hub", "models--org--name"),
      "hf download org/name",
    );
  });

  it("resolveModel refuses a cache whose ref names no snapshot, or something outside", () => {
    cache("a/b", temporary.at("hub"), "f".repeat(40));
    assertUserError(() => resolveModel("a/b"), "incomplete");
    cache("a/b", temporary.at("hub"), "../../..");
    assertUserError(() => resolveModel("a/b"), "incomplete");
  });

  for (const spec of [
    "../x",
    "a/../b",
    "a/b/c",
    "/no/such",
    "./no",
    "",
    "-a/b",
    "a/b.",
    "a--b/c",
    "a/b\\c",
    "a b/c",
    "~/x",
    "C:\\x",
    `a/${"b".repeat(95)}`,
  ]) {
    it(`resolveModel refuses ${JSON.stringify(spec)}`, () => {
      assertUserError(() => resolveModel(spec), "no such file or folder, and no Hub id");
    });
  }

  it("resolveModel refuses a file that is no checkpoint", () => {
    writeFileSync(temporary.at("model.bin"), "");
    assertUserError(() => resolveModel(temporary.at("model.bin")), "model.bin", ".safetensors", ".gguf");
  });

  it("resolveModel finds the reference model in the package, or says that it is missing there", () => {
    const dir = join(packageRoot(), "models", "reference");
    try {
      assert.deepEqual(resolveModel("reference"), { kind: "directory", name: "reference", dir, source: "reference" });
    } catch {
      assertUserError(() => resolveModel("reference"), dir, "npm run train:reference");
    }
  });
});

function resolvedDir(spec: string, expected: string): boolean {
  const model = resolveModel(spec);
  return model.kind === "directory" && model.dir === expected;
}
