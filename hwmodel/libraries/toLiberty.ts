import type { Cell, CellLibrary } from "./cell.ts";
import { truthTable } from "./logic.ts";

/**
 * The library as the least Liberty text that Yosys' dfflibmap, abc and stat need: areas, directions, functions and `ff`
 * groups. Areas are in the library's own unit. Cells that are larger than another of the same function (higher drives) are
 * left out: mapping for area never takes them, and is ten times slower with them.
 */
export function toLiberty(library: CellLibrary): string {
  const smallest = new Map<string, number>();
  for (const cell of library.cells) {
    const key = functionOf(cell);
    smallest.set(key, Math.min(cell.area, smallest.get(key) ?? cell.area));
  }
  const cells = library.cells.filter((cell) => cell.area === smallest.get(functionOf(cell)));
  return `library(${identifier(library.id)}) {\n${cells.map(cellGroup).join("\n")}\n}\n`;
}

/** Equal for gates of the same truth tables, pin by pin, and for flip-flops of the same pins and functions. */
function functionOf({ inputs, outputs, register }: Cell): string {
  const pins = inputs.map((pin) => pin.name);
  if (register) return [...pins, register.next, ...outputs.map((pin) => `${pin.name} ${pin.function}`)].join(";");
  return [pins.length, ...outputs.map((pin) => truthTable(pin.logic, pins))].join(";");
}

function cellGroup(cell: Cell): string {
  const { register } = cell;
  const inputs = cell.inputs.map(
    ({ name }) => `pin(${name}) { direction : input;${name === register?.clock ? " clock : true;" : ""} }`,
  );
  const outputs = cell.outputs.map((pin) => `pin(${pin.name}) { direction : output; function : "${pin.function}"; }`);
  const ff = register
    ? [
        `ff(${register.state},${register.inverse}) { next_state : "${register.next}"; clocked_on : "${register.clock}"; ` +
          `${register.ties.map((tie) => `clear : "${tie.value === 1 ? "!" : ""}${tie.pin}"; `).join("")}}`,
      ]
    : [];
  return ` cell(${cell.name}) { area : ${cell.area}; ${[...ff, ...inputs, ...outputs].join(" ")} }`;
}

function identifier(id: string): string {
  return id.replace(/\W/g, "_");
}
