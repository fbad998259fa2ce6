import { isElementId, parseFormat } from "../../formats/index.ts";
import "../../fitting/everyId.ts";
import type { MacCost } from "../cost.ts";
import { LIBRARIES, libraryById } from "../libraries/index.ts";
import { type CodedCodebook, type MacRtl, macStructures, macVerilog, type RtlOptions } from "../rtl/index.ts";
import { TABLE_TERMS, tabulatedMac } from "./macTable.ts";
import { operandCodebook } from "./operandCodebook.ts";
import { type MacSynthesisOptions, synthesizeMac } from "./synthesizeMac.ts";
import { typicalStreams } from "./typicalStreams.ts";
import { YOSYS_VERSION } from "./yosys.ts";

/**
 * Synthesized cost of a MAC for two format ids; scales do not enter, the choice of a codebook by a group does
 * (operandCodebook.ts). Taken from the committed table where that has the pair under the same options, else synthesized and
 * proven now. Throws UserError as `parseFormat` and `synthesizeMac` do.
 */
export async function synthesizedCostById(
  weight: string,
  activation: string,
  options: MacSynthesisOptions,
): Promise<MacCost> {
  const [first, second] = [parseFormat(weight), parseFormat(activation)];
  const [w, x] = [operandCodebook(first), operandCodebook(second)];
  const known = fromTable(w, x, options);
  if (known) return known;
  const electrical = (options.library ?? libraryById("generic")).hasEnergies;
  const streams = electrical ? (options.streams ?? typicalStreams(first, second)) : null;
  return (await synthesizeMac(w, x, { ...options, ...(streams ? { streams } : {}) })).cost;
}

/** The table's row if it answers the very same question: an element of the registry, least area, nothing added. */
function fromTable(weight: CodedCodebook, activation: CodedCodebook, options: MacSynthesisOptions): MacCost | null {
  const { terms = TABLE_TERMS, objective = "area", inputRegisters, productRegister, clear, adder = "ripple" } = options;
  const plain = !inputRegisters && !productRegister && !clear && adder === "ripple" && objective === "area";
  const searched =
    options.maxDelayPs === undefined &&
    options.structures === undefined &&
    options.recipes === undefined &&
    options.streams === undefined;
  const sameTool = options.yosys.version.endsWith(` ${YOSYS_VERSION}`);
  if (!(plain && searched && sameTool && terms === TABLE_TERMS)) return null;
  const library = options.library ?? libraryById("generic");
  if (!LIBRARIES.includes(library) || ![weight, activation].every(({ id }) => isElementId(id))) return null;
  return tabulatedMac(weight.id, activation.id, library.id, options.node);
}

/**
 * Verilog of the MAC of two format ids. Without a structure, the smallest by the committed table, else the first that fits.
 * Throws UserError as `parseFormat` and `macVerilog` do.
 */
export function macVerilogById(weight: string, activation: string, options: RtlOptions = {}): MacRtl {
  const [w, x] = [operandCodebook(parseFormat(weight)), operandCodebook(parseFormat(activation))];
  const best = tabulatedMac(w.id, x.id, "generic")?.variant.split(",")[0];
  const structure = options.structure ?? (best && macStructures(w, x).includes(best) ? best : undefined);
  return macVerilog(w, x, structure === undefined ? options : { ...options, structure });
}
