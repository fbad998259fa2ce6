import { type Format, UserError } from "../../formats/index.ts";
import type { MacCost } from "../cost.ts";
import { isFloatFormat } from "../floats.ts";
import { formatPairCost } from "../formatCost.ts";
import { type CellLibrary, LIBRARIES, libraryById } from "../libraries/index.ts";
import type { AdderStyle, LookupTable } from "../rtl/index.ts";
import { parseUnit, type Unit, unitName } from "../unit.ts";
import { unitCost } from "../unitCost.ts";
import type { Cache } from "./cache.ts";
import { TABLE_TERMS } from "./macTable.ts";
import { macVerilogById, synthesizedCostById } from "./synthesizedCost.ts";
import type { Objective } from "./synthesizeMac.ts";
import { synthesizeUnit, unitVerilog } from "./synthesizeUnit.ts";
import { type Traffic, typicalStreams } from "./typicalStreams.ts";
import { parseOperand, tabulatedUnit } from "./unitTable.ts";
import { YOSYS_VERSION, type Yosys } from "./yosys.ts";

/** A circuit for two operands: `mac`, `dotN`, `block` or `blockN` (unit.ts), and how it sums. */
export interface CircuitQuestion {
  unit?: string;
  /** Exact integers where operands have them, unless asked for float32; fp16 and bf16 are always added as float32. */
  accumulator?: Unit["accumulator"];
  table?: LookupTable;
  terms?: number;
  adder?: AdderStyle;
  /** Flip-flops for both operands, of an exact MAC. */
  inputRegisters?: boolean;
}

export interface CostQuestion extends CircuitQuestion {
  /** µm² of gate equivalents. */
  node?: string;
  /** Synthesize; without it the count model answers. */
  synthesis?: {
    yosys: Yosys;
    cache: Cache;
    library?: CellLibrary;
    objective?: Objective;
    maxDelayPs?: number;
    /** What the energy is measured on; without it, both operands t(5) and new in every cycle. */
    traffic?: Traffic;
  };
}

/**
 * Cost of a MAC or unit for two operand ids, formats or fp16 and bf16: modelled, or synthesized and proven (from a committed table
 * where that has the very circuit). Throws UserError for ids, units and libraries that are none, and where a synthesis fails.
 */
export async function costOfPair(weight: string, activation: string, question: CostQuestion = {}): Promise<MacCost> {
  const { terms, node, synthesis, adder, table, inputRegisters = false } = question;
  const [w, x] = [parseOperand(weight), parseOperand(activation)];
  const unit = unitOf(w, x, question);
  const placed = { ...(terms === undefined ? {} : { terms }), ...(node === undefined ? {} : { node }) };
  const formats = isFloatFormat(w) || isFloatFormat(x) ? null : ([w, x] as const);
  if (formats && unit.elements === 1 && unit.accumulator === "exact") {
    if (!synthesis) return formatPairCost(...formats, { ...placed, inputRegisters });
    const { traffic, maxDelayPs, ...rest } = synthesis;
    const streams = traffic ? typicalStreams(...formats, traffic) : null;
    const cost = await synthesizedCostById(weight, activation, {
      ...rest,
      ...placed,
      ...(adder ? { adder } : {}),
      ...(inputRegisters ? { inputRegisters } : {}),
      ...(maxDelayPs === undefined ? {} : { maxDelayPs }),
      ...(streams ? { streams } : {}),
    });
    return withTraffic(cost, traffic);
  }
  if (inputRegisters) throw new UserError(`unit ${unitName(unit)}: operand registers are for exact MACs only`);
  if (!synthesis) return unitCost(w, x, unit, { ...placed, ...(table ? { table } : {}) });
  if (synthesis.maxDelayPs !== undefined)
    throw new UserError(`unit ${question.unit ?? "mac"}: a delay to meet is for exact MACs only`);
  const { library = libraryById("generic"), objective, traffic, yosys, cache } = synthesis;
  const asked = objective ?? "area";
  const common =
    asked === "area" && !traffic && (adder ?? "ripple") === "ripple" && (terms ?? TABLE_TERMS) === TABLE_TERMS;
  if (common && LIBRARIES.includes(library) && yosys.version.endsWith(` ${YOSYS_VERSION}`)) {
    const known = tabulatedUnit(w, x, unit, library.id, { ...(table ? { table } : {}), ...(node ? { node } : {}) });
    if (known) return withTraffic(known, traffic);
  }
  const made = await synthesizeUnit(w, x, unit, {
    yosys,
    cache,
    library,
    objective: asked,
    ...placed,
    ...(adder ? { adder } : {}),
    ...(table ? { table } : {}),
    ...(traffic ? { traffic } : {}),
  });
  return withTraffic(made.cost, traffic);
}

/** The Verilog of the circuit that the same question is about. Throws UserError as `costOfPair` does. */
export function verilogOfPair(weight: string, activation: string, question: CircuitQuestion = {}): string {
  const { terms, adder, table } = question;
  const [w, x] = [parseOperand(weight), parseOperand(activation)];
  const unit = unitOf(w, x, question);
  const options = { ...(terms === undefined ? {} : { terms }), ...(adder ? { adder } : {}) };
  const exactMac = unit.elements === 1 && unit.accumulator === "exact" && !isFloatFormat(w) && !isFloatFormat(x);
  if (exactMac) {
    const registers = question.inputRegisters ? { inputRegisters: true } : {};
    return macVerilogById(weight, activation, { ...options, ...registers }).verilog;
  }
  const known = tabulatedUnit(w, x, unit, "generic", table ? { table } : {})?.variant.split(",")[0];
  return unitVerilog(w, x, unit, { ...options, ...(table ? { table } : {}), ...(known ? { structure: known } : {}) })
    .rtl.verilog;
}

/** Says what an energy was measured on. */
function withTraffic(cost: MacCost, traffic: Traffic = {}): MacCost {
  if (cost.energyFj === null) return cost;
  const operand = (drawn: Traffic["weight"]) => (drawn ? "as fitted" : "t(5)");
  const flow = traffic.stationary ? "weights kept for 64 to 128 cycles" : "both operands new in every cycle";
  const numbers = `weights ${operand(traffic.weight)}, activations ${operand(traffic.activation)}`;
  return { ...cost, source: `${cost.source}; energy: ${numbers}, ${flow}` };
}

type Operand = ReturnType<typeof parseOperand>;

function unitOf(weight: Operand, activation: Operand, { unit = "mac", accumulator }: CircuitQuestion): Unit {
  const group: Format["group"] = isFloatFormat(weight) ? "tensor" : weight.group;
  const wide = isFloatFormat(weight) || isFloatFormat(activation);
  return parseUnit(unit, group, accumulator ?? (wide && unit === "mac" ? "float32" : undefined));
}
