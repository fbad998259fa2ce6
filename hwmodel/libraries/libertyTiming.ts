import type { Cell } from "./cell.ts";
import { attribute, type Group } from "./libertyTree.ts";

export type Characterization = Pick<Cell, "leakageNw" | "intrinsicPs" | "psPerFf" | "slew" | "internalFj" | "clockFj">;

/** What one unit of the file's numbers is; null where the file does not say, and then the figures are null too. */
export interface Units {
  timePs: number | null;
  loadFf: number | null;
  leakageNw: number | null;
  /** Energy: load unit times voltage unit squared (Liberty Reference Manual, "internal_power"). */
  energyFj: number | null;
  voltage: number | null;
  /** Table templates by name: which variable is first, and the grids of tables without their own. */
  templates: ReadonlyMap<string, Group>;
}

export function unitsOf(library: Group): Units {
  const [size, prefix] = library.attributes.get("capacitive_load_unit") ?? [];
  const loadFf = scaled(`${size}${prefix}`, { ff: 1, pf: 1000, nf: 1e6 });
  const voltageUnit = scaled(attribute(library, "voltage_unit") ?? "1V", { v: 1, mv: 1e-3 });
  const voltage = Number(attribute(library, "nom_voltage")) * (voltageUnit ?? Number.NaN);
  return {
    timePs: scaled(attribute(library, "time_unit") ?? "1ns", { fs: 1e-3, ps: 1, ns: 1000 }),
    loadFf,
    leakageNw: scaled(attribute(library, "leakage_power_unit") ?? "", { fw: 1e-6, pw: 1e-3, nw: 1, uw: 1000, mw: 1e6 }),
    energyFj: loadFf !== null && voltageUnit !== null ? loadFf * voltageUnit ** 2 : null,
    voltage: voltage > 0 && voltage < 100 ? voltage : null,
    templates: new Map(library.groups.filter((g) => /template$/.test(g.type)).map((g) => [g.args[0] ?? "", g])),
  };
}

/** "10ps" with { ps: 1, … } → 10. */
function scaled(text: string, prefixes: Record<string, number>): number | null {
  const match = /^\s*([\d.]+)\s*([a-z]+)\s*$/i.exec(text);
  const value = Number(match?.[1]) * (prefixes[match?.[2]?.toLowerCase() ?? ""] ?? Number.NaN);
  return value > 0 && Number.isFinite(value) ? value : null;
}

/** A table over input transition and load, in the file's units. */
type Table = (slew: number, load: number) => number;

/** Loads of other cells make transitions up to about this much longer than a cell's own. */
const SHALLOW = 4;

/**
 * The linear figures of a cell from its tables: delay and output transition fitted at loads of one to four of its own input
 * capacitances, mean over arcs and edges; the input transition is the cell's own at a load of three, and the
 * dependence on it is taken from there to SHALLOW times that. Null where tables are missing.
 */
