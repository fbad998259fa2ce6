import {
  add,
  crossEntropy,
  forwardKl,
  type Graph,
  mul,
  reverseKl,
  scalar,
  softCrossEntropy,
  sub,
  type Value,
} from "../graph/index.ts";
import type { TermUnit } from "./log.ts";

/** What a loss is made of, for some of the tokens of a batch. */
export interface LossInputs {
  readonly graph: Graph;
  /** Logits [n,vocab]; `teacher` only where a loss of the recipe asks for it. */
  readonly student: Value;
  readonly teacher: Value | null;
  /** int64 [n], the tokens that come next. */
  readonly labels: Value;
  /** γ of CAKLD, a scalar; null where no loss asks for it. */
  readonly gamma: Value | null;
}

/** A loss on logits: one number in nats for each token. A new one is an entry of `losses`. */
export interface Loss {
  readonly summary: string;
  readonly source: string;
  readonly needs: readonly ("teacher" | "gamma")[];
  /** How tokens count: all alike, or each window's by how unsure the teacher is of them (TSLD). */
  readonly weighting: "even" | "teacher-difficulty";
  /** [n] in nats. */
  perToken(inputs: LossInputs): Value;
}

export const losses = {
  ce: {
    summary: "cross-entropy of the next token",
    source: "the usual training loss",
    needs: [],
    weighting: "even",
    perToken: ({ graph, student, labels }) => crossEntropy(graph, student, labels),
  },
  "logit-kd": {
    summary: "cross-entropy under the teacher's distribution, −Σ p_T ln p_S",
    source: "Hinton et al. 2015, at temperature 1",
    needs: ["teacher"],
    weighting: "even",
    perToken: ({ graph, student, teacher }) => softCrossEntropy(graph, student, teacher!),
  },
  tsld: {
    summary: "logit-kd with weights softmax(teacher's cross-entropy of the label / 10) over each window's tokens",
    source: "Kim et al., NeurIPS 2023; aiha-lab/TSLD",
    needs: ["teacher"],
    weighting: "teacher-difficulty",
    perToken: ({ graph, student, teacher }) => softCrossEntropy(graph, student, teacher!),
  },
  "forward-kl": {
    summary: "KL(T‖S) = Σ p_T (ln p_T − ln p_S): covers all that the teacher thinks possible",
    source: "Liu et al. 2024 (LLM-QAT)",
    needs: ["teacher"],
    weighting: "even",
    perToken: ({ graph, student, teacher }) => forwardKl(graph, student, teacher!),
  },
  "reverse-kl": {
    summary: "KL(S‖T) = Σ p_S (ln p_S − ln p_T): seeks the teacher's modes",
    source: "Du et al., ACL 2024; DD-DuDa/BitDistiller",
    needs: ["teacher"],
    weighting: "even",
    perToken: ({ graph, student, teacher }) => reverseKl(graph, student, teacher!),
  },
  cakld: {
    summary: "γ·KL(S‖T) + (1 − γ)·KL(T‖S), γ being how sure the teacher is",
    source: "Du et al., ACL 2024; DD-DuDa/BitDistiller",
    needs: ["teacher", "gamma"],
    weighting: "even",
    perToken({ graph, student, teacher, gamma }) {
      const rest = sub(graph, scalar(graph, 1, student.type), gamma!);
      const reverse = mul(graph, reverseKl(graph, student, teacher!), gamma!);
      return add(graph, reverse, mul(graph, forwardKl(graph, student, teacher!), rest));
    },
  },
} as const satisfies Readonly<Record<string, Loss>>;

export type LossId = keyof typeof losses;

/**
 * Losses on what layers hold, summed over the blocks as the papers do. They are no likelihoods: no number of nats is theirs, and
 * their unit is that of what they compare, squared.
 */
export const layerLosses = {
  hidden: "mean squared difference of the hidden states after each block",
  scores: "mean squared difference of the attention scores before the softmax, on the causal half",
  attention: "mean squared difference of what each attention block puts out",
} as const;

export type LayerLossId = keyof typeof layerLosses;

/** What a term is logged in. */
export function unitOf(loss: string): TermUnit {
  return Object.hasOwn(losses, loss) ? "nats per token" : "squared units";
}

/** Temperature of TSLD's weights. */
export const TSLD_TEMPERATURE = 10;
