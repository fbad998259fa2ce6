import { fit } from "./fit.ts";
import type { Command } from "./options.ts";
import { report } from "./report.ts";

/** Every command in the order of the help: a new one is its file and a line here. */
export const commands: readonly Command[] = [fit, report];
