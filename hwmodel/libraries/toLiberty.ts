import type { Cell, CellLibrary } from "./cell.ts";

/**
 * The library as the least Liberty text that Yosys' dfflibmap, abc and stat need: areas, directions, functions and `ff`
 * groups. Areas are in the library's own unit.
 */
export function toLiberty(library: CellLibrary): string {
  return `library(${identifier(library.id)}) {\n${library.cells.map(cellGroup).join("\n")}\n}\n`;
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
