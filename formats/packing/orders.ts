import type { Element } from "../element.ts";
import { UserError } from "../error.ts";
import type { Packing } from "./packCodes.ts";

/** Whose numbering of the codes: another library stores the same values under codes of its own. */
export type CodeOrder = "bitsandbytes" | "llm-datatypes" | "compressed-tensors";

interface OrderOfLibrary {
  readonly source: string;
  /** How the library packs the element's codes into bytes; null where it publishes none. */
  packing(element: Element): Packing | null;
  /** Stored code of each of our codes (two's complement patterns of element.bits bits); undefined if the library lacks the element. */
  table(element: Element): number[] | undefined;
}

/** Stored codes of llm-datatypes by rank of the value, ascending: its INT_MAPPING, weight_only.py. */
const NF4_BIT = [7, 1, 2, 3, 4, 5, 6, 0, -8, -7, -6, -5, -4, -3, -2, -1];
const NF3_BIT = [3, 1, 2, 0, -4, -3, -2, -1];
const FP4_BNB_BIT = [-5, -6, -3, -4, -1, -2, -7, 0, 1, 6, 7, 4, 5, 2, 3];
const FP4_E2M1_BIT = [-1, -2, -3, -4, -5, -6, -7, 0, 1, 2, 3, 4, 5, 6, 7];
const FP4_SUPER_BIT = [-8, -1, -2, -3, -4, -5, -6, -7, 0, 1, 2, 3, 4, 5, 6, 7];

/** Its `mokey` and `fp3_log` are absent: their lists of codes are longer than those of the values, and it cannot use them. */
const llmDatatypes: Readonly<Record<string, readonly number[]>> = {
  ...namesOf(["nf4", "sf4_3", "sf4_4", "sf4", "sf4_6", "sf4_7", "en_25"], NF4_BIT),
  ...namesOf(["nf3", "sf3_3-d4", "sf3_4-d4", "sf3-d4", "sf3_6-d4"], NF3_BIT),
  ...namesOf(["nf3-nz", "sf3_3-nz", "sf3_4-nz", "sf3-nz", "sf3_6-nz"], NF3_BIT),
  ...namesOf(["e2m1-b"], FP4_BNB_BIT),
  ...namesOf(["e1m2-nc", "e2m1-i", "e2m1", "e2m1-ns", "e3m0", "apot4"], FP4_E2M1_BIT),
  ...namesOf(["e2m1+sr", "e2m1+sp2.5", "e2m1+sp", "apot4+sp", "denorm4"], FP4_SUPER_BIT),
};

function namesOf(ids: readonly string[], codes: readonly number[]): Record<string, readonly number[]> {
  return Object.fromEntries(ids.map((id) => [id, codes]));
}

const same = ({ codes }: Element) => codes.map((_, code) => code);

export const codeOrders: Readonly<Record<CodeOrder, OrderOfLibrary>> = {
  bitsandbytes: {
    source:
      "bitsandbytes 0.50.2 (MIT): create_dynamic tables of functional.py, quantize_4bit of backends/default/ops.py",
    packing: () => "high",
    // Our elements are stored in its order.
    table: (element) => (["nf4", "e2m1-b", "af4"].includes(element.id) ? same(element) : undefined),
  },
  "llm-datatypes": {
    source: "cornell-zhang/llm-datatypes f3d42da (Apache-2.0), weight_only.py INT_MAPPING",
    packing: () => null,
    table(element) {
      const byRank = llmDatatypes[element.id];
      const mask = 2 ** element.bits - 1;
      return byRank && element.codes.map((value) => byRank[element.values.indexOf(value! + 0)]! & mask);
    },
  },
  "compressed-tensors": {
    source: "compressed-tensors 0.20.0 (Apache-2.0): pack_quantized/helpers.py, nvfp4/helpers.py",
    packing: ({ family }) => (family === "int" ? "int32" : "low"),
    table(element) {
      // Integers are stored as value + 2^(bits−1): two's complement with its sign bit inverted.
      if (/^int\d(-full)?$/.test(element.id)) return same(element).map((code) => code ^ (1 << (element.bits - 1)));
      return ["e2m1", "e4m3", "e5m2"].includes(element.id) ? same(element) : undefined;
    },
  },
};

/**
 * Our codes of an element as another library numbers them; pack them with `codeOrders[order].packing(element)`.
 * A second zero becomes the first where the library has one only.
 * Throws UserError where the library lacks the element, and for codes that mean nothing, naming the index.
 */
export function exportCodes(codes: Uint8Array, element: Element, order: CodeOrder): Uint8Array {
  const table = tableOf(element, order);
  return codes.map((code, i) => {
    if ((element.codes[code] ?? null) === null) throw nothing(code, i, element.id);
    return table[code]!;
  });
}

/** Another library's codes of an element as ours. Throws UserError as exportCodes does. */
export function importCodes(stored: Uint8Array, element: Element, order: CodeOrder): Uint8Array {
  const table = tableOf(element, order);
  return stored.map((pattern, i) => {
    const code = table.indexOf(pattern);
    if (code < 0 || element.codes[code] === null) throw nothing(pattern, i, `${element.id} of ${order}`);
    return code;
  });
}

function tableOf(element: Element, order: CodeOrder): number[] {
  if (!Object.hasOwn(codeOrders, order)) {
    throw new UserError(`order ${JSON.stringify(order)}; known: ${Object.keys(codeOrders).join(", ")}`);
  }
  const table = codeOrders[order].table(element);
  if (table === undefined) throw new UserError(`${order} has no codes for ${element.id}`);
  return table;
}

function nothing(code: number, index: number, where: string): UserError {
  return new UserError(`code ${code} at index ${index} means nothing in ${where}`);
}
