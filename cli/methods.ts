import { describeMethods } from "../evaluate/methods/index.ts";
import { heads } from "../evaluate/sweep/index.ts";
import type { Input } from "./options.ts";

/** Options of every command that quantizes. */
export const methodOptions = {
  method: {
    value: "M",
    help: `how to round (default rtn), or several parts joined by +, as in clip+gptq. ${describeMethods()}. Or a retraining recipe, as in tsld:tokens=200000:rate=0.001 (bitfrontier distill --help lists them), which learns from the calibration text`,
  },
  calibration: {
    value: "FILE",
    help: "text on which methods calibrate, not the one evaluated (reference has its own)",
  },
  "calibration-windows": { value: "N", help: "use only N windows of it, evenly spaced (default 128)" },
} as const;

/** Help of the options that round what runs through the model; docs/activations.md has more. */
export const settingHelp = {
  activation: help("the inputs of linear layers", "int8@static (one range, from the calibration text)"),
  kv: help("keys and values, each head of each token,", "int8@token (its heads together, before keys rotate)"),
};

/** Help of the option that puts the head in scope; docs/head.md has more. */
export const headHelp = `the head: ${heads.join(", ")}; fp (default) leaves it in full precision, quant rounds it as the other layers (tied embeddings with it, being one matrix), untie rounds a head of its own beside embeddings in full precision`;

function help(what: string, more: string): string {
  return `round ${what} as the model runs: a format id (an element by itself is per token), ${more}, same (as the weights) or fp32 (default)`;
}

/** What the command line says of the calibration. */
export function calibrationInput(input: Input): { calibration?: string; calibrationWindows?: number } {
  const calibration = input.text("calibration");
  const calibrationWindows = input.whole("calibration-windows", 1, Number.MAX_SAFE_INTEGER);
  return {
    ...(calibration === undefined ? {} : { calibration }),
    ...(calibrationWindows === undefined ? {} : { calibrationWindows }),
  };
}
