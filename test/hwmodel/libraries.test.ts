import assert from "node:assert/strict";
import { UserError } from "../../formats/error.ts";
import {
  LIBRARIES,
  libraryById,
  parseLiberty,
  parseLogic,
  toLiberty,
  truthTable,
} from "../../hwmodel/libraries/index.ts";

const fails = (run: () => unknown, pattern: RegExp) =>
  assert.throws(run, (e) => e instanceof UserError && pattern.test(e.message) && !e.message.includes("\n"));

describe("cell libraries", () => {
  it("have the areas of a NAND2 that the vendors print, and name source and licence", () => {
    const areas = Object.fromEntries(LIBRARIES.map((l) => [l.id, l.nand2Area]));
    assert.deepEqual(areas, { generic: 1, asap7: 0.05832, sky130: 3.7536, gf180: 10.976, ihp130: 7.2576 });
    for (const { id, source, licence, label } of LIBRARIES) {
      assert.ok(source.length > 10 && label.length > 10, id);
      assert.match(licence, /^(Apache-2\.0|BSD-3-Clause)$/);
    }
    fails(() => libraryById("tsmc3"), /library tsmc3: unknown; known are generic, asap7, sky130, gf180, ihp130/);
  });

  it("say which cells are adders and flip-flops, and that ASAP7's are inverting", () => {
    const { fullAdder, halfAdder, flipFlop } = libraryById("asap7").roles;
    assert.deepEqual(fullAdder, {
      cell: "FAx1_ASAP7_75t_R",
      inputs: ["A", "B", "CI"],
      sum: "SN",
      sumInverted: true,
      carry: "CON",
      carryInverted: true,
    });
    assert.deepEqual([halfAdder?.sum, halfAdder?.sumInverted, halfAdder?.carryInverted], ["SN", true, true]);
    assert.deepEqual([flipFlop.cell, flipFlop.output, flipFlop.inverted], ["DFFHQNx1_ASAP7_75t_R", "QN", true]);
    const sky = libraryById("sky130").roles;
    assert.deepEqual([sky.fullAdder?.carryInverted, sky.flipFlop.inverted], [false, false]);
    const ihp = libraryById("ihp130").roles;
    assert.equal(ihp.fullAdder, null);
    assert.deepEqual(ihp.flipFlop.ties, [{ pin: "RESET_B", value: 1 }]);
  });

  it("say for which of them delays and energies are complete", () => {
    assert.deepEqual(
      LIBRARIES.map((l) => [l.id, l.hasDelays, l.hasEnergies]),
      [
        ["generic", false, false],
        ["asap7", true, true],
        ["sky130", true, true],
        ["gf180", true, false],
        ["ihp130", true, true],
      ],
    );
  });

  it("have gate equivalents near each other: a flip-flop is 4 to 7, a full adder 3 to 7", () => {
    for (const { id, cells, roles, nand2Area } of LIBRARIES) {
      const ge = (name: string) => cells.find((cell) => cell.name === name)!.area / nand2Area;
      assert.ok(ge(roles.flipFlop.cell) > 4 && ge(roles.flipFlop.cell) < 7, id);
      if (roles.fullAdder) assert.ok(ge(roles.fullAdder.cell) > 3 && ge(roles.fullAdder.cell) < 7, id);
    }
  });

  it("come back unchanged from Liberty text", () => {
    for (const library of LIBRARIES) {
      const read = parseLiberty(toLiberty(library), library.id);
      assert.deepEqual(read.roles, library.roles);
      assert.deepEqual(
        read.cells.map(({ name, area, outputs }) => ({ name, area, outputs })),
        library.cells.map(({ name, area, outputs }) => ({ name, area, outputs })),
      );
      assert.deepEqual(read.skipped, []);
      assert.equal(read.cells[0]!.intrinsicPs, null);
    }
  });
});

describe("parseLogic", () => {
  const table = (text: string) => truthTable(parseLogic(text, "cell"), ["A", "B", "C"]);

  it("binds inversion before XOR before AND before OR, and reads all of Liberty's signs", () => {
    assert.equal(table("A+B*C"), table("A|(B&C)"));
    assert.equal(table("A*B^C"), table("A&(B^C)"));
    assert.equal(table("A B + C'"), table("(A&B)|!C"));
    assert.equal(table("(A B)'"), table("!(A&B)"));
    assert.equal(table("!A^B"), table("(!A)^B"));
    assert.equal(table("!(A&B&C)"), "11111110");
    assert.equal(table("A*0+1'"), "00000000");
  });

  it("rejects what is no function", () => {
    for (const text of ["", "A&", "A+*B", "(A", "A)", "A@B", "!", "&A", '"A"'])
      fails(() => parseLogic(text, "cell X"), /^cell X: function /);
    fails(() => parseLogic("(".repeat(2000), "cell X"), /over 1024 characters/);
    fails(() => parseLogic("!".repeat(1000), "cell X"), /nested more than 100 deep/);
  });
});

