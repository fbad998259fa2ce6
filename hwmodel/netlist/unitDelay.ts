import { type Logic, toJavaScript } from "../libraries/index.ts";
import type { Netlist } from "./netlist.ts";
import { ones } from "./words.ts";

/** Carries changes through the gates, each taking one unit of time. */
export interface UnitDelay {
  /** A net was changed from outside; its readers are due at the next unit of time. */
  changed(net: number): void;
  /** Runs until nothing changes any more, adding the transitions of every net over all lanes to `counts`. */
  run(values: Int32Array, counts: Float64Array): void;
}

type Evaluate = (values: Int32Array, nets: Int32Array, base: number) => number;

/** Event driven: a gate is evaluated only if an input of it changed one unit of time before. */
export function unitDelay(netlist: Netlist): UnitDelay {
  const functions = new Map<Logic, Evaluate>();
  const evaluate: Evaluate[] = [];
  const target: number[] = [];
  const base: number[] = [];
  const flat: number[] = [];
  const readers: number[][] = Array.from({ length: netlist.nets }, () => []);
  for (const { cell, inputs, outputs } of netlist.gates) {
    cell.outputs.forEach(({ logic }, i) => {
      if (outputs[i]! < 0) return;
      for (const net of new Set(inputs)) readers[net]!.push(target.length);
      const known =
        functions.get(logic) ??
        compileCell(
          logic,
          cell.inputs.map((pin) => pin.name),
        );
      functions.set(logic, known);
      evaluate.push(known);
      target.push(outputs[i]!);
      base.push(flat.length);
    });
    flat.push(...inputs);
  }
  const nets = Int32Array.from(flat);
  const due = new Int32Array(target.length);
  const next = new Int32Array(target.length);
  const fresh = new Int32Array(target.length);
  /** Time for which a gate output was last put in a queue. */
  const stamp = new Int32Array(target.length);
  let time = 1;
  let count = 0;
  const enqueue = (net: number, queue: Int32Array, length: number): number => {
    let end = length;
    for (const reader of readers[net]!) {
      if (stamp[reader] === time) continue;
      stamp[reader] = time;
      queue[end++] = reader;
    }
    return end;
  };
  return {
    changed(net) {
      count = enqueue(net, due, count);
    },
    run(values, counts) {
      while (count > 0) {
        for (let k = 0; k < count; k++) fresh[k] = evaluate[due[k]!]!(values, nets, base[due[k]!]!);
        time++;
        let length = 0;
        for (let k = 0; k < count; k++) {
          const net = target[due[k]!]!;
          const difference = fresh[k]! ^ values[net]!;
          if (difference === 0) continue;
          values[net] = fresh[k]!;
          counts[net]! += ones(difference);
          length = enqueue(net, next, length);
        }
        due.set(next.subarray(0, length));
        count = length;
      }
      time++;
    },
  };
}

/** A cell's function of the nets from `base` on. The text holds operators and indices only. */
function compileCell(logic: Logic, inputs: readonly string[]): Evaluate {
  const expression = toJavaScript(logic, (pin) => `v[n[b+${inputs.indexOf(pin)}]]`);
  return new Function("v", "n", "b", `return ${expression};`) as Evaluate;
}
