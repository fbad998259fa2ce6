import type { FoundDevice } from "../evaluate/engine/devices.ts";
import { type Provider, providers } from "../evaluate/graph/provider.ts";
import type { Input, Io, Option } from "./options.ts";

/** The option of every command that runs models. */
export const deviceOption: Option = {
  value: "D",
  help: `where models run: ${providers.join(", ")}, or auto, the first GPU that works (default cpu; 'bitfrontier devices' lists them)`,
};

/**
 * The device asked for, or `otherwise`, which is told on stderr; nothing where neither is. Throws UserError when it does not
 * work.
 */
export async function deviceInput(
  input: Input,
  { stderr }: Pick<Io, "stderr">,
  otherwise?: Provider,
): Promise<{ device?: FoundDevice }> {
  const asked = input.oneOf<Provider | "auto">("device", ["auto", ...providers]) ?? otherwise;
  if (asked === undefined) return {};
  // The engine loads a 20 MB library, which other command lines do without.
  const { chooseDevice } = await import("../evaluate/engine/devices.ts");
  return { device: await chooseDevice(asked, (line) => stderr.write(`${line}\n`)) };
}
