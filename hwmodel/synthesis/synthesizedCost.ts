import { isElementId, parseFormat, UserError } from "../../formats/index.ts";
import type { MacCost } from "../cost.ts";
import { LIBRARIES, libraryById } from "../libraries/index.ts";
import { type CodedCodebook, type MacRtl, macStructures, macVerilog, type RtlOptions } from "../rtl/index.ts";
import { codebooksOf } from "./codebooksOf.ts";
import { TABLE_TERMS, tabulatedMac } from "./macTable.ts";
import { type MacSynthesisOptions, synthesizeMac } from "./synthesizeMac.ts";
import { typicalStreams } from "./typicalStreams.ts";
import { YOSYS_VERSION } from "./yosys.ts";

/**
 * Synthesized cost of a MAC for two format ids; grouping and scales do not enter, and of a family of codebooks the widest
 * counts. Taken from the committed table where that has the pair under the same options, else synthesized and proven now.
 * Throws UserError as `parseFormat` and `synthesizeMac` do.
 */
export async function synthesizedCostById(
  weight: string,
  activation: string,
  options: MacSynthesisOptions,
): Promise<MacCost> {
  const formats = [weight, activation].map((id) => parseFormat(id)) as [
    ReturnType<typeof parseFormat>,
    ReturnType<typeof parseFormat>,
  ];
  const [weights, activations] = formats.map(codebooksOf) as [CodedCodebook[], CodedCodebook[]];
  const electrical = (options.library ?? libraryById("generic")).hasEnergies;
  const streams = electrical ? (options.streams ?? typicalStreams(...formats)) : null;
  const costs: MacCost[] = [];
  for (const w of weights) {
    for (const x of activations) {
      const found = fromTable(w, x, options);
      costs.push(found ?? (await synthesizeMac(w, x, { ...options, ...(streams ? { streams } : {}) })).cost);
    }
  }
  const widest = costs.reduce((a, b) => (b.areaGe > a.areaGe ? b : a));
  if (costs.length === 1) return widest;
  const [first, second] = formats.map((format) => format.name ?? format.id) as [string, string];
  return {
    ...widest,
    weight: first,
    activation: second,
    variant: `${widest.variant}; widest of ${costs.length} pairs of codebooks (${widest.weight} x ${widest.activation}), choice not decoded`,
  };
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
 * Throws UserError for a format whose groups choose a codebook: it has no single multiplier.
 */
export function macVerilogById(weight: string, activation: string, options: RtlOptions = {}): MacRtl {
  const [w, x] = [weight, activation].map((id) => {
    const operands = codebooksOf(parseFormat(id));
    if (operands.length === 1) return operands[0]!;
    throw new UserError(`${id}: its groups choose among ${operands.map((o) => o.id).join(", ")}; name one of them`);
  }) as [CodedCodebook, CodedCodebook];
  const best = tabulatedMac(w.id, x.id, "generic")?.variant.split(",")[0];
  const structure = options.structure ?? (best && macStructures(w, x).includes(best) ? best : undefined);
  return macVerilog(w, x, structure === undefined ? options : { ...options, structure });
}