export function characterize(group: Group, cell: Cell, units: Units): Characterization {
  const outputs = group.groups.filter((pin) => pin.type === "pin" && attribute(pin, "direction") === "output");
  const caps = cell.inputs.map((pin) => pin.capFf);
  const cap = caps.includes(null) || units.loadFf === null ? null : mean(caps as number[])! / units.loadFf;
  const leakage = leakageOf(group);
  const none = { intrinsicPs: null, psPerFf: null, slew: null, internalFj: null, clockFj: null };
  const leakageNw = leakage === null || units.leakageNw === null ? null : leakage * units.leakageNw;
  if (cap === null || units.timePs === null || units.loadFf === null) return { ...none, leakageNw };

  const arcs = outputs
    .flatMap((pin) => children(pin, "timing"))
    .filter(({ attributes }) => {
      const type = attributes.get("timing_type")?.[0] ?? "combinational";
      return /^combinational|^rising_edge$/.test(type);
    });
  const tables = (from: readonly Group[], ...types: string[]) =>
    from
      .flatMap((arc) => arc.groups.filter((child) => types.includes(child.type)))
      .flatMap((t) => tableOf(t, units.templates.get(t.args[0] ?? "")) ?? []);
  const delays = tables(arcs, "cell_rise", "cell_fall");
  const transitions = tables(arcs, "rise_transition", "fall_transition");
  let slew = 0;
  for (let round = 0; round < 4; round++) slew = mean(transitions.map((t) => t(slew, 3 * cap))) ?? 0;
  const delay = line(delays, slew, cap);
  const transition = line(transitions, slew, cap);
  const perSlew = (of: readonly Table[]) => {
    const at = (share: number) => mean(of.map((t) => t(share * slew, 2.5 * cap)));
    const [steep, shallow] = [at(1), at(SHALLOW)];
    return steep === null || shallow === null || !(slew > 0) ? null : (shallow - steep) / ((SHALLOW - 1) * slew);
  };
  const [delayPerPs, outputPerPs] = [perSlew(delays), perSlew(transitions)];
  const perLoad = units.timePs / units.loadFf;
  const powers = tables(
    outputs.flatMap((pin) => children(pin, "internal_power")),
    "rise_power",
    "fall_power",
  );
  const internal = mean(powers.map((t) => t(slew, 2 * cap)));
  const clockPin = group.groups.find((pin) => pin.type === "pin" && pin.args[0] === cell.register?.clock);
  const clock = clockPin
    ? mean(tables(children(clockPin, "internal_power"), "rise_power", "fall_power").map((t) => t(slew, 0)))
    : null;
  const energy = (value: number | null, times: number) =>
    value === null || units.energyFj === null ? null : value * units.energyFj * times;
  return {
    leakageNw,
    intrinsicPs: delay && delay.intercept * units.timePs,
    psPerFf: delay && delay.slope * perLoad,
    slew:
      transition === null || delayPerPs === null || outputPerPs === null
        ? null
        : {
            inputPs: slew * units.timePs,
            delayPerPs,
            outputPs: transition.intercept * units.timePs,
            outputPsPerFf: transition.slope * perLoad,
            outputPerPs,
          },
    internalFj: energy(internal, 1),
    // A rising and a falling edge per cycle.
    clockFj: energy(clock, 2),
  };
}

/** Least squares line of the tables' mean over loads of one to four capacitances; null without tables. */
function line(tables: readonly Table[], slew: number, cap: number): { intercept: number; slope: number } | null {
  const at = (load: number) => mean(tables.map((t) => t(slew, load * cap)));
  const [y1, y2, y3, y4] = [at(1), at(2), at(3), at(4)];
  if (y1 === null || y2 === null || y3 === null || y4 === null) return null;
  const perCap = (3 * (y4 - y1) + (y3 - y2)) / 10;
  return { intercept: (y1 + y2 + y3 + y4) / 4 - 2.5 * perCap, slope: perCap / cap };
}

function leakageOf(group: Group): number | null {
  const whole = Number(attribute(group, "cell_leakage_power"));
  if (Number.isFinite(whole)) return whole;
  return mean(children(group, "leakage_power").map((state) => Number(attribute(state, "value"))));
}

function children(group: Group, type: string): Group[] {
  return group.groups.filter((child) => child.type === type);
}

/** A table of at most two variables; null for one without numbers or with more of them than its grid has points. */
function tableOf(group: Group, template: Group | undefined): Table | null {
  const numbers = (of: Group | undefined, key: string) =>
    (of?.attributes.get(key) ?? []).flatMap((row) =>
      row
        .trim()
        .split(/[\s,]+/)
        .map(Number),
    );
  const grid = (key: string) => (group.attributes.has(key) ? numbers(group, key) : numbers(template, key));
  const values = numbers(group, "values");
  const first = grid("index_1");
  const second = grid("index_2");
  if (values.length === 0 || ![...values, ...first, ...second].every(Number.isFinite)) return null;
  if (values.length === 1) return () => values[0]!;
  if (first.length * Math.max(1, second.length) !== values.length) return null;
  const loadFirst = template !== undefined && /capacitance/.test(attribute(template, "variable_1") ?? "");
  return (slew, load) => {
    const [x, y] = loadFirst ? [load, slew] : [slew, load];
    const row = (i: number) => interpolate(second, y, (j) => values[i * second.length + j]!);
    return interpolate(first, x, second.length === 0 ? (i) => values[i]! : row);
  };
}

/** Linear between grid points, and beyond them along the first or last segment as timers do. */
function interpolate(grid: readonly number[], x: number, valueAt: (i: number) => number): number {
  if (grid.length === 1) return valueAt(0);
  let i = 0;
  while (i < grid.length - 2 && x > grid[i + 1]!) i++;
  const share = (x - grid[i]!) / (grid[i + 1]! - grid[i]!);
  return valueAt(i) + share * (valueAt(i + 1) - valueAt(i));
}

function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sum = values.reduce((total, v) => total + v, 0) / values.length;
  return Number.isFinite(sum) ? sum : null;
}
