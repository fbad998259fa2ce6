import assert from "node:assert/strict";
import { UserError } from "../../formats/error.ts";
import { parseFormat } from "../../formats/index.ts";
import { libraryById } from "../../hwmodel/libraries/index.ts";
import {
  arrivalTimes,
  type CodeStream,
  codeStream,
  countToggles,
  fittedDistribution,
  LANES,
  macEnergy,
  readYosysJson,
  sampler,
  switchingEnergy,
  toVerilog,
} from "../../hwmodel/netlist/index.ts";
import { golden } from "./netlists.ts";

const sky130 = libraryById("sky130");
const S = "sky130_fd_sc_hd__";

/** y = a XOR (NOT a): always 1, but with a glitch after every change of a. */
const glitch = readYosysJson(
  JSON.stringify({
    modules: {
      glitch: {
        ports: { a: { direction: "input", bits: [2] }, y: { direction: "output", bits: [4] } },
        cells: {
          inverter: { type: `${S}inv_1`, connections: { A: [2], Y: [3] } },
          exclusive: { type: `${S}xor2_1`, connections: { A: [2], B: [3], X: [4] } },
        },
      },
    },
  }),
  sky130,
);

/** A value per cycle, the same in all lanes. */
const everywhere = (values: number[]): CodeStream => values.flatMap((value) => new Array<number>(LANES).fill(value));

describe("arrivalTimes", () => {
  it("adds intrinsic delay and slope times load along the latest path", () => {
    // inv: 31.43 + 4.68 · 4.339 fF (pin B of xor2) = 51.73652; xor2 unloaded: 94.34.
    const { delayPs, criticalPath } = arrivalTimes(glitch);
    assert.ok(Math.abs(delayPs - 146.07652) < 1e-9, `${delayPs}`);
    assert.deepEqual(
      criticalPath.map(({ instance, pin }) => [instance, pin]),
      [
        ["inverter", "Y"],
        ["exclusive", "X"],
      ],
    );
  });

  it("adds wires where asked", () => {
    const { delayPs } = arrivalTimes(glitch, { wireFfPerFanout: 2 });
    assert.ok(Math.abs(delayPs - (146.07652 + 2 * 4.68)) < 1e-9);
    assert.throws(() => arrivalTimes(glitch, { wireFfPerFanout: -1 }), UserError);
  });

  it("starts at the flip-flops and ends at them", () => {
    const { delayPs, criticalPath } = arrivalTimes(golden("e2m1", "asap7"));
    assert.ok(delayPs > 600 && delayPs < 1200, `${delayPs}`);
    assert.ok(criticalPath.length > 17);
    const times = criticalPath.map((step) => step.arrivalPs);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
  });

  it("carries transition times along where the library has them", () => {
    const slew = { inputPs: 10, delayPerPs: 0.5, outputPs: 30, outputPsPerFf: 0, outputPerPs: 0.1 };
    const gates = glitch.gates.map((gate) => ({ ...gate, cell: { ...gate.cell, slew } }));
    // The inverter's input is ideal: 10 ps steeper, 5 ps faster, its output 29 ps; 19 above 10 add 9.5 ps to the XOR.
    const { delayPs } = arrivalTimes({ ...glitch, gates });
    assert.ok(Math.abs(delayPs - (146.07652 - 5 + 9.5)) < 1e-9, `${delayPs}`);
  });

  it("refuses a library without delays, naming it", () => {
    assert.throws(
      () => arrivalTimes(golden("int4", "generic")),
      (e) => e instanceof UserError && /its library gives no/.test(e.message),
    );
  });
});

