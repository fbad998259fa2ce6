import type { About, AboutFamily } from "../about.ts";
import type { ElementData } from "../element.ts";
import { fixedFamily } from "./family.ts";

const bof4 = (id: string, codes: readonly number[]): ElementData => ({
  id,
  family: "normal",
  bits: 4,
  // Published with the digits of float32.
  codes: codes.map(Math.fround),
  tie: "down",
  ...(id.startsWith("bof4-s") ? { scaleRule: "signedmax" as const } : {}),
});

/** BOF4: block-wise optimal codebooks for normal weights. */
export const blockOptimal = fixedFamily([
  {
    ...bof4("bof4", []),
    codes: [
      -1, -0.7535689203869577, -0.5792681492535123, -0.4386720084478466, -0.3168191039791481, -0.2060291109696586,
      -0.1015640796456471, 0, 0.0887646748673216, 0.1794535266886747, 0.274249773841407, 0.375951029286045,
      0.4885925268369112, 0.6187715546288008, 0.7790828367844242, 1,
    ],
  },
  bof4(
    "bof4-mae",
    [
      -1, -0.7026306, -0.5272704, -0.39467382, -0.28321448, -0.18353136, -0.090308666, 0, 0.07896, 0.15987925,
      0.24498636, 0.3372219, 0.44135928, 0.56577706, 0.7299178, 1,
    ],
  ),
  bof4(
    "bof4-s",
    [
      -0.8568464, -0.66928744, -0.5235266, -0.40048826, -0.29106382, -0.1900093, -0.09385296, 0, 0.08876717, 0.17948027,
      0.2743096, 0.37601975, 0.488653, 0.61886036, 0.7791396, 1,
    ],
  ),
  bof4(
    "bof4-s-mae",
    [
      -0.8018798, -0.60760516, -0.46882802, -0.35596028, -0.25761694, -0.16774814, -0.082736626, 0, 0.07894348,
      0.15979668, 0.24484955, 0.337148, 0.4412574, 0.56568193, 0.72980684, 1,
    ],
  ),
  bof4(
    "bof4-s32",
    [
      -0.87327975, -0.69074464, -0.5437039, -0.41737017, -0.30389336, -0.19860178, -0.09815572, 0, 0.09259384, 0.187048,
      0.28551975, 0.39071262, 0.50628316, 0.63797486, 0.79563767, 1,
    ],
  ),
  bof4(
    "bof4-s128",
    [
      -0.83739173, -0.64624524, -0.50286347, -0.38362476, -0.27837795, -0.1815714, -0.08964773, 0, 0.08509156,
      0.17208348, 0.2632073, 0.36132932, 0.47074527, 0.5988967, 0.761028, 1,
    ],
  ),
  bof4(
    "bof4-s256",
    [
      -0.8146829, -0.62218386, -0.48205492, -0.3669651, -0.2659872, -0.17337424, -0.08557766, 0, 0.08150952, 0.16491497,
      0.2524392, 0.34702742, 0.45315343, 0.57884866, 0.7418597, 1,
    ],
  ),
]);

/** The block of a BOF4-S codebook by its id. */
const blocks: Readonly<Record<string, number>> = {
  "bof4-s": 64,
  "bof4-s-mae": 64,
  "bof4-s32": 32,
  "bof4-s128": 128,
  "bof4-s256": 256,
};

export const aboutBlockOptimal: AboutFamily = {
  grammar:
    "`bof4` and `bof4-s` (signed scale) for blocks of 64, `bof4-s32`, `bof4-s128`, `bof4-s256`; `-mae` for absolute error",
  about: ({ id }): About | undefined => {
    if (!id.startsWith("bof4")) return undefined;
    const block = blocks[id];
    const mae = id.endsWith("-mae");
    return {
      label: `BOF4${block ? "-S" : ""} (${mae ? "MAE" : "MSE"}, block ${block ?? 64}${block ? ", signed scale" : ""})`,
      source: block
        ? `arXiv 2505.06653, Table ${mae ? 6 : 7}: the value of largest magnitude maps to +1, sign and all`
        : `arXiv 2505.06653, Table ${mae ? 6 : 8}: block-wise optimal for normal weights, ±1 and 0 pinned`,
      quirks: [
        `made for blocks of ${block ?? 64}`,
        "the paper states no code order; ascending here",
        "its outliers in 16 bits (OPQ) are not included",
      ],
    };
  },
};
