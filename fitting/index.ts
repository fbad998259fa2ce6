export { type Histogram, histogram } from "./histogram.ts";
export { ksDistance } from "./ks.ts";
export { type Moments, moments, type Samples } from "./moments.ts";
export { digamma, lgamma, normalCdf, studentTCdf, studentTLogPdf, trigamma } from "./special.ts";
export { fitStudentT } from "./student.ts";
export type { FitOptions, TFit } from "./tfit.ts";
export type { Verdict } from "./verdict.ts";