describe("countToggles", () => {
  it("counts a glitch as two transitions, and none between settled values", () => {
    const { unitDelay, zeroDelay, samples } = countToggles(glitch, { a: everywhere([0, 1, 0, 1, 1]) });
    const [a, inverse, y] = [glitch.inputs.a![0]!, glitch.gates[0]!.outputs[0]!, glitch.outputs.y![0]!];
    assert.equal(samples, 5 * LANES);
    assert.equal(unitDelay[a], 3 * LANES);
    assert.equal(unitDelay[inverse], 3 * LANES);
    assert.equal(unitDelay[y], 6 * LANES);
    assert.equal(zeroDelay[y], 0);
    assert.equal(zeroDelay[inverse], 3 * LANES);
  });

  it("counts what a netlist does, not how its cells are listed: both counts are at least the settled transitions", () => {
    const weight = codeStream(parseFormat("int4"), { nu: 5, location: 0, scale: 1 }, { cycles: 16, seed: 3 });
    const { unitDelay, zeroDelay } = countToggles(golden("int4-clear", "sky130"), { weight, activation: weight });
    assert.ok(unitDelay.every((count, net) => count >= zeroDelay[net]! && count % 1 === 0));
    // A glitch adds transitions in pairs.
    assert.ok(unitDelay.every((count, net) => (count - zeroDelay[net]!) % 2 === 0));
    assert.throws(() => countToggles(glitch, { b: [0] }), /no port b/);
  });
});

describe("switchingEnergy", () => {
  it("is half C V^2 and internal energy per transition", () => {
    // a: 0.5 · (2.302 + 4.377) · 3.24 = 10.81998; inverter: 0.5 · 4.339 · 3.24 + 2.884 = 9.91318; two transitions of xor2:
    // 2 · 8.057; per cycle in which a changes.
    const { energyFj, zeroDelayFj, clockFj, leakageNw } = switchingEnergy(glitch, sky130, {
      a: everywhere([1, 0, 1, 0]),
    });
    assert.ok(Math.abs(energyFj - (10.81998 + 9.91318 + 16.114)) < 1e-9, `${energyFj}`);
    assert.ok(Math.abs(zeroDelayFj - (10.81998 + 9.91318)) < 1e-9);
    assert.equal(clockFj, 0);
    assert.ok(Math.abs(leakageNw - (0.005327 + 0.004278)) < 1e-12);
  });

  it("adds the clock energy of every flip-flop, and nothing else where nothing moves", () => {
    const still = everywhere([0, 0, 0, 0]);
    const e = switchingEnergy(golden("int4-clear", "sky130"), sky130, { weight: still, activation: still });
    assert.ok(Math.abs(e.energyFj - 16 * 39.75) < 1e-9);
  });

  it("is lower for stationary weights and for a heavier tail", () => {
    const netlist = golden("int4-clear", "sky130");
    const format = parseFormat("int4");
    const energy = (nu: number, hold: number) => {
      const distribution = { nu, location: 0, scale: 1 };
      return switchingEnergy(netlist, sky130, {
        weight: codeStream(format, distribution, { cycles: 128, hold, seed: 1 }),
        activation: codeStream(format, distribution, { cycles: 128, seed: 2 }),
      }).energyFj;
    };
    assert.ok(energy(5, 128) < 0.97 * energy(5, 1));
    assert.ok(energy(3, 1) < 0.97 * energy(Number.POSITIVE_INFINITY, 1));
  });

  it("refuses libraries without energies", () => {
    const netlist = golden("int4", "generic");
    assert.throws(() => switchingEnergy(netlist, libraryById("generic"), {}), /no supply voltage/);
  });
});

