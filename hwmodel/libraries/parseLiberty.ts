import { UserError } from "../../formats/error.ts";
import type { Cell, CellLibrary, InputPin, OutputPin, Register } from "./cell.ts";
import { completeLibrary } from "./factTable.ts";
import { type Characterization, characterize, type Units, unitsOf } from "./libertyTiming.ts";
import { attribute, type Group, parseLibertyTree } from "./libertyTree.ts";
import { type Logic, parseLogic, pinsOf, substitute } from "./logic.ts";
import { flipFlopRole, inversion } from "./roles.ts";

/** Truth tables are taken of every cell; the widest gates that logic synthesis profits from have six inputs. */
const MAX_INPUTS = 6;
/** The largest open library has 900 cells; synthesis takes minutes with more than a few thousand. */
const MAX_CELLS = 10_000;

const NO_PLAIN_FLIP_FLOP = "a flip-flop with scan, enable or set";

/** Thrown where a cell is of a kind that is not used; the rest of the file is. */
class Unused extends Error {}

/**
 * A cell library from the text of a user's Liberty file; areas are taken as square micrometres. Cells that are no plain gate
 * or rising-edge D flip-flop (latches, scan, set, tri-state, over six inputs, dont_use) are left out and listed in `skipped`.
 * Throws UserError naming the file and the cell: for bad syntax, an area that is none, a function that is malformed, names
 * an unknown pin or depends on itself, and for a library without inverter, NAND2 or flip-flop, naming what is missing.
 */
export function parseLiberty(text: string, name: string): CellLibrary {
  const tree = parseLibertyTree(text, name);
  const groups = tree.groups.filter((group) => group.type === "cell");
  if (groups.length > MAX_CELLS) throw new UserError(`${name}: ${groups.length} cells; at most ${MAX_CELLS} are read`);
  const units = unitsOf(tree);
  const cells = new Map<string, Cell>();
  const skipped: { cell: string; reason: string }[] = [];
  for (const group of groups) {
    const cell = group.args[0] ?? "";
    if (cells.has(cell)) throw new UserError(`${name}: cell ${cell} is defined twice`);
    try {
      cells.set(cell, cellOf(group, cell, `${name}: cell ${cell}`, units));
    } catch (error) {
      if (!(error instanceof Unused)) throw error;
      skipped.push({ cell, reason: error.message });
    }
  }
  const voltage = units.voltage;
  const id = tree.args[0] ?? "library";
  const facts = {
    id: name,
    label: id,
    source: `the user's file ${name}`,
    licence: "the user's",
    areaUnit: "um2",
    voltage,
  } as const;
  return completeLibrary(facts, [...cells.values()], skipped);
}

function cellOf(group: Group, name: string, where: string, units: Units): Cell {
  if (!isIdentifier(name)) throw new Unused("its name is no Verilog identifier");
  if (attribute(group, "dont_use") === "true") throw new Unused("dont_use");
  for (const { type } of group.groups) {
    if (["latch", "statetable", "ff_bank", "latch_bank", "bus", "bundle"].includes(type)) throw new Unused(type);
  }
  const pins = group.groups.filter((child) => child.type === "pin");
  const inputs: InputPin[] = [];
  const functions = new Map<string, string>();
  for (const pin of pins) {
    for (const pinName of pin.args) {
      if (!isIdentifier(pinName)) throw new Unused(`pin ${pinName}`);
      const direction = attribute(pin, "direction");
      if (direction === "input") inputs.push({ name: pinName, capFf: capacitance(pin, units) });
      else if (direction !== "output") throw new Unused(`pin ${pinName} is ${direction ?? "of no direction"}`);
      else if (attribute(pin, "three_state") !== undefined) throw new Unused("tri-state");
      else if (attribute(pin, "function") !== undefined) functions.set(pinName, attribute(pin, "function")!);
    }
  }
  if (functions.size === 0 || inputs.length === 0) throw new Unused("no input, or no output with a function");
  if (inputs.length > MAX_INPUTS) throw new Unused(`${inputs.length} inputs`);
  const area = Number(attribute(group, "area"));
  if (!(area > 0 && Number.isFinite(area))) {
    throw new UserError(`${where}: area ${attribute(group, "area") ?? "missing"}; expected a positive number`);
  }
  const known = new Set(inputs.map((pin) => pin.name));
  const register = registerOf(group, where, known);
  const outputs = outputsOf(functions, register, known, where);
  const cell: Cell = { name, area, inputs, outputs, register, ...NO_CHARACTER };
  if (register && flipFlopRole(cell) === null) throw new Unused(NO_PLAIN_FLIP_FLOP);
  return { ...cell, ...characterize(group, cell, units) };
}

