import type { Command } from "./options.ts";
import { json, table } from "./table.ts";

export const devices: Command = {
  name: "devices",
  summary: "list where models can run here, with small measured rates, and why elsewhere not",
  options: { json: { help: "print JSON" } },
  examples: ["devices", "devices --json"],

  async run(input, { stdout }) {
    // The engine loads a 20 MB library, which the other commands do without.
    const { deviceOrder, measureDevice, probeDevice } = await import("../evaluate/engine/devices.ts");
    const rows = [];
    for (const device of deviceOrder) {
      const probe = await probeDevice(device);
      rows.push(probe.found ? { ...probe.found, ...(await measureDevice(device, probe.gflops)) } : probe);
    }
    if (input.has("json")) {
      stdout.write(json(rows.map(({ device, ...rest }) => ({ device, ...rest }))));
      return undefined;
    }
    const header = [
      "device",
      "adapter",
      "memory GiB",
      "matmul GFLOP/s",
      "of size",
      "copy GB/s",
      "to and from host GB/s",
    ];
    const cells = rows.map((row) => {
      if (!("name" in row)) return [row.device, row.reason, null, null, null, null, null];
      const memory = row.memoryBytes === null ? null : row.memoryBytes / 2 ** 30;
      return [row.device, row.name, memory, row.matmulGflops, row.matmulSize, row.copyGbs, row.transferGbs];
    });
    stdout.write(table(header, cells));
    return undefined;
  },
};