const INV = 'cell(I) { area: 1; pin(A) { direction: input; } pin(Y) { direction: output; function: "!A"; } }';
const NAND =
  'cell(N) { area: 2; pin(A) { direction: input; } pin(B) { direction: input; } pin(Y) { direction: output; function: "!(A B)"; } }';
const DFF =
  'cell(D) { area: 6; ff(IQ, IQN) { next_state: "D"; clocked_on: "CK"; } pin(D) { direction: input; } pin(CK) { direction: input; clock: true; } pin(Q) { direction: output; function: "IQ"; } }';
const lib = (...cells: string[]) => `library(mine) { ${cells.join("\n")} }`;
const gate = (name: string, body: string) =>
  `cell(${name}) { area: 3; pin(A) { direction: input; } pin(B) { direction: input; } ${body} }`;

describe("parseLiberty", () => {
  it("reads a user's file, its comments and continued lines", () => {
    const library = parseLiberty(
      `/* mine */ library(mine) { nom_voltage : 0.9;\n ${INV}\n ${NAND} \\\n ${DFF} }\n`,
      "my.lib",
    );
    assert.deepEqual([library.id, library.label, library.voltage], ["my.lib", "mine", 0.9]);
    assert.deepEqual([library.roles.inverter, library.roles.nand2, library.roles.flipFlop.cell], ["I", "N", "D"]);
    assert.equal(library.nand2Area, 2);
    assert.equal(library.roles.fullAdder, null);
  });

  it("fits delay and energy to tables, whatever variable comes first", () => {
    // delay = 0.02 + 4 · load (ns, pF) at every transition; energy 0.003 pJ.
    const tables = (loadFirst: boolean) => {
      const [first, second] = loadFirst ? ["0.001, 0.01", "0.1, 1"] : ["0.1, 1", "0.001, 0.01"];
      const rows = loadFirst ? '"0.024, 0.024", "0.06, 0.06"' : '"0.024, 0.06", "0.024, 0.06"';
      const grid = `index_1("${first}"); index_2("${second}"); values(${rows});`;
      const energy = `index_1("0.1, 1"); index_2("0.001, 0.01"); values("0.003, 0.003", "0.003, 0.003");`;
      return `library(t) { time_unit: "1ns"; capacitive_load_unit(1, pf); nom_voltage: 1.0; leakage_power_unit: "1pW";
        lu_table_template(x) { variable_1: ${loadFirst ? "total_output_net_capacitance" : "input_net_transition"}; }
        cell(I) { area: 1; cell_leakage_power: 20; pin(A) { direction: input; capacitance: 0.002; } pin(Y) { direction: output; function: "!A";
          timing() { related_pin: "A"; cell_rise(x) { ${grid} } cell_fall(x) { ${grid} } rise_transition(x) { ${grid} } fall_transition(x) { ${grid} } }
          internal_power() { rise_power(e) { ${energy} } fall_power(e) { ${energy} } } } } ${NAND} ${DFF} }`;
    };
    for (const loadFirst of [false, true]) {
      const inverter = parseLiberty(tables(loadFirst), "t.lib").cells[0]!;
      const close = (x: number | null, y: number) => assert.ok(Math.abs(x! - y) < 1e-9, `${x}, expected ${y}`);
      close(inverter.intrinsicPs, 20);
      close(inverter.psPerFf, 4);
      // The tables do not depend on the input's transition; the output's are 20 ps + 4 ps/fF as well.
      close(inverter.slew!.delayPerPs + 1, 1);
      close(inverter.slew!.outputPsPerFf, 4);
      close(inverter.slew!.inputPs, 20 + 3 * 2 * 4);
      close(inverter.internalFj, 3);
      close(inverter.leakageNw, 0.02);
      assert.deepEqual(inverter.inputs, [{ name: "A", capFf: 2 }]);
    }
  });

  it("reads all drives of a cell, and gives synthesis the smallest", () => {
    const strong = NAND.replace("cell(N)", "cell(N4)").replace("area: 2", "area: 5");
    const library = parseLiberty(lib(INV, strong, NAND, DFF), "my.lib");
    assert.deepEqual(
      library.cells.map((cell) => cell.name),
      ["I", "N4", "N", "D"],
    );
    assert.doesNotMatch(toLiberty(library), /N4/);
    assert.match(toLiberty(library), /cell\(N\)/);
  });

  it("leaves out cells it has no use for, and says why", () => {
    const latch = gate(
      "L",
      'latch(IQ,IQN) { enable: "A"; data_in: "B"; } pin(Q) { direction: output; function: "IQ"; }',
    );
    const tri = gate("T", 'pin(Y) { direction: output; function: "A"; three_state: "B"; }');
    const scan =
      'cell(S) { area: 9; ff(IQ,IQN) { next_state: "(D !SE)+(SI SE)"; clocked_on: "CK"; } pin(D, SE, SI, CK) { direction: input; } pin(Q) { direction: output; function: "IQ"; } }';
    const enable =
      'cell(E) { area: 9; ff(IQ,IQN) { next_state: "(D EN)+(IQ !EN)"; clocked_on: "CK"; } pin(D, EN, CK) { direction: input; } pin(Q) { direction: output; function: "IQ"; } }';
    const falling = DFF.replace("cell(D)", "cell(F)").replace('"CK"', '"!CK"');
    const fill = "cell(FILL) { area: 1; }";
    const { skipped } = parseLiberty(lib(INV, NAND, DFF, latch, tri, scan, enable, falling, fill), "my.lib");
    assert.deepEqual(
      skipped.map(({ cell, reason }) => [cell, reason]),
      [
        ["L", "latch"],
        ["T", "tri-state"],
        ["S", "a flip-flop with scan, enable or set"],
        ["E", "a flip-flop with scan, enable or set"],
        ["F", "not clocked on a rising edge"],
        ["FILL", "no input, or no output with a function"],
      ],
    );
  });

  it("names the indispensable cells that are missing", () => {
    fails(() => parseLiberty(lib(INV, NAND), "my.lib"), /library my\.lib: lacks a rising-edge D flip-flop$/);
    fails(() => parseLiberty(lib(DFF), "my.lib"), /lacks an inverter, a two-input NAND$/);
    fails(() => parseLiberty(lib(), "my.lib"), /lacks an inverter, a two-input NAND, a rising-edge D flip-flop/);
  });

  it("names the cell whose function is cyclic, malformed or of unknown pins", () => {
    const bad = (body: string) => () => parseLiberty(lib(INV, NAND, DFF, gate("X1", body)), "my.lib");
    const out = (pin: string, text: string) => `pin(${pin}) { direction: output; function: "${text}"; }`;
    fails(bad(out("Y", "!Y")), /my\.lib: cell X1: the function of pin Y depends on itself/);
    fails(bad(out("Y", "Z A") + out("Z", "!Y")), /my\.lib: cell X1: the function of pin \w depends on itself/);
    fails(bad(out("Y", "A & C")), /my\.lib: cell X1: the function of pin Y names C, which is no pin/);
    fails(bad(out("Y", "A &")), /my\.lib: cell X1, pin Y: function "A &": ends too early/);
    fails(bad(out("Y", "A; process.exit()")), /my\.lib: cell X1, pin Y: function .*unexpected ";"/);
  });

  it("expands an output that is given by another output", () => {
    const both = gate(
      "AO",
      'pin(Y) { direction: output; function: "A B"; } pin(Z) { direction: output; function: "!Y"; }',
    );
    const cell = parseLiberty(lib(INV, NAND, DFF, both), "my.lib").cells.at(-1)!;
    assert.equal(truthTable(cell.outputs[1]!.logic, ["A", "B"]), "1110");
    assert.match(toLiberty(parseLiberty(lib(INV, NAND, DFF, both), "my.lib")), /pin\(Z\).*"!\(A&B\)"/);
  });

  it("rejects areas that are none, doubled cells, and files that are not Liberty", () => {
    for (const area of ["0", "-1", "NaN", "1e999", "big"])
      fails(() => parseLiberty(lib(INV.replace("area: 1", `area: ${area}`), NAND, DFF), "my.lib"), /cell I: area /);
    fails(() => parseLiberty(lib(INV.replace("area: 1;", ""), NAND, DFF), "my.lib"), /cell I: area missing/);
    fails(() => parseLiberty(lib(INV, INV, NAND, DFF), "my.lib"), /cell I is defined twice/);
    fails(() => parseLiberty("", "my.lib"), /my\.lib: line 1: expected library/);
    fails(() => parseLiberty("module m; endmodule", "my.lib"), /is this a Liberty file/);
    fails(
      () => parseLiberty(`\n\n${lib(INV).slice(0, -1)}`, "my.lib"),
      /my\.lib: line 3: library\(mine\) is not closed/,
    );
    fails(() => parseLiberty('library(x) { a : "never closed }', "my.lib"), /unexpected/);
    fails(() => parseLiberty("library(x) { /* never closed }", "my.lib"), /comment is not closed/);
  });

  it("survives hostile files: depth, size, endless strings and comments, in reasonable time", function () {
    this.timeout(20_000);
    fails(() => parseLiberty(`library(x) { ${"g(){".repeat(100_000)}`, "deep.lib"), /nested more than 16 deep/);
    fails(() => parseLiberty("x".repeat(100_000_001), "big.lib"), /over 100000000 characters/);
    fails(() => parseLiberty(`library(x) { a : ${"/* ".repeat(1_000_000)}`, "c.lib"), /comment is not closed/);
    fails(() => parseLiberty(`library(x) { a : "${"y".repeat(10_000_000)}" ; }`, "s.lib"), /lacks an inverter/);
    const wide = gate(
      "W",
      'pin(C, D, E, F, G) { direction: input; } pin(Y) { direction: output; function: "A B C D E F G"; }',
    );
    assert.deepEqual(parseLiberty(lib(INV, NAND, DFF, wide), "w.lib").skipped, [{ cell: "W", reason: "7 inputs" }]);
  });
});
