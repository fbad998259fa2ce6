import assert from "node:assert/strict";
import { hadamardRotation } from "../../../evaluate/hadamard/index.ts";
import { clipStarts } from "../../../evaluate/training/clipStarts.ts";
import { chosenClips } from "../../../evaluate/training/clips.ts";
import { fixedPoint } from "../../../evaluate/training/weights/fixedPoint.ts";
import { type FakeQuant, fakeQuantOf, lowRankSums, type WeightRule } from "../../../evaluate/training/weights/index.ts";
import { fakeQuantize, parseFormat, UserError } from "../../../formats/index.ts";
import { normals } from "../../random.ts";
import { golden } from "./golden.ts";

const { rows, cols, group } = golden;
const W = Float32Array.from(golden.W);
const G = Float32Array.from(golden.G);
const matrix = { name: "w", rows, cols };
const STRAIGHT: WeightRule = { latent: "full", scale: "format", straightThrough: "identity" };

function made(rule: Partial<WeightRule>, format: string, w = W): FakeQuant {
  return fakeQuantOf(
    { ...STRAIGHT, ...rule },
    parseFormat(format),
    { ...matrix, rows: w.length / cols },
    w,
    normals(3),
  );
}

/** What a rule makes of the weights, and its gradients given those of the result. */
function passed(fake: FakeQuant, gradient = G) {
  const out = new Float32Array(gradient.length);
  fake.forward(out);
  const into = new Map([...fake.parameters].map(([name, data]) => [name, new Float32Array(data.length).fill(9)]));
  fake.backward(gradient, out, into);
  return { out, slopes: (name: string) => into.get(name)! };
}

/** The same with a low-rank product, whose sum and gradients the engine makes before and after. */
async function passedBySums(fake: FakeQuant) {
  const sums = lowRankSums([fake.sum!], {});
  await sums.forward();
  const result = passed(fake, G.slice());
  await sums.backward();
  await sums.release();
  return result;
}

function assertNear(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i]! - value) < tolerance, `[${i}]: ${actual[i]} against ${value}`);
  });
}

