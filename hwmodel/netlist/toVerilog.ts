import { CONSTANT_ONE, CONSTANT_ZERO, type Netlist } from "./netlist.ts";

/** The netlist as structural Verilog: instances of library cells with named pins, for simulators, timers and layout tools. */
export function toVerilog(netlist: Netlist): string {
  const { name, inputs, outputs, gates, registers, clock } = netlist;
  const names = new Map<number, string>([
    [CONSTANT_ZERO, "1'b0"],
    [CONSTANT_ONE, "1'b1"],
  ]);
  const range = (nets: readonly number[]) => (nets.length > 1 ? `[${nets.length - 1}:0] ` : "");
  for (const [port, nets] of Object.entries(inputs)) {
    nets.forEach((net, i) => {
      names.set(net, nets.length > 1 ? `${port}[${i}]` : port);
    });
  }
  const wires: string[] = [];
  const nameOf = (net: number): string => {
    const known = names.get(net);
    if (known !== undefined) return known;
    const fresh = `n${net}`;
    names.set(net, fresh);
    wires.push(`  wire ${fresh};`);
    return fresh;
  };
  const instances = [...registers, ...gates].map(({ cell, inputs: ins, outputs: outs }, i) => {
    const pins = [
      ...cell.inputs.map((pin, k) => {
        const isClock = pin.name === cell.register?.clock && clock !== null;
        return `.${pin.name}(${isClock ? clock : nameOf(ins[k]!)})`;
      }),
      ...cell.outputs.flatMap((pin, k) => (outs[k]! < 0 ? [] : [`.${pin.name}(${nameOf(outs[k]!)})`])),
    ];
    return `  ${cell.name} ${cell.register ? "r" : "g"}${i} (${pins.join(", ")});`;
  });
  const assigns = Object.entries(outputs).flatMap(([port, nets]) =>
    nets.map((net, i) => `  assign ${nets.length > 1 ? `${port}[${i}]` : port} = ${nameOf(net)};`),
  );
  const ports = [
    ...(clock === null ? [] : [`  input ${clock}`]),
    ...Object.entries(inputs).map(([port, nets]) => `  input ${range(nets)}${port}`),
    ...Object.entries(outputs).map(([port, nets]) => `  output ${range(nets)}${port}`),
  ];
  return `module ${name} (\n${ports.join(",\n")}\n);\n${[...wires, ...instances, ...assigns].join("\n")}\nendmodule\n`;
}
