// Makes the netlists of this folder: small multiply-accumulate units, written by hand, mapped by Yosys. Run after a build:
//   node test/golden/netlists/make.mjs [compiled folder, default dist]
// The tests read the JSON files only; a new version of Yosys may map them differently.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { runYosys } from "@yowasp/yosys";

const build = resolve(process.argv[2] ?? "dist");
const { libraryById, toLiberty } = await import(pathToFileURL(`${build}/hwmodel/libraries/index.js`).href);

/** E2M1 in halves: 0 0.5 1 1.5 2 3 4 6. */
const decode = `
module decode(input [3:0] code, output [5:0] value);
  reg [4:0] m;
  always @* case (code[2:0])
    0: m = 0; 1: m = 1; 2: m = 2; 3: m = 3; 4: m = 4; 5: m = 6; 6: m = 8; default: m = 12;
  endcase
  assign value = code[3] ? -{1'b0, m} : {1'b0, m};
endmodule`;

/** An accumulator of full adder cells, so that a netlist holds cells with two outputs. */
function mac({ bits, float, clear, registers }) {
  const product = float
    ? `wire [5:0] x, y; decode dx(.code(w), .value(x)); decode dy(.code(a), .value(y));
       wire signed [${bits - 1}:0] p = $signed(x) * $signed(y);`
    : `wire signed [${bits - 1}:0] p = $signed(w) * $signed(a);`;
  return `${float ? decode : ""}
module mac(input clk, ${clear ? "input clear," : ""} input [3:0] weight, activation, output reg [${bits - 1}:0] sum);
  ${
    registers
      ? "reg [3:0] w, a; always @(posedge clk) begin w <= weight; a <= activation; end"
      : "wire [3:0] w = weight, a = activation;"
  }
  ${product}
  wire [${bits - 1}:0] from = sum, next; wire [${bits}:0] c; assign c[0] = 1'b0;
  genvar i; generate for (i = 0; i < ${bits}; i = i + 1) begin : bit_
    adder fa(.a(from[i]), .b(p[i]), .c(c[i]), .sum(next[i]), .carry(c[i+1]));
  end endgenerate
  always @(posedge clk) sum <= ${clear ? `clear ? ${bits}'d0 : ` : ""}next;
endmodule`;
}

function adder({ roles }) {
  const { cell, inputs, sum, carry, sumInverted, carryInverted } = roles.fullAdder;
  return `module adder(input a, b, c, output sum, carry); wire s, k;
  ${cell} fa(.${inputs[0]}(a), .${inputs[1]}(b), .${inputs[2]}(c), .${sum}(s), .${carry}(k));
  assign sum = ${sumInverted ? "~" : ""}s; assign carry = ${carryInverted ? "~" : ""}k;
endmodule`;
}

const designs = [
  ["int4", "generic", { bits: 16 }],
  ["int4-clear", "sky130", { bits: 16, clear: true }],
  ["e2m1", "asap7", { bits: 17, float: true }],
  ["e2m1-registers", "generic", { bits: 17, float: true, registers: true }],
  ["e2m1", "ihp130", { bits: 17, float: true, plain: true }],
];
for (const [name, id, options] of designs) {
  const library = libraryById(id);
  const cells = options.plain
    ? "module adder(input a, b, c, output sum, carry); assign {carry, sum} = a + b + c; endmodule"
    : adder(library);
  const script = `read_liberty -lib l.lib; read_verilog d.v; synth -flatten -top mac; dfflibmap -liberty l.lib; abc -liberty l.lib;
    opt_clean -purge; setattr -unset src *; write_json n.json`;
  const files = { "d.v": `${mac(options)}\n${cells}`, "l.lib": toLiberty(library) };
  const out = await runYosys(["-q", "-p", script.replace(/\s+/g, " ")], files);
  const { modules } = JSON.parse(out["n.json"]);
  const lean = { creator: JSON.parse(out["n.json"]).creator, modules: { mac: strip(modules.mac) } };
  writeFileSync(new URL(`${name}.${id}.golden.json`, import.meta.url), `${JSON.stringify(lean, null, 0)}\n`);
}

/** Without names of nets and attributes, which nothing reads. */
function strip({ ports, cells }) {
  const kept = Object.entries(cells).map(([name, { type, connections }]) => [name, { type, connections }]);
  return { ports, cells: Object.fromEntries(kept) };
}
