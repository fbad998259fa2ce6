export { LIBRARIES, libraryById } from "./byId.ts";
export type { AdderRole, Cell, CellLibrary, FlipFlopRole, InputPin, OutputPin, Register, Roles, Slew } from "./cell.ts";
export { MAX_LIBERTY_CHARACTERS } from "./libertyTree.ts";
export { evaluate, type Logic, parseLogic, pinsOf, toJavaScript, truthTable } from "./logic.ts";
export { parseLiberty } from "./parseLiberty.ts";
export { toLiberty } from "./toLiberty.ts";