describe("weights in training", () => {
  for (const [name, { q, gradient }] of Object.entries(golden.through)) {
    it(`${name}: gradients through the extremes are those of torch's autograd`, () => {
      // Scales in float32, as torch has them here.
      const { out, slopes } = passed(made({ scale: "through" }, `${name}@g${group}:fp32`));
      assertNear(out, q, 1e-6);
      assertNear(slopes("weight"), gradient, 2e-5);
    });
  }

  for (const [name, { scale, q, gradient, dScale }] of Object.entries(golden.learned)) {
    it(`${name}: learned scales have LSQ's gradients, as ParetoQ's code has them`, () => {
      const reach = name.startsWith("paretoq") ? { reach: 0.99 } : {};
      const fake = made({ scale: "learned", straightThrough: "clipped", ...reach }, name);
      fake.parameters.get("scale")!.set(scale);
      const { out, slopes } = passed(fake);
      assertNear(out, q, 1e-6);
      assertNear(slopes("weight"), gradient, 1e-6);
      assertNear(slopes("scale"), dScale, 1e-6);
    });
  }

  it("LSQ meets the numpy golden vector", () => {
    const { alpha, x, q, dalpha, grad_scale: shrink } = golden.numpy.lsq;
    const rule: WeightRule = { latent: "full", scale: "learned", straightThrough: "clipped" };
    for (let i = 0; i < x.length; i++) {
      const fake = fakeQuantOf(
        rule,
        parseFormat("int3@row:fp32"),
        { name: "w", rows: 1, cols: 8 },
        Float32Array.from(x),
        normals(1),
      );
      fake.parameters.get("scale")![0] = alpha;
      const one = Float32Array.from(x, (_, j) => (i === j ? 1 : 0));
      const { out, slopes } = passed(fake, one);
      assertNear(out, q, 1e-6);
      assert.ok(Math.abs(slopes("scale")[0]! - dalpha[i]! * shrink) < 1e-6);
    }
  });

  for (const format of ["twn", "nf4@g8", "nvfp4", "mxfp4@g8", "n2f3@g8", "olive4", "gguf-q4_1@g8"]) {
    it(`${format}: the format's own grid, and every gradient passes`, () => {
      const { out, slopes } = passed(made({}, format));
      const expected = new Float32Array(W.length);
      fakeQuantize(W, rows, cols, parseFormat(format), expected);
      assert.deepEqual(out, expected);
      assert.deepEqual(slopes("weight"), G);
    });
  }

  for (const [scale, format] of [
    ["through", "n2f3@g64"],
    ["through", "bitdistiller-int2@g64"],
    ["through", "uint3@g64:zeropoint"],
    ["through", "nf3@g64"],
    ["through", "int4@row"],
    ["through", "nvfp4"],
    ["format", "n2f3@g64"],
    ["format", "nvfp4"],
    ["format", "vsquant4"],
    ["format", "bitdistiller-int2@g64"],
    ["format", "uint4@g64"],
    ["format", "btt-ternary-paper"],
    ["learned", "int3@g64"],
  ] as const) {
    it(`${format}, scales ${scale}: a large matrix is rounded bit for bit as fakeQuantize does`, () => {
      const [height, width] = [64, 512];
      const random = normals(11);
      // Ties abound among multiples of 1/8; one group is zero, one of one sign.
      const w = Float32Array.from({ length: height * width }, (_, i) =>
        i < 64 ? 0 : i < 128 ? Math.abs(random()) : i % 3 === 0 ? Math.round(8 * random()) / 8 : random(),
      );
      const large = { name: "w", rows: height, cols: width };
      const fake = fakeQuantOf({ ...STRAIGHT, scale }, parseFormat(format), large, w, normals(3));
      const [out, expected] = [new Float32Array(w.length), new Float32Array(w.length)];
      fake.forward(out);
      fakeQuantize(w, height, width, parseFormat(format), expected);
      assert.deepEqual(out, expected);
    });
  }

  for (const [rule, format] of [
    [{ scale: "through" }, "int3@g8"],
    [{ scale: "through" }, "n2f3@g8"],
    [{ scale: "through" }, "bitdistiller-int2@g8"],
    [{ scale: "learned", offset: true, straightThrough: "clipped" }, "int3@g8"],
    [{ scale: "learned-clip", straightThrough: "clipped" }, "int3@g8"],
    [{ levels: "learned" }, "nf3@g8"],
    [{ straightThrough: "clipped" }, "llmqat2"],
    [{ straightThrough: 0.1 }, "int3@g8"],
  ] as [Partial<WeightRule>, string][]) {
    it(`${format}, ${JSON.stringify(rule)}: a gradient may be written over`, () => {
      const [out, apart, inPlace] = [new Float32Array(W.length), G.slice(), G.slice()];
      const fake = made(rule, format);
      fake.forward(out);
      const into = () => new Map([...fake.parameters].map(([name, data]) => [name, new Float32Array(data.length)]));
      const [one, other] = [into(), into().set("weight", inPlace)];
      fake.backward(apart, out, one);
      fake.backward(inPlace, out, other);
      assert.deepEqual(other, one);
      assert.deepEqual(apart, G);
    });
  }

  it("clipped: nothing passes at weights beyond their group's levels", () => {
    // llmqat2 ends at 0.75 · 2 mean|w|.
    const { slopes } = passed(made({ straightThrough: "clipped" }, "llmqat2"));
    for (let i = 0; i < W.length; i++) {
      const row = W.subarray(i - (i % cols), i - (i % cols) + cols);
      const end = (1.5 * row.reduce((sum, w) => sum + Math.abs(w), 0)) / cols;
      if (Math.abs(Math.abs(W[i]!) - end) > 1e-3) assert.equal(slopes("weight")[i], Math.abs(W[i]!) < end ? G[i] : 0);
    }
    assert.ok(slopes("weight").some((slope) => slope === 0));
  });

  it("a number: nothing passes at weights from there on", () => {
    const { slopes } = passed(made({ straightThrough: 0.1 }, "int3@row"));
    W.forEach((w, i) => {
      assert.equal(slopes("weight")[i], Math.abs(w) < 0.1 ? G[i] : 0);
    });
  });

  it("learned clips multiply the format's scale by σ(γ) and pass LSQ's gradient through it", () => {
    const clip = made({ scale: "learned-clip", straightThrough: "clipped" }, "int3@row:fp32");
    const scale = made({ scale: "learned", straightThrough: "clipped" }, "int3@row:fp32");
    const share = 1 / (1 + Math.exp(-3));
    const trained = scale.parameters.get("scale")!;
    trained.forEach((s, i) => {
      trained[i] = s * share;
    });
    const [one, other] = [passed(clip), passed(scale)];
    assertNear(one.out, [...other.out], 1e-6);
    assertNear(
      one.slopes("clip"),
      [...other.slopes("scale")].map((d, i) => d * trained[i]! * (1 - share)),
      1e-6,
    );
  });

  it("learned offsets have a slope of one beyond reach and none within", () => {
    const fake = made({ scale: "learned", offset: true, straightThrough: "clipped" }, "int3@row:fp32");
    fake.parameters.get("scale")!.fill(0.02);
    const { slopes } = passed(fake);
    for (let row = 0; row < rows; row++) {
      let beyond = 0;
      for (let i = row * cols; i < (row + 1) * cols; i++) {
        if (W[i]! / 0.02 < -3 || W[i]! / 0.02 > 3) beyond += G[i]!;
      }
      assert.ok(Math.abs(slopes("offset")[row]! - beyond / Math.sqrt(rows * cols * 3)) < 1e-6);
    }
  });

  it("learned scales and offsets together have LSQ+'s gradients, as torch has them", () => {
    const { scale, offset, q, gradient, dScale, dOffset } = golden.offset;
    const fake = made({ scale: "learned", offset: true, straightThrough: "clipped" }, "int3@row");
    fake.parameters.get("scale")!.set(scale);
    fake.parameters.get("offset")!.set(offset);
    const { out, slopes } = passed(fake);
    assertNear(out, q, 1e-6);
    assertNear(slopes("weight"), gradient, 1e-6);
    assertNear(slopes("scale"), dScale, 1e-5);
    assertNear(slopes("offset"), dOffset, 1e-6);
  });

  /** ∂Σ G·ŵ by one parameter, as central differences find it where no rounding changes. */
  async function difference(fake: FakeQuant, name: string, i: number, h: number, bring = async () => {}) {
    const data = fake.parameters.get(name)!;
    const [kept, out] = [data[i]!, new Float32Array(W.length)];
    const at = async (value: number) => {
      data[i] = value;
      await bring();
      fake.forward(out);
      return out.reduce((sum, w, k) => sum + w * G[k]!, 0);
    };
    const slope = ((await at(kept + h)) - (await at(kept - h))) / (2 * h);
    data[i] = kept;
    return slope;
  }

  it("learned levels: the gradient is that of central differences", async () => {
    const fake = made({ levels: "learned" }, "nf3@g8");
    const { slopes } = passed(fake);
    const { length } = fake.parameters.get("levels")!;
    for (let k = 0; k < length; k++)
      assert.ok(Math.abs(slopes("levels")[k]! - (await difference(fake, "levels", k, 1e-3))) < 1e-3);
  });

  it("low-rank products: the gradients are those of central differences", async () => {
    const fake = made({ latent: { rank: 2, alpha: 3, in: "weights" } }, "int3@row");
    const sums = lowRankSums([fake.sum!], {});
    fake.rounds(false);
    const random = normals(8);
    const b = fake.parameters.get("b")!;
    b.forEach((_, i) => {
      b[i] = 0.1 * random();
    });
    const { slopes } = await passedBySums(fake);
    for (const name of ["a", "b"])
      for (const i of fake.parameters.get(name)!.keys()) {
        const exact = await difference(fake, name, i, 1e-2, () => sums.forward());
        assert.ok(Math.abs(slopes(name)[i]! - exact) < 1e-4, `${name}[${i}]`);
      }
    await sums.release();
  });

  it("low-rank products in levels begin at the rounded weights and have the scale's slope", async () => {
    const rule: Partial<WeightRule> = {
      latent: { rank: 2, alpha: 1, in: "levels" },
      scale: "learned",
      straightThrough: "clipped",
    };
    const fake = made(rule, "int3@row:fp32");
    const { out, slopes } = await passedBySums(fake);
    const expected = new Float32Array(W.length);
    fakeQuantize(W, rows, cols, parseFormat("int3@row:fp32"), expected);
    assertNear(out, [...expected], 1e-6);
    for (let row = 0; row < rows; row++) {
      const exact = (await difference(fake, "scale", row, 1e-3)) / Math.sqrt(rows * cols * 3);
      assert.ok(Math.abs(slopes("scale")[row]! - exact) < 1e-4);
    }
  });

  it("clipped: groups are rounded to a share of their extremes, and every gradient passes", () => {
    const format = parseFormat("int3@row");
    const fake = fakeQuantOf(STRAIGHT, format, matrix, W, normals(3), { clip: 0.75 });
    const { out, slopes } = passed(fake);
    const ends = Array.from({ length: rows }, (_, row) => {
      const own = W.subarray(row * cols, (row + 1) * cols);
      return [0.75 * Math.min(0, ...own), 0.75 * Math.max(0, ...own)] as const;
    });
    const clamped = W.map((w, i) => {
      const [low, high] = ends[Math.floor(i / cols)]!;
      return Math.min(Math.max(w, low), high);
    });
    const expected = new Float32Array(W.length);
    fakeQuantize(clamped, rows, cols, format, expected);
    assert.deepEqual(out, expected);
    assert.deepEqual(slopes("weight"), G);
  });

  it("learned clips may begin elsewhere: at the share that leaves the least error of the layer's output", () => {
    // Two groups of int2, at −s, 0, s. Only the first input of the first group counts, and 0.75 is 0.75 · 1; of the second all count alike.
    const w = Float32Array.of(0.75, 1, 0, 0, 1, -1, 1, 1);
    const format = parseFormat("int2@g4:fp32");
    const gram = new Float64Array(64);
    for (const i of [0, 4, 5, 6, 7]) gram[i * 9] = 1;
    const starts = clipStarts(w, { name: "w", rows: 1, cols: 8 }, format, { gram, columns: 8 });
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    assert.deepEqual(
      [...starts].map((x) => Math.round(100 * sigmoid(x)) / 100),
      [0.75, 0.98],
    );
    assert.throws(
      () => clipStarts(w, { name: "w", rows: 1, cols: 8 }, parseFormat("int2@tensor"), { gram, columns: 8 }),
      new UserError("int2@tensor: clips begin by the output of each group's rows; one of a whole matrix has none"),
    );
    const rule = { ...STRAIGHT, scale: "learned-clip" } as const;
    const fake = fakeQuantOf(rule, format, { name: "w", rows: 1, cols: 8 }, w, normals(3), { clipStart: starts });
    const out = new Float32Array(8);
    fake.forward(out);
    assertNear(out, [0.75, 0.75, 0, 0, 0.98, -0.98, 0.98, 0.98], 1e-6);
  });

  it("learned scales may begin at the least error of a norm, group by group", () => {
    // (1 − s)⁴ + 7 (s − 0.6)⁴ is least at 0.737; a group of zeros has no scale.
    const w = Float32Array.of(1, ...new Array(7).fill(-0.6), ...new Array(8).fill(0));
    const rule = { ...STRAIGHT, scale: "learned", scaleNorm: { norm: 4, points: 100 } } as const;
    const fake = fakeQuantOf(rule, parseFormat("int2@g8:fp32"), { name: "w", rows: 1, cols: 16 }, w, normals(3));
    assert.deepEqual(fake.parameters.get("scale"), Float32Array.of(0.74, 0));
  });

  it("clips are chosen layer by layer, where weights then err less", () => {
    const linears = [
      { name: "outlier", rows: 1, cols: 8 },
      { name: "even", rows: 1, cols: 8 },
    ];
    const weights = new Map([
      ["outlier", Float32Array.of(1, 0.9, -0.9, 0.9, 0.9, -0.9, 0.9, 0.9)],
      ["even", Float32Array.of(1, 1, -1, 1, 0, 0, -1, 1)],
    ]);
    const chosen = chosenClips({ linears, weights }, parseFormat("int2@row"), [1, 0.95, 0.9], new Map());
    assert.deepEqual(
      [...chosen],
      [
        ["outlier", 0.9],
        ["even", 1],
      ],
    );
  });

  it("levels frozen in eight bits are multiples of a 32nd for integers of three bits, no farther than the ends", async () => {
    assert.deepEqual(fixedPoint(Float32Array.of(-7, -3, 0.0156, 0.0157, 2.99, 9), -3, 3), {
      codes: Int8Array.of(-96, -96, 0, 1, 96, 96),
      step: 1 / 32,
    });
    assert.equal(fixedPoint(Float32Array.of(1), -7, 7).step, 1 / 16);
    assert.equal(fixedPoint(Float32Array.of(1), -1, 1).codes[0], 64);
    const rule = { scale: "learned", straightThrough: "clipped" } as const;
    const product = { rank: 2, alpha: 1, in: "levels" } as const;
    const fake = made({ ...rule, latent: { ...product, frozen: "fixed-point" } }, "int3@row:fp32");
    const kept = await passedBySums(fake);
    const exact = await passedBySums(made({ ...rule, latent: product }, "int3@row:fp32"));
    const scales = fake.parameters.get("scale")!;
    // A number goes elsewhere only where it is closer to the middle of two levels than it may move.
    for (const [i, w] of W.entries()) {
      const level = w / scales[Math.floor(i / cols)]!;
      const fromMiddle = Math.abs(level - Math.floor(level) - 0.5);
      if (fromMiddle > 1 / 64) assert.equal(kept.out[i], exact.out[i]);
    }
    assert.notDeepEqual(kept.slopes("scale"), new Float32Array(rows));
  });

  it("low-rank products in levels learn from what lies within reach, a scale a level", async () => {
    const fake = made(
      { latent: { rank: 1, alpha: 1, in: "levels" }, scale: "learned", straightThrough: "clipped" },
      "int3@row:fp32",
    );
    const [a, b, scales] = ["a", "b", "scale"].map((name) => fake.parameters.get(name)!) as Float32Array[];
    const before = scales!.slice();
    a!.set([1, 2, 3]);
    b!.forEach((_, j) => {
      b![j] = j % 5 === 0 ? 4 : 0.25;
    });
    const { slopes } = await passedBySums(fake);
    const passes = (i: number, j: number) => {
      const level = W[i * cols + j]! / before[i]! + a![i]! * b![j]!;
      return Math.abs(level) <= 3 ? G[i * cols + j]! * scales![i]! : 0;
    };
    const columns = [...b!.keys()];
    const ofA = [0, 1, 2].map((i) => columns.reduce((sum, j) => sum + passes(i, j) * b![j]!, 0));
    const ofB = columns.map((j) => [0, 1, 2].reduce((sum, i) => sum + passes(i, j) * a![i]!, 0));
    assertNear(slopes("a"), ofA, 1e-5);
    assertNear(slopes("b"), ofB, 1e-5);
  });

  it("rotated: rounds W R and turns it back, as it turns gradients", () => {
    const rotation = hadamardRotation(cols, 3)!;
    const turned = (values: Float32Array, inverse = false) => rotation.apply(values.slice(), inverse);
    const [format, rule] = [parseFormat("int3@row"), { ...STRAIGHT, straightThrough: 0.2 }];
    const { out, slopes } = passed(fakeQuantOf(rule, format, matrix, W, normals(3), { rotation }));
    const rounded = new Float32Array(W.length);
    fakeQuantize(turned(W), rows, cols, format, rounded);
    assertNear(out, [...turned(rounded, true)], 1e-6);
    const boxed = turned(G).map((g, i) => (Math.abs(turned(W)[i]!) < 0.2 ? g : 0));
    assertNear(slopes("weight"), [...turned(boxed, true)], 1e-6);
    assert.ok(boxed.some((g) => g === 0));
  });

  it("rotated scales are learned where the rotated weights have them", () => {
    const rotation = hadamardRotation(cols, 3)!;
    const rule: WeightRule = { latent: "full", scale: "learned", straightThrough: "clipped" };
    const fake = fakeQuantOf(rule, parseFormat("int3@row:fp32"), matrix, W, normals(3), { rotation });
    const turned = rotation.apply(W.slice());
    const largest = [0, 1, 2].map(
      (row) => Math.max(...turned.subarray(row * cols, (row + 1) * cols).map(Math.abs)) / 3,
    );
    assertNear(fake.parameters.get("scale")!, largest, 1e-6);
    const plain = passed(
      made({ scale: "learned", straightThrough: "clipped" }, "int3@row:fp32", turned),
      rotation.apply(G.slice()),
    );
    assertNear(passed(fake).slopes("scale"), [...plain.slopes("scale")], 1e-6);
  });

  it("not rounding: weights and gradients pass as they are, and learned scales begin anew where it begins", () => {
    const fake = made({ scale: "learned", straightThrough: "clipped" }, "int3@row:fp32");
    fake.rounds(false);
    fake.parameters.get("scale")!.fill(5);
    const { out, slopes } = passed(fake);
    assert.deepEqual(out, W);
    assert.deepEqual(slopes("weight"), G);
    assert.ok(slopes("scale").every((slope) => slope === 0));
    fake.parameters.get("weight")!.forEach((w, i, all) => {
      all[i] = 2 * w;
    });
    fake.rounds(true);
    const expected = [0, 1, 2].map(
      (row) => (2 * Math.max(...W.subarray(row * cols, (row + 1) * cols).map(Math.abs))) / 3,
    );
    assertNear(fake.parameters.get("scale")!, expected, 1e-6);
  });

  it("groups of zeros stay zero and move nothing", () => {
    const w = Float32Array.from(W).fill(0, 0, cols);
    for (const scale of ["format", "through"] as const) {
      const { out } = passed(made({ scale }, "nf4@g8", w));
      assert.ok(out.subarray(0, cols).every((value) => value === 0));
    }
  });

  it("formats that a rule cannot serve are refused by name", () => {
    assert.throws(
      () => made({ scale: "learned" }, "nvfp4"),
      (e) => e instanceof UserError && /nvfp4.*more than a codebook/.test(e.message),
    );
    assert.throws(() => made({ scale: "through" }, "twn"), /twn: its scale is not a function of a group's extremes/);
    assert.throws(() => made({ scale: "learned" }, "n2f3@g8"), /n2f3@g8: a group of it is more than a codebook/);
  });
});
