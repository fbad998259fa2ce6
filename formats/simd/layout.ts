/** Addresses in the program's memory, bytes. Data come last. */
export const CUTS = 0;
export const PLANES = 256;
export const ERROR = 320;
export const GROUPS = 512;
/** Bytes of a group's entry of the table at GROUPS: minimum, maximum and |bits|, 4 equal lanes each, then the sum of squares, 2 lanes. */
export const GROUP_BYTES = 64;
/** Numbers are handled 16 at a time: four vectors. */
export const STEP = 16;
/** Numbers of one pass, 128 kB: they stay in the second-level cache between copy, measuring and rounding. */
export const PASS = 32768;
export const DATA = GROUPS + (PASS / STEP) * GROUP_BYTES;
export const PAGES = Math.ceil((DATA + 4 * PASS) / 65536);
