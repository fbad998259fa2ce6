import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface GoldenFit {
  seed: number;
  n: number;
  trueNu: number | null;
  trueLocation: number;
  trueScale: number;
  nu: number;
  nuStderr: number;
  location: number;
  locationStderr: number;
  scale: number;
  scaleStderr: number;
  logLikelihood: number;
  logLikelihoodNormal: number;
  ksT: number;
  ksNormal: number;
  skewness: number;
  excessKurtosis: number;
}

interface Golden {
  fits: GoldenFit[];
  special: {
    x: number[];
    lgamma: number[];
    digamma: number[];
    trigamma: number[];
    z: number[];
    normalCdf: number[];
    t: [nu: number, t: number, cdf: number, logPdf: number][];
  };
}

/** The folder that holds bitfrontier's package.json: compiled tests live at different depths below it. */
export function packageRoot(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    try {
      if (JSON.parse(readFileSync(join(at, "package.json"), "utf8")).name === "bitfrontier") return at;
    } catch {
      // No package.json here: look one folder up.
    }
    const up = dirname(at);
    if (up === at) throw new Error("package.json of bitfrontier not found above the tests");
    at = up;
  }
}

export function golden(): Golden {
  return JSON.parse(readFileSync(join(packageRoot(), "test/golden/fit.golden.json"), "utf8")) as Golden;
}
