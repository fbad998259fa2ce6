/** What becomes of the head: it stays as it is, is rounded, or is rounded apart from the embeddings that it is one with. */
export const heads = ["fp", "quant", "untie"] as const;
export type Head = (typeof heads)[number];

/** Which tensors are quantized, as rows say it. */
export const scopes = {
  fp: "linears",
  quant: "linears+head",
  untie: "linears+untied-head",
} as const satisfies Record<Head, string>;
export type Scope = (typeof scopes)[Head];

/** What becomes of the head in a scope; "fp" in one of another version. */
export function headOf(scope: string): Head {
  return heads.find((head) => scopes[head] === scope) ?? "fp";
}
