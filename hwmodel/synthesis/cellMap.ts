import type { AdderRole, CellLibrary } from "../libraries/index.ts";

/**
 * Verilog for Yosys' `techmap -map`: the generator's adders and Yosys' flip-flop as cells of the library, with inverters
 * after inverting outputs. Gates in place of adder cells where the library has none.
 */
export function cellMap(library: CellLibrary): string {
  const { fullAdder, halfAdder, flipFlop } = library.roles;
  return [
    "module BF_FA (input a, input b, input c, output sum, output carry);",
    fullAdder ? adder(fullAdder, ["a", "b", "c"]) : FULL_ADDER_GATES,
    "endmodule",
    "module BF_HA (input a, input b, output sum, output carry);",
    halfAdder ? adder(halfAdder, ["a", "b"]) : HALF_ADDER_GATES,
    "endmodule",
    "module \\$_DFF_P_ (input D, input C, output Q);",
    "  wire q;",
    `  ${flipFlop.cell} register (${[
      `.${flipFlop.data}(D)`,
      `.${flipFlop.clock}(C)`,
      ...flipFlop.ties.map(({ pin, value }) => `.${pin}(1'b${value})`),
      `.${flipFlop.output}(q)`,
    ].join(", ")});`,
    output("q", "Q", flipFlop.inverted),
    "endmodule",
    "",
  ].join("\n");
}

function adder(role: AdderRole, operands: readonly string[]): string {
  const pins = [...role.inputs.map((pin, i) => `.${pin}(${operands[i]})`), `.${role.sum}(s)`, `.${role.carry}(t)`];
  return [
    "  wire s, t;",
    `  ${role.cell} adder (${pins.join(", ")});`,
    output("s", "sum", role.sumInverted),
    output("t", "carry", role.carryInverted),
  ].join("\n");
}

function output(from: string, to: string, inverted: boolean): string {
  return inverted ? `  \\$_NOT_ invert_${to} (.A(${from}), .Y(${to}));` : `  assign ${to} = ${from};`;
}

const gate = (type: string, name: string, a: string, b: string, y: string) =>
  `  \\$_${type}_ ${name} (.A(${a}), .B(${b}), .Y(${y}));`;

const HALF_ADDER_GATES = [gate("XOR", "add", "a", "b", "sum"), gate("AND", "carry_out", "a", "b", "carry")].join("\n");

const FULL_ADDER_GATES = [
  "  wire p, g, h;",
  gate("XOR", "propagate", "a", "b", "p"),
  gate("XOR", "add", "p", "c", "sum"),
  gate("AND", "generate_ab", "a", "b", "g"),
  gate("AND", "generate_c", "p", "c", "h"),
  gate("OR", "carry_out", "g", "h", "carry"),
].join("\n");
