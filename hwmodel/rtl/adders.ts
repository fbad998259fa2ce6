import { type Bit, type Draft, depthOf, fresh, not, ONE, wire, ZERO } from "./draft.ts";

/** Sum and carry of two or three bits of one weight. */
export interface Sum {
  sum: Bit;
  carry: Bit;
}

/** The adder cells that generated Verilog instantiates; synthesis maps them to the library's own. */
export const ADDER_MODULES = `// Full adder: {carry, sum} = a + b + c. Maps to the library's full adder cell.
module BF_FA (input wire a, input wire b, input wire c, output wire sum, output wire carry);
  assign sum = a ^ b ^ c;
  assign carry = (a & b) | (c & (a | b));
endmodule

// Half adder: {carry, sum} = a + b. Maps to the library's half adder cell.
module BF_HA (input wire a, input wire b, output wire sum, output wire carry);
  assign sum = a ^ b;
  assign carry = a & b;
endmodule
`;

/** Gate levels of an adder cell: a sum is two XORs, a carry half of that. */
const SUM_LEVELS = 2;
const CARRY_LEVELS = 1.5;

/** Adds three bits: a cell, or plain gates where one of them is constant. */
export function fullAdder(d: Draft, a: Bit, b: Bit, c: Bit): Sum {
  const variable = [a, b, c].filter((bit) => bit !== ONE && bit !== ZERO);
  const ones = [a, b, c].filter((bit) => bit === ONE).length;
  if (variable.length === 3) return adderCell(d, "BF_FA", [a, b, c]);
  if (variable.length === 2) {
    const [x, y] = variable as [Bit, Bit];
    if (ones === 0) return halfAdder(d, x, y);
    return { sum: wire(d, "sum", `~(${x} ^ ${y})`, variable), carry: wire(d, "carry", `${x} | ${y}`, variable) };
  }
  if (variable.length === 1) {
    const x = variable[0]!;
    return ones === 0 ? { sum: x, carry: ZERO } : ones === 1 ? { sum: not(d, x), carry: x } : { sum: x, carry: ONE };
  }
  return { sum: ones % 2 ? ONE : ZERO, carry: ones > 1 ? ONE : ZERO };
}

/** Adds two bits: a cell, or nothing where one of them is constant. */
export function halfAdder(d: Draft, a: Bit, b: Bit): Sum {
  if (a === ZERO || b === ZERO) return { sum: a === ZERO ? b : a, carry: ZERO };
  if (a === ONE || b === ONE) {
    const other = a === ONE ? b : a;
    return other === ONE ? { sum: ZERO, carry: ONE } : { sum: not(d, other), carry: other };
  }
  return adderCell(d, "BF_HA", [a, b]);
}

function adderCell(d: Draft, module: "BF_FA" | "BF_HA", inputs: readonly Bit[]): Sum {
  const sum = fresh(d, "sum");
  const carry = fresh(d, "carry");
  const pins = inputs.map((bit, i) => `.${"abc"[i]}(${bit})`);
  d.lines.push(`wire ${sum}, ${carry};`);
  d.lines.push(
    `${module} ${fresh(d, module === "BF_FA" ? "fa" : "ha")} (${pins.join(", ")}, .sum(${sum}), .carry(${carry}));`,
  );
  d.depth.set(sum, depthOf(d, inputs) + SUM_LEVELS);
  d.depth.set(carry, depthOf(d, inputs) + CARRY_LEVELS);
  return { sum, carry };
}
