import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fetchModel, openCheckpoint, readModelConfig } from "../../../evaluate/model/index.ts";
import { UserError } from "../../../formats/error.ts";
import { COMMIT, type FakeFile, type FakeHub, gitSha1, sha256, startFakeHub } from "./fakeHub.ts";
import { temporaryDirectory } from "./support.ts";
import { tinyConfig, tinyTensors, writeConfig, writeShards, writeWeights } from "./tinyLlama.ts";

const VARIABLES = ["HF_HUB_CACHE", "HF_HOME", "HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];

describe("evaluate/model/fetchModel", () => {
  const temporary = temporaryDirectory();
  const saved = new Map(VARIABLES.map((name) => [name, process.env[name]]));
  let hub: FakeHub;
  let weights: Buffer;
  const repository = (...names: string[]) => temporary.at("hub", "models--org--model", ...names);
  const snapshot = (...names: string[]) => repository("snapshots", COMMIT, ...names);
  const fetch = (onProgress = (_: { file: string; done: number; total: number }) => {}) =>
    fetchModel("org/model", { retryMs: 1, onProgress });
  const file = (name: string): FakeFile => hub.files.get(name)!;

  beforeEach(async () => {
    for (const name of VARIABLES) delete process.env[name];
    process.env.HF_HUB_CACHE = temporary.at("hub");
    writeConfig(temporary.at("source"));
    writeWeights(temporary.at("source"), tinyTensors(temporary.at("source")));
    weights = readFileSync(temporary.at("source", "model.safetensors"));
    hub = await startFakeHub({
      "config.json": { content: JSON.stringify(tinyConfig()) },
      "tokenizer.json": { content: "{}" },
      "README.md": { content: "not fetched" },
      "pytorch_model.bin": { content: "not fetched", lfs: true },
      "model.safetensors": { content: weights, lfs: true },
    });
    process.env.HF_ENDPOINT = `${hub.endpoint}/`;
  });
  afterEach(() => hub.close());
  after(() => {
    for (const [name, value] of saved) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  /** Asserts that the fetch fails in one line with `words`, and that no snapshot is named by the ref. */
  async function refused(...words: string[]): Promise<void> {
    await assert.rejects(fetch(), (error: unknown) => {
      assert.ok(error instanceof UserError, error instanceof Error ? error.stack : String(error));
      assert.ok(!error.message.includes("\n"));
      for (const word of words) assert.ok(error.message.includes(word), `"${word}" is not in: ${error.message}`);
      return true;
    });
    assert.ok(!existsSync(repository("refs", "main")));
  }

  it("fetchModel downloads configuration, tokenizer and weights in the layout of huggingface_hub", async () => {
    const seen = new Map<string, number>();
    const model = await fetch(({ file, done, total }) => {
      assert.ok(done <= total);
      seen.set(file, done);
    });
    assert.deepEqual(model, { kind: "directory", name: "org/model", dir: snapshot(), source: "hub" });
    assert.equal(readFileSync(repository("refs", "main"), "utf8"), COMMIT);
    assert.deepEqual(readdirSync(snapshot()).sort(), ["config.json", "model.safetensors", "tokenizer.json"]);
    // git hash-object of "{}", and the SHA-256 of the weights as the Hub lists it.
    const blobs = ["9e26dfeeb6e641a33dae4961196235bdb965b21b", gitSha1(JSON.stringify(tinyConfig())), sha256(weights)];
    assert.deepEqual(readdirSync(repository("blobs")).sort(), blobs.sort());
    if (process.platform !== "win32") {
      const link = snapshot("model.safetensors");
      assert.ok(lstatSync(link).isSymbolicLink());
      assert.equal(readlinkSync(link), join("..", "..", "blobs", sha256(weights)));
    }
    assert.deepEqual(Object.fromEntries(seen), {
      "config.json": JSON.stringify(tinyConfig()).length,
      "tokenizer.json": 2,
      "model.safetensors": weights.length,
    });
    const checkpoint = openCheckpoint(snapshot());
    assert.equal(checkpoint.sha256(), sha256(weights));
    checkpoint.close();
    assert.equal(readModelConfig(snapshot()).hiddenSize, 8);
  });

  it("a model in the cache is used without any request, also when the Hub is gone", async () => {
    await fetch();
    const before = hub.requests.length;
    await fetch();
    assert.equal(hub.requests.length, before);
    await hub.close();
    assert.equal((await fetch()).name, "org/model");
    process.env.HF_HUB_OFFLINE = "1";
    assert.equal((await fetch()).name, "org/model");
  });

  it("HF_HUB_OFFLINE forbids every request", async () => {
    process.env.HF_HUB_OFFLINE = "yes";
    await refused("org/model", "HF_HUB_OFFLINE", repository());
    assert.equal(hub.requests.length, 0);
  });

  it("a local folder, a file and the reference model need no Hub", async () => {
    const path = temporary.at("source");
    assert.equal((await fetchModel(path)).kind, "directory");
    assert.equal((await fetchModel(join(path, "model.safetensors"))).kind, "file");
    assert.equal(hub.requests.length, 0);
  });

  it("what others left incomplete in the cache is completed", async () => {
    mkdirSync(snapshot(), { recursive: true });
    mkdirSync(repository("refs"));
    writeFileSync(repository("refs", "main"), COMMIT);
    writeFileSync(snapshot("tokenizer.json"), "{}");
    await fetch();
    assert.ok(!hub.requests.some(({ path }) => path.endsWith("tokenizer.json")));
    assert.ok(existsSync(snapshot("model.safetensors")));
  });

  it("shards are fetched by their index", async () => {
    const tensors = tinyTensors(temporary.at("source"));
    mkdirSync(temporary.at("sharded"));
    writeShards(temporary.at("sharded"), { "a.safetensors": tensors.slice(0, 3), "b.safetensors": tensors.slice(3) });
    hub.files.delete("model.safetensors");
    for (const name of readdirSync(temporary.at("sharded"))) {
      hub.files.set(name, { content: readFileSync(temporary.at("sharded", name)), lfs: name.endsWith("safetensors") });
    }
    await fetch();
    const checkpoint = openCheckpoint(snapshot());
    assert.equal(checkpoint.names().length, tensors.length);
    checkpoint.close();
    hub.requests.length = 0;
    await fetch();
    assert.equal(hub.requests.length, 0);
  });

  it("a broken connection is taken up with Range where it ended", async () => {
    file("model.safetensors").cutAfter = 700;
    await fetch();
    const ranges = hub.requests.filter(({ path }) => path === "/cdn/model.safetensors").map(({ range }) => range);
    assert.equal(ranges[0], undefined);
    assert.equal(ranges[1], "bytes=700-");
    assert.equal(ranges.length, Math.ceil(weights.length / 700));
    assert.equal(sha256(readFileSync(snapshot("model.safetensors"))), sha256(weights));
  });

  it("two calls at once are one download", async () => {
    const models = await Promise.all([fetch(), fetch()]);
    assert.deepEqual(models[0], models[1]);
    assert.equal(hub.requests.length, 5);
  });

  it("two processes at once both end with the model", async () => {
    const code = `
      import { fetchModel } from ${JSON.stringify(new URL("../../../evaluate/model/index.js", import.meta.url).href)};
      console.log((await fetchModel("org/model", { retryMs: 1 })).dir);`;
    const run = () =>
      new Promise<string>((resolve, reject) => {
        const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
          stdio: ["ignore", "pipe", "pipe"],
        });
        let output = "";
        for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (output += part));
        child.on("error", reject);
        child.on("close", () => resolve(output.trim()));
      });
    file("model.safetensors").cutAfter = 1500;
    assert.deepEqual(await Promise.all([run(), run()]), [snapshot(), snapshot()]);
    assert.equal(sha256(readFileSync(snapshot("model.safetensors"))), sha256(weights));
    assert.deepEqual(readdirSync(snapshot()).sort(), ["config.json", "model.safetensors", "tokenizer.json"]);
    assert.equal(readdirSync(repository("blobs")).length, 3);
  }).timeout(30_000);

  it("a server that falls silent is left after a while, and asked again", async () => {
    let stalls = 2;
    hub.intercept = (request, response) => {
      if (request.url !== "/cdn/model.safetensors" || stalls-- === 0) return false;
      response.writeHead(200, { "content-length": weights.length });
      response.write(weights.subarray(0, 100));
      return true;
    };
    await fetchModel("org/model", { retryMs: 1, idleMs: 60 });
    assert.equal(hub.requests.at(-1)!.range, "bytes=100-");
    assert.equal(sha256(readFileSync(snapshot("model.safetensors"))), sha256(weights));
  });

  it("a server that ignores Range is read again from the start", async () => {
    Object.assign(file("model.safetensors"), { cutAfter: weights.length - 1, noRange: true });
    hub.intercept = (request) => {
      if (request.headers.range !== undefined) delete file("model.safetensors").cutAfter;
      return false;
    };
    await fetch();
    assert.equal(hub.requests.at(-1)!.range, `bytes=${weights.length - 1}-`);
    assert.equal(sha256(readFileSync(snapshot("model.safetensors"))), sha256(weights));
  });

  it("a download given up is continued by the next command, also after the process is gone", async () => {
    file("model.safetensors").cutAfter = 0;
    const dead = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => dead.on("exit", resolve));
    const host = hostname().replace(/[^A-Za-z0-9-]/g, "_");
    mkdirSync(repository("blobs"), { recursive: true });
    const left = repository("blobs", `${sha256(weights)}.${host}-${dead.pid}.incomplete`);
    writeFileSync(left, weights.subarray(0, 500));
    await refused("model.safetensors is not complete", "500 of", "goes on from here");
    assert.ok(!existsSync(left));
    delete file("model.safetensors").cutAfter;
    hub.requests.length = 0;
    await fetch();
    const ranges = hub.requests.filter(({ path }) => path === "/cdn/model.safetensors").map(({ range }) => range);
    assert.deepEqual(ranges, ["bytes=500-"]);
    assert.deepEqual(
      readdirSync(repository("blobs")).filter((name) => name.includes("incomplete")),
      [],
    );
  });

  it("what is left of another content is found out by its hash, removed, and right the next time", async () => {
    const host = hostname().replace(/[^A-Za-z0-9-]/g, "_");
    mkdirSync(repository("blobs"), { recursive: true });
    const left = repository("blobs", `${sha256(weights)}.${host}-${process.pid}.incomplete`);
    writeFileSync(left, "something else");
    await refused("model.safetensors", "SHA-256", sha256(weights));
    assert.ok(!existsSync(left));
    await fetch();
  });

  const HOSTILE: readonly [what: string, change: () => void, ...words: string[]][] = [
    ["content of another hash", () => (file("model.safetensors").content = Buffer.alloc(weights.length)), "SHA-256"],
    [
      "another hash of a plain file",
      () => (file("config.json").listed = { blobId: "0".repeat(40) }),
      "config.json",
      "git SHA-1",
    ],
    [
      "a shorter file than listed",
      () => (file("config.json").listed = { size: 5000 }),
      "config.json should have 5000 bytes",
    ],
    [
      "a longer file than listed",
      () => (file("tokenizer.json").listed = { size: 1 }),
      "tokenizer.json should have 1 bytes",
    ],
    [
      "a tokenizer of a terabyte",
      () => (file("tokenizer.json").listed = { size: 2 ** 40 }),
      "tokenizer.json has 1099511627776",
    ],
    ["weights larger than the disk", () => (file("model.safetensors").listed = { size: 2 ** 49 }), "the disk has"],
    ["a negative size", () => (file("config.json").listed = { size: -1 }), "no config.json"],
    ["a hash that is a path", () => (file("config.json").listed = { blobId: "../../../../evil" }), "no config.json"],
    [
      "an LFS hash that is a path",
      () => (file("model.safetensors").listed = { sha256: "../evil" }),
      "no model.safetensors",
    ],
    ["no weights we read", () => hub.files.delete("model.safetensors"), "no model.safetensors", "pytorch_model.bin"],
  ];
  for (const [what, change, ...words] of HOSTILE) {
    it(`fetchModel refuses ${what}`, async () => {
      // Sent as listed, so that only our own check can see it.
      change();
      const { content } = file("model.safetensors") ?? { content: "" };
      if (what.startsWith("content"))
        file("model.safetensors").listed = { sha256: sha256(weights), size: content.length };
      await refused("org/model", ...words);
      assert.deepEqual(
        readdirSync(temporary.at()).sort(),
        existsSync(temporary.at("hub")) ? ["hub", "source"] : ["source"],
      );
    });
  }

  it("names in the listing that lead out of the folder are never asked for nor written", async () => {
    for (const name of ["../config.json", "..\\config.json", "/etc/passwd", "sub/tokenizer.json", "C:config.json"]) {
      hub.files.set(name, { content: "evil" });
    }
    await fetch();
    assert.deepEqual(readdirSync(snapshot()).sort(), ["config.json", "model.safetensors", "tokenizer.json"]);
    assert.deepEqual(readdirSync(temporary.at("hub")), ["models--org--model"]);
    assert.equal(hub.requests.length, 5);
  });

  for (const shard of ["../../../evil.safetensors", "/evil.safetensors", "a/b.safetensors"]) {
    it(`an index that names ${shard} is refused`, async () => {
      hub.files.delete("model.safetensors");
      hub.files.set("model.safetensors.index.json", { content: JSON.stringify({ weight_map: { a: shard } }) });
      await refused("model.safetensors.index.json", "plain .safetensors file name");
    });
  }

  it("an index that names a shard the model does not have is refused", async () => {
    hub.files.delete("model.safetensors");
    hub.files.set("model.safetensors.index.json", { content: JSON.stringify({ weight_map: { a: "x.safetensors" } }) });
    await refused("org/model", "no x.safetensors");
  });

  it("a commit that is a path is refused", async () => {
    hub.intercept = (_, response) => Boolean(response.end(JSON.stringify({ sha: "../../..", siblings: [] })));
    await refused("org/model", "no commit");
  });

  it("an answer that is no description is refused", async () => {
    hub.intercept = (_, response) => Boolean(response.end("<html>"));
    await refused("org/model", "no valid JSON", "HF_ENDPOINT");
  });

  it("an endless description is refused", async () => {
    hub.intercept = (_, response) => {
      const chunk = Buffer.alloc(2 ** 20, " ");
      const more = () => {
        while (response.writable && response.write(chunk));
      };
      response.on("drain", more);
      more();
      return true;
    };
    await refused("16777216 bytes of description");
  });

  for (const [status, ...words] of [
    [404, "org/model", "no such model", "404"],
    [401, "org/model", "401", "set HF_TOKEN"],
    [403, "org/model", "403", "set HF_TOKEN"],
    [418, "org/model", "status 418"],
  ] as const) {
    it(`status ${status} is explained`, async () => {
      hub.intercept = (_, response) => Boolean(response.writeHead(status).end());
      await refused(...words);
      assert.equal(hub.requests.length, 1);
    });
  }

  it("status 403 with a token speaks of the terms", async () => {
    process.env.HF_TOKEN = "hf_secret";
    hub.intercept = (_, response) => Boolean(response.writeHead(403).end());
    await refused("accept its terms at", "/org/model");
  });

  it("status 500 and 429 are tried again, then given up", async () => {
    let failures = 2;
    hub.intercept = (_, response) => failures-- > 0 && Boolean(response.writeHead(failures ? 500 : 429).end());
    await fetch();
    hub.intercept = (_, response) => Boolean(response.writeHead(503).end());
    process.env.HF_HUB_CACHE = temporary.at("other");
    await assert.rejects(fetch(), /not in the cache, and .* status 503/);
  });

  it("a Hub that cannot be reached is named", async () => {
    await hub.close();
    await refused("org/model", "not in the cache", "cannot reach 127.0.0.1", "ECONNREFUSED");
  });

  it("the token goes to the Hub and never to another host, and no message repeats it", async () => {
    process.env.HF_TOKEN = "hf_secret";
    const other = await startFakeHub({ "model.safetensors": { content: weights } });
    try {
      hub.intercept = (request, response) => {
        if (request.url !== "/cdn/model.safetensors") return false;
        response.writeHead(302, { location: `${other.endpoint}/cdn/model.safetensors` }).end();
        return true;
      };
      await fetch();
      assert.ok(hub.requests.every(({ authorization }) => authorization === "Bearer hf_secret"));
      assert.deepEqual(
        other.requests.map(({ path, authorization }) => [path, authorization]),
        [["/cdn/model.safetensors", undefined]],
      );
    } finally {
      await other.close();
    }
    process.env.HF_TOKEN = "hf_bad\u00e9token";
    process.env.HF_HUB_CACHE = temporary.at("other");
    await assert.rejects(fetch(), (error: Error) => error instanceof UserError && !error.message.includes("hf_bad"));
  });

  it("redirects that never end, lead nowhere or to another protocol are refused", async () => {
    const redirect = (location: string) => {
      hub.intercept = (_, response) => Boolean(response.writeHead(302, { location }).end());
    };
    redirect("/again");
    await refused("more than 5 times");
    redirect("http://[");
    await refused("to nowhere");
    redirect("file:///etc/passwd");
    await refused("unsafe address", "file:");
  });

  it("HF_ENDPOINT that is no address is refused", async () => {
    for (const endpoint of ["ftp://x", "not an address", "file:///x"]) {
      process.env.HF_ENDPOINT = endpoint;
      await refused("HF_ENDPOINT must be an http or https address");
    }
  });
});
