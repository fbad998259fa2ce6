import { type Graph, ints, node } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { show, type Value } from "../value.ts";

type None = Record<never, never>;

/** Log-probabilities of both sides, and the student's probabilities where the gradient wants them. */
interface Saved {
  logStudent: Value;
  logTeacher: Value;
}

/**
 * A divergence of each row's two distributions softmax(student), softmax(teacher), both [n,vocab]: [n] in nats. Fused, since
 * each pass over [n,vocab] costs as much as the matrix product of a small model's layer. The teacher gets no gradient.
 * Probabilities of both sides are exp(log-softmax), so that equal logits have a gradient of exactly zero.
 */
function divergence(
  name: string,
  value: (graph: Graph, saved: Saved) => Value,
  slope: (graph: Graph, saved: Saved, output: Value) => Value,
): Op<None, Saved> {
  return {
    name,
    forward(graph, [student, teacher]) {
      const shape = student!.shape;
      if (shape.length !== 2 || teacher!.shape[0] !== shape[0] || teacher!.shape[1] !== shape[1])
        throw new Error(`internal: ${name} of ${show(student!)} and ${show(teacher!)}`);
      const log = (x: Value) => node(graph, "LogSoftmax", [x], shape, { attributes: { axis: -1 } });
      const saved = { logStudent: log(student!), logTeacher: log(teacher!) };
      return { output: value(graph, saved), saved };
    },
    vjp(graph, { grad, saved, output }) {
      return [elementwise(graph, "Mul", slope(graph, saved, output), column(graph, grad)), null];
    },
    samples: [
      {
        inputs: [[3, 5], { data: Float64Array.from({ length: 15 }, (_, i) => Math.sin(7 * i)), shape: [3, 5] }],
        attributes: {},
      },
    ],
  };
}

const elementwise = (graph: Graph, type: string, a: Value, b: Value) => node(graph, type, [a, b], a.shape);
const exp = (graph: Graph, x: Value) => node(graph, "Exp", [x], x.shape);
const column = (graph: Graph, x: Value) => node(graph, "Unsqueeze", [x, ints(graph, [1])], [x.shape[0]!, 1]);

function rowSum(graph: Graph, x: Value): Value {
  return node(graph, "ReduceSum", [x, ints(graph, [1])], [x.shape[0]!], { attributes: { keepdims: 0 } });
}

/** p_S − p_T: the gradient of everything that differs from the cross-entropy by a function of the teacher alone. */
function excess(graph: Graph, { logStudent, logTeacher }: Saved): Value {
  return elementwise(graph, "Sub", exp(graph, logStudent), exp(graph, logTeacher));
}

/** −Σ p_T ln p_S, which is KL(T‖S) plus the teacher's entropy (Hinton et al. 2015, at temperature 1). */
const softCrossEntropyOp = divergence(
  "SoftCrossEntropy",
  (graph, { logStudent, logTeacher }) => {
    const sum = rowSum(graph, elementwise(graph, "Mul", exp(graph, logTeacher), logStudent));
    return node(graph, "Neg", [sum], sum.shape);
  },
  excess,
);

/** KL(T‖S) = Σ p_T (ln p_T − ln p_S). */
const forwardKlOp = divergence(
  "ForwardKL",
  (graph, { logStudent, logTeacher }) => {
    const difference = elementwise(graph, "Sub", logTeacher, logStudent);
    return rowSum(graph, elementwise(graph, "Mul", exp(graph, logTeacher), difference));
  },
  excess,
);

/** KL(S‖T) = Σ p_S (ln p_S − ln p_T); its gradient is p_S (ln p_S − ln p_T − KL). */
const reverseKlOp = divergence(
  "ReverseKL",
  (graph, { logStudent, logTeacher }) => {
    const difference = elementwise(graph, "Sub", logStudent, logTeacher);
    return rowSum(graph, elementwise(graph, "Mul", exp(graph, logStudent), difference));
  },
  (graph, { logStudent, logTeacher }, output) => {
    const difference = elementwise(graph, "Sub", logStudent, logTeacher);
    const centred = elementwise(graph, "Sub", difference, column(graph, output));
    return elementwise(graph, "Mul", exp(graph, logStudent), centred);
  },
);

export const softCrossEntropy = (graph: Graph, student: Value, teacher: Value) =>
  apply(graph, softCrossEntropyOp, [student, teacher], {});
export const forwardKl = (graph: Graph, student: Value, teacher: Value) =>
  apply(graph, forwardKlOp, [student, teacher], {});
export const reverseKl = (graph: Graph, student: Value, teacher: Value) =>
  apply(graph, reverseKlOp, [student, teacher], {});

export const distillationOps = [softCrossEntropyOp, forwardKlOp, reverseKlOp];
