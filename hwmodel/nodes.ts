import { UserError } from "../formats/error.ts";

/** The smallest drive NAND2 of a cell library: one gate equivalent. */
export interface TechnologyNode {
  id: string;
  nand2Um2: number;
  source: string;
  /** False where the area was inferred, not read in the library. */
  verified: boolean;
}

export const NODES: readonly TechnologyNode[] = [
  {
    id: "tsmc28",
    nand2Um2: 0.497,
    source:
      "inferred: one constant fitted to the ten accumulator areas of Table 10 of 'Learning from Students' (ICML'24), mean error 1.8 %",
    verified: false,
  },
  { id: "asap7", nand2Um2: 0.05832, source: "ASAP7 (BSD-3-Clause), NAND2 area in the Liberty file", verified: true },
  { id: "nangate45", nand2Um2: 0.798, source: "Nangate Open Cell Library 45 nm, NAND2_X1", verified: true },
  { id: "sky130", nand2Um2: 3.7536, source: "SkyWater SKY130 high density (Apache-2.0), NAND2_1", verified: true },
  { id: "ihp130", nand2Um2: 7.2576, source: "IHP SG13G2 (Apache-2.0), NAND2_1", verified: true },
  { id: "gf180", nand2Um2: 10.976, source: "GlobalFoundries GF180MCU 7-track (Apache-2.0), NAND2_1", verified: true },
  {
    id: "osu018",
    nand2Um2: 24,
    source: "OSU 0.18 um standard cells (Debian qflow-tech-osu018), NAND2X1",
    verified: true,
  },
  {
    id: "osu035",
    nand2Um2: 96,
    source: "OSU 0.35 um standard cells (Debian qflow-tech-osu035), NAND2X1",
    verified: true,
  },
  {
    id: "osu050",
    nand2Um2: 216,
    source: "OSU 0.5 um standard cells (Debian qflow-tech-osu050), NAND2X1",
    verified: true,
  },
];

/** Throws UserError naming the known nodes. */
export function technologyNode(id: string): TechnologyNode {
  const found = NODES.find((n) => n.id === id);
  if (!found) throw new UserError(`node ${id}: unknown; known are ${NODES.map((n) => n.id).join(", ")}`);
  return found;
}