describe("macEnergy", () => {
  const netlist = golden("int4-clear", "sky130");
  const int4 = parseFormat("int4@g128");
  const formats = { weight: int4, activation: int4 };

  it("gives a mean with a standard error of a few percent, lower for stationary weights", () => {
    const streaming = macEnergy(netlist, sky130, formats);
    const stationary = macEnergy(netlist, sky130, { ...formats, weights: "stationary" });
    assert.equal(streaming.samples, 4 * 128 * LANES);
    assert.ok(streaming.sigmaFj > 0 && streaming.sigmaFj < 0.04 * streaming.energyFj, `${streaming.sigmaFj}`);
    assert.ok(stationary.energyFj + 3 * stationary.sigmaFj < streaming.energyFj);
    assert.ok(streaming.zeroDelayFj < streaming.energyFj && streaming.clockFj === 16 * 39.75);
  });

  it("follows the fitted distributions: activations of one sign move fewer bits", () => {
    const shifted = { nu: 30, location: 4, scale: 0.5 };
    const one = macEnergy(netlist, sky130, {
      ...formats,
      weightDistribution: shifted,
      activationDistribution: shifted,
    });
    assert.ok(one.energyFj < 0.9 * macEnergy(netlist, sky130, formats).energyFj);
  });

  it("grows with wires", () => {
    const bare = macEnergy(netlist, sky130, formats).energyFj;
    assert.ok(macEnergy(netlist, sky130, { ...formats, wireFfPerFanout: 1 }).energyFj > 1.02 * bare);
  });

  it("refuses formats of other widths and runs without an error", () => {
    assert.throws(
      () => macEnergy(netlist, sky130, { weight: int4, activation: parseFormat("int8@g128") }),
      /int8@g128: codes of 8 bits for port activation of 4 bits/,
    );
    assert.throws(() => macEnergy(netlist, sky130, { ...formats, runs: 1 }), /runs 1: expected 2 to 999/);
  });
});

describe("toVerilog", () => {
  it("writes cells with named pins, ports and constants", () => {
    assert.equal(
      toVerilog(glitch),
      `module glitch (
  input a,
  output y
);
  wire n3;
  wire n4;
  ${S}inv_1 g0 (.A(a), .Y(n3));
  ${S}xor2_1 g1 (.A(a), .B(n3), .X(n4));
  assign y = n4;
endmodule
`,
    );
    assert.match(toVerilog(golden("int4", "generic")), /DFF r\d+ \(\.D\(n\d+\), \.CK\(clk\), \.Q\(n\d+\)\);/);
  });
});

describe("codeStream", () => {
  const distribution = { nu: 5, location: 0, scale: 1 };

  it("draws from the t distribution: quartiles of t(5) and of the normal", () => {
    for (const [nu, quartile] of [
      [5, 0.7266868438],
      [1, 1],
      [Number.POSITIVE_INFINITY, 0.6744897502],
    ] as const) {
      const draw = sampler({ nu, location: 0, scale: 1 }, 7);
      const n = 40_000;
      let above = 0;
      let below = 0;
      for (let i = 0; i < n; i++) {
        const x = draw();
        if (x > quartile) above++;
        if (x < -quartile) below++;
      }
      assert.ok(Math.abs(above / n - 0.25) < 0.01 && Math.abs(below / n - 0.25) < 0.01, `${nu}: ${above} ${below}`);
    }
  });

  it("gives codes of the format, a maximum in every group, and holds them where asked", () => {
    const codes = codeStream(parseFormat("int4@g32"), distribution, { cycles: 32, seed: 5 });
    assert.equal(codes.length, 32 * LANES);
    for (let lane = 0; lane < LANES; lane++) {
      const signed = Array.from({ length: 32 }, (_, t) => (codes[t * LANES + lane]! ^ 8) - 8);
      assert.ok(
        signed.some((v) => Math.abs(v) >= 7),
        `lane ${lane}`,
      );
    }
    const held = codeStream(parseFormat("int4"), distribution, { cycles: 8, hold: 4, seed: 5 });
    for (let lane = 0; lane < LANES; lane++) {
      assert.equal(held[lane], held[3 * LANES + lane]);
      assert.equal(held[4 * LANES + lane], held[7 * LANES + lane]);
    }
    assert.deepEqual(held, codeStream(parseFormat("int4"), distribution, { cycles: 8, hold: 4, seed: 5 }));
  });

  it("refuses distributions and lengths that are none", () => {
    const int4 = parseFormat("int4");
    assert.throws(() => codeStream(int4, { ...distribution, nu: 0 }, { cycles: 4 }), UserError);
    assert.throws(() => codeStream(int4, { ...distribution, scale: Number.NaN }, { cycles: 4 }), UserError);
    assert.throws(() => codeStream(int4, distribution, { cycles: 1e9 }), /at most 16384 cycles/);
    assert.throws(
      () => fittedDistribution({ location: null, scale: null, message: "constant tensor" } as never),
      /constant tensor/,
    );
  });
});
