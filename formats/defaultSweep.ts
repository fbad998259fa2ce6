/**
 * Elements of the default sweep: the paper's formats, each at the widths it was published for, and their rivals. Formats
 * with the same values up to scale (e1m2 = int4, flint3 = e2m0) appear once.
 */
export const defaultSweepElements: readonly string[] = [
  ...["int3", "int4", "int4-full", "int5"],
  ...["nf3", "nf4", "sf3", "sf4", "sf4_3", "nf5", "sf5"],
  ...["e2m0", "e2m1", "e2m1+sr", "e2m1+sp", "e2m1-i", "e2m1-b", "e3m0"],
  ...["apot4", "apot4+sp", "flint4", "en_25", "af4", "bof4-s", "iq4_nl"],
  ...["e2m2", "e3m1", "e2m3"],
];
