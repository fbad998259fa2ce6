import { createSession, type HostTensor, type Session, type SessionOptions } from "../../engine/session.ts";
import { createGraph, type Graph, input, node, output, type Value } from "../../graph/index.ts";
import type { FixedPoint } from "./fixedPoint.ts";

/** W₀ + factor·A·B of one matrix, A [rows, rank] and B [rank, cols]. */
export interface LowRankSum {
  readonly rows: number;
  readonly cols: number;
  readonly rank: number;
  readonly factor: number;
  readonly base: Float32Array | FixedPoint;
  readonly a: Float32Array;
  readonly b: Float32Array;
  /** What the sum is written to. */
  readonly latent: Float32Array;
  /** Gradient of the sum, and where those of A and B go; null until a step has one. */
  slopes: { dLatent: Float32Array; dA: Float32Array; dB: Float32Array } | null;
}

/** The sums of all matrices at once, and their gradients, by the engine: thin products are as fast there as wide ones. */
export interface LowRankSums {
  /** Brings every `latent` up to date. */
  forward(): Promise<void>;
  /** Writes every dA and dB. */
  backward(): Promise<void>;
  release(): Promise<void>;
}

export function lowRankSums(sums: readonly LowRankSum[], options: SessionOptions): LowRankSums {
  const sessions = new Map<typeof sumGraph, Promise<Session>>();
  const session = (build: typeof sumGraph) => {
    const made = sessions.get(build) ?? createSession(build(sums), options);
    sessions.set(build, made);
    return made;
  };
  return {
    async forward() {
      await (await session(sumGraph)).run(named(sums, operands), named(sums, sumOf));
      for (const { base, latent } of sums) if (!(base instanceof Float32Array)) addFixedPoint(base, latent);
    },
    async backward() {
      await (await session(slopeGraph)).run(named(sums, slopeOperands), named(sums, slopesOf));
    },
    async release() {
      for (const made of sessions.values()) await (await made).release();
      sessions.clear();
    },
  };
}

type Tensors = Readonly<Record<string, HostTensor>>;

/** The tensors of every sum, each name followed by the sum's place. */
function named(sums: readonly LowRankSum[], of: (sum: LowRankSum) => Tensors): Record<string, HostTensor> {
  return Object.fromEntries(
    sums.flatMap((sum, i) => Object.entries(of(sum)).map(([name, tensor]) => [name + i, tensor])),
  );
}

const factors = ({ rows, cols, rank, a, b }: LowRankSum): Tensors => ({
  a: { data: a, shape: [rows, rank] },
  b: { data: b, shape: [rank, cols] },
});

const operands = (sum: LowRankSum): Tensors => ({
  ...factors(sum),
  ...(sum.base instanceof Float32Array ? { base: { data: sum.base, shape: [sum.rows, sum.cols] } } : {}),
});

const sumOf = ({ rows, cols, latent }: LowRankSum): Tensors => ({ sum: { data: latent, shape: [rows, cols] } });

const slopeOperands = (sum: LowRankSum): Tensors => ({
  ...factors(sum),
  dSum: { data: sum.slopes!.dLatent, shape: [sum.rows, sum.cols] },
});

const slopesOf = ({ rows, cols, rank, slopes }: LowRankSum): Tensors => ({
  dA: { data: slopes!.dA, shape: [rows, rank] },
  dB: { data: slopes!.dB, shape: [rank, cols] },
});

/** Inputs a, b and, of float32 weights, base; outputs sum. */
function sumGraph(sums: readonly LowRankSum[]): Graph {
  const graph = createGraph();
  for (const [i, sum] of sums.entries()) {
    const inputs = Object.entries(operands(sum)).map(([name, { shape }]) => input(graph, name + i, "float32", shape));
    output(graph, `sum${i}`, gemm(graph, inputs, [sum.rows, sum.cols], { alpha: sum.factor }));
  }
  return graph;
}

/** Inputs a, b, dSum; outputs dA, dB. */
function slopeGraph(sums: readonly LowRankSum[]): Graph {
  const graph = createGraph();
  for (const [i, { rows, cols, rank, factor }] of sums.entries()) {
    const read = (name: string, shape: readonly number[]) => input(graph, name + i, "float32", shape);
    const [a, b, dSum] = [read("a", [rows, rank]), read("b", [rank, cols]), read("dSum", [rows, cols])];
    output(graph, `dA${i}`, gemm(graph, [dSum, b], [rows, rank], { alpha: factor, transB: 1 }));
    output(graph, `dB${i}`, gemm(graph, [a, dSum], [rank, cols], { alpha: factor, transA: 1 }));
  }
  return graph;
}

function gemm(
  graph: Graph,
  inputs: readonly Value[],
  shape: readonly number[],
  { alpha, ...turns }: { alpha: number; transA?: number; transB?: number },
): Value {
  return node(graph, "Gemm", inputs, shape, { attributes: { alpha: { float: alpha }, ...turns } });
}

function addFixedPoint({ codes, step }: FixedPoint, to: Float32Array): void {
  for (let i = 0; i < to.length; i++) to[i]! += codes[i]! * step;
}
