import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpoint, readModelConfig } from "../../evaluate/model/index.ts";
import type { Row } from "../../evaluate/trial/row.ts";
import { floats, type GgufTensor, type Meta, writeGguf } from "../evaluate/model/writeGguf.ts";
import { cli } from "./io.ts";
import { tinyText, writeTinyModel } from "./tinyModel.ts";

const NAMES: Record<string, string> = {
  "model.embed_tokens": "token_embd",
  "model.norm": "output_norm",
  lm_head: "output",
  input_layernorm: "attn_norm",
  post_attention_layernorm: "ffn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

/** Row 2i + j of a head in llama.cpp is row j·d/2 + i in transformers. */
function interleaved(data: Float32Array, rows: number, headDim: number): Float32Array {
  const cols = data.length / rows;
  return Float32Array.from(data, (_, at) => {
    const row = Math.floor(at / cols);
    const [head, inside] = [Math.floor(row / headDim), row % headDim];
    const from = head * headDim + (inside % 2) * (headDim / 2) + Math.floor(inside / 2);
    return data[from * cols + (at % cols)]!;
  });
}

/** What llama.cpp's converter makes of the folder: the same model in float32. */
function convert(folder: string, path: string): void {
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, number>;
  const { model } = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8")) as {
    model: { vocab: Record<string, number> };
  };
  const headDim = config.hidden_size! / config.num_attention_heads!;
  const metadata: [string, Meta][] = [
    ["general.architecture", ["str", "llama"]],
    ["llama.block_count", ["u32", config.num_hidden_layers!]],
    ["llama.context_length", ["u32", config.max_position_embeddings!]],
    ["llama.embedding_length", ["u32", config.hidden_size!]],
    ["llama.feed_forward_length", ["u32", config.intermediate_size!]],
    ["llama.attention.head_count", ["u32", config.num_attention_heads!]],
    ["llama.attention.head_count_kv", ["u32", config.num_key_value_heads!]],
    ["llama.attention.layer_norm_rms_epsilon", ["f32", config.rms_norm_eps!]],
    ["llama.rope.freq_base", ["f32", config.rope_theta!]],
    ["tokenizer.ggml.model", ["str", "gpt2"]],
    ["tokenizer.ggml.pre", ["str", "gpt-2"]],
    ["tokenizer.ggml.tokens", ["strs", Object.keys(model.vocab)]],
    ["tokenizer.ggml.merges", ["strs", []]],
  ];
  const checkpoint = openCheckpoint(folder);
  const tensors = checkpoint.names().map((name): GgufTensor => {
    const [, layer, module] = /^(?:model\.layers\.(\d+)\.)?(.+)\.weight$/.exec(name)!;
    const source = `${layer === undefined ? "" : `blk.${layer}.`}${NAMES[module!]}.weight`;
    const { shape } = checkpoint.info(name);
    const data = checkpoint.read(name);
    const rotary = /[qk]_proj/.test(name);
    return { name: source, shape, data: floats(rotary ? interleaved(data, shape[0]!, headDim) : data) };
  });
  checkpoint.close();
  writeGguf(path, { metadata, tensors });
}

describe("bitfrontier with a GGUF file", () => {
  let folder: string;
  let model: string;
  let gguf: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-gguf-"));
    model = writeTinyModel(join(folder, "model"));
    gguf = join(folder, "model.gguf");
    convert(model, gguf);
    writeFileSync(join(folder, "text.txt"), tinyText(500));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const rowsOf = async (path: string): Promise<Row[]> => {
    const task = `perplexity:${join(folder, "text.txt")}`;
    const { code, out, err } = await cli(
      "eval",
      path,
      "--task",
      task,
      "--format",
      "int4@g16",
      "--context",
      "32",
      "--json",
    );
    assert.equal(code, 0, err);
    return JSON.parse(out) as Row[];
  };

  it("eval scores it exactly as the folder of safetensors it was made from", async () => {
    const [expected, found] = [await rowsOf(model), await rowsOf(gguf)];
    assert.equal(found.length, 2);
    found.forEach((row, i) => {
      assert.equal(row.windowLoss.length, 15);
      assert.deepEqual(row.windowLoss, expected[i]!.windowLoss);
      assert.equal(row.bitsPerWeight, expected[i]!.bitsPerWeight);
    });
    assert.notEqual(found[0]!.modelSha256, expected[0]!.modelSha256);
  });

  it("fit gives the same fits under the same names", async () => {
    const [expected, found] = [await cli("fit", model), await cli("fit", gguf)];
    assert.equal(found.code, 0, found.err);
    const sorted = ({ out }: { out: string }) => out.trim().split("\n").sort();
    assert.deepEqual(sorted(found), sorted(expected));
  });

  it("quantize writes a Hugging Face folder of it, with config and tokenizer", async () => {
    const outs = [join(folder, "a"), join(folder, "b")];
    for (const [i, path] of [model, gguf].entries()) {
      const { code, err } = await cli("quantize", path, "--format", "sf4@g16", "--out", outs[i]!);
      assert.equal(code, 0, err);
    }
    const [expected, found] = outs.map((out) => openCheckpoint(out));
    assert.equal(found!.sha256(), expected!.sha256());
    for (const checkpoint of [expected!, found!]) checkpoint.close();
    assert.deepEqual(readdirSync(outs[1]!).sort(), [
      "bitfrontier.json",
      "config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    assert.equal(readModelConfig(outs[1]!).vocabSize, readModelConfig(model).vocabSize);
    assert.deepEqual((await rowsOf(outs[1]!))[0]!.windowLoss, (await rowsOf(outs[0]!))[0]!.windowLoss);
  });

  it("a damaged file is refused in one line that names it", async () => {
    const cut = join(folder, "cut.gguf");
    writeFileSync(cut, readFileSync(gguf).subarray(0, -1000));
    const { code, out, err } = await cli("eval", cut, "--task", `perplexity:${join(folder, "text.txt")}`);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /^bitfrontier: .*cut\.gguf is not a valid GGUF file: .*truncated\n$/);
  });
});