const NO_CHARACTER: Characterization = {
  leakageNw: null,
  intrinsicPs: null,
  psPerFf: null,
  slew: null,
  internalFj: null,
  clockFj: null,
};

function capacitance(pin: Group, units: Units): number | null {
  const value = Number(attribute(pin, "capacitance"));
  return units.loadFf !== null && value >= 0 && Number.isFinite(value) ? value * units.loadFf : null;
}

function registerOf(group: Group, where: string, inputs: ReadonlySet<string>): Register | null {
  const found = group.groups.filter((child) => child.type === "ff");
  if (found.length === 0) return null;
  const ff = found[0]!;
  const [state, inverse] = ff.args;
  if (found.length > 1 || !isIdentifier(state) || !isIdentifier(inverse))
    throw new Unused("several or nameless states");
  const text = (key: string) => attribute(ff, key);
  if (text("preset") !== undefined) throw new Unused(NO_PLAIN_FLIP_FLOP);
  const next = text("next_state");
  const clockedOn = text("clocked_on");
  if (next === undefined || clockedOn === undefined)
    throw new UserError(`${where}: ff without next_state or clocked_on`);
  const nextLogic = parseLogic(next, where);
  const clock = inversion(parseLogic(clockedOn, where));
  if (clock === null || clock.inverted) throw new Unused("not clocked on a rising edge");
  const clear = text("clear") === undefined ? null : inversion(parseLogic(text("clear")!, where));
  if (text("clear") !== undefined && clear === null) throw new Unused("a clear of several pins");
  // An enable keeps the state.
  if (pinsOf(nextLogic).some((pin) => pin === state || pin === inverse)) throw new Unused(NO_PLAIN_FLIP_FLOP);
  for (const pin of [...pinsOf(nextLogic), clock.pin, ...(clear ? [clear.pin] : [])]) {
    if (!inputs.has(pin)) throw new UserError(`${where}: ff names pin ${pin}, which is no input`);
  }
  return {
    state,
    inverse,
    next,
    nextLogic,
    clock: clock.pin,
    ties: clear ? [{ pin: clear.pin, value: clear.inverted ? 1 : 0 }] : [],
  };
}

/** Output functions of input pins and states; an output given by another output is expanded. */
function outputsOf(
  functions: ReadonlyMap<string, string>,
  register: Register | null,
  inputs: ReadonlySet<string>,
  where: string,
): OutputPin[] {
  const states = register ? [register.state, register.inverse] : [];
  const expand = (pin: string, path: readonly string[]): Logic => {
    if (path.includes(pin)) throw new UserError(`${where}: the function of pin ${pin} depends on itself`);
    // Deeper chains are no cell's, and their expansion could grow without bound.
    if (path.length > 1) throw new Unused("outputs given by outputs given by outputs");
    return substitute(parseLogic(functions.get(pin)!, `${where}, pin ${pin}`), (name) => {
      if (inputs.has(name) || states.includes(name)) return { op: "pin", name };
      if (functions.has(name)) return expand(name, [...path, pin]);
      throw new UserError(`${where}: the function of pin ${pin} names ${name}, which is no pin of the cell`);
    });
  };
  return [...functions].map(([name, text]) => {
    const logic = expand(name, []);
    const own = pinsOf(logic).every((pin) => pinsOf(parseLogic(text, where)).includes(pin));
    return { name, function: own ? text : toLibertyFunction(logic), logic };
  });
}

function toLibertyFunction(logic: Logic): string {
  if (logic.op === "constant") return logic.value ? "1" : "0";
  if (logic.op === "pin") return logic.name;
  if (logic.op === "not") return `!${toLibertyFunction(logic.of)}`;
  const symbol = { and: "&", or: "|", xor: "^" }[logic.op];
  return `(${toLibertyFunction(logic.left)}${symbol}${toLibertyFunction(logic.right)})`;
}

function isIdentifier(name: string | undefined): name is string {
  return name !== undefined && /^[A-Za-z_]\w*$/.test(name);
}
