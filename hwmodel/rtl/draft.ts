/** A one-bit Verilog expression: a net (`carry_3`), a bit of a bus (`weight[2]`), or a constant. */
export type Bit = string;

export const ZERO: Bit = "1'b0";
export const ONE: Bit = "1'b1";

/** The body of a module while it is written: its lines, the names in use, and how deep in logic each net is. */
export interface Draft {
  lines: string[];
  names: Map<string, number>;
  /** Gate levels after the module's inputs, roughly; nets that are not listed are inputs. */
  depth: Map<Bit, number>;
}

/** `ports` are names the module's body must not use again. */
export function draft(ports: readonly string[]): Draft {
  return { lines: [], names: new Map(ports.map((port) => [port, 1])), depth: new Map() };
}

/** A name not used before in this module: `stem`, then `stem_1`, `stem_2`, … */
export function fresh(d: Draft, stem: string): string {
  const used = d.names.get(stem) ?? 0;
  d.names.set(stem, used + 1);
  return used === 0 ? stem : `${stem}_${used}`;
}

export function comment(d: Draft, text: string): void {
  d.lines.push("", `// ${text}`);
}

export function depthOf(d: Draft, bits: readonly Bit[]): number {
  return Math.max(0, ...bits.map((bit) => d.depth.get(bit) ?? 0));
}

/** Declares a net with its expression. `inputs` are the nets it depends on. */
export function wire(d: Draft, stem: string, expression: string, inputs: readonly Bit[] = []): Bit {
  const name = fresh(d, stem);
  d.lines.push(`wire ${name} = ${expression};`);
  d.depth.set(name, depthOf(d, inputs) + 1);
  return name;
}

export function bitsOf(name: string, width: number): Bit[] {
  return Array.from({ length: width }, (_, i) => `${name}[${i}]`);
}

/** Bits as a bus expression: `a[2:0]` where they are a range of one bus, else `{a[2], b, a[0]}`. */
export function concatenate(bits: readonly Bit[]): string {
  if (bits.length === 1) return bits[0]!;
  const places = bits.map((bit) => /^(\w+)\[(\d+)\]$/.exec(bit));
  const [, name, low] = places[0] ?? [];
  if (places.every((place, i) => place?.[1] === name && Number(place?.[2]) === Number(low) + i)) {
    return `${name}[${Number(low) + bits.length - 1}:${low}]`;
  }
  return `{${[...bits].reverse().join(", ")}}`;
}

export function not(d: Draft, bit: Bit): Bit {
  if (bit === ZERO) return ONE;
  if (bit === ONE) return ZERO;
  return wire(d, "inverted", `~${bit}`, [bit]);
}

/** A name Verilog accepts, from a format id. */
export function identifier(id: string): string {
  return id
    .toLowerCase()
    .replace(/\+/g, "_")
    .replace(/[^a-z0-9_]/g, "_")
    .slice(0, 40);
}
