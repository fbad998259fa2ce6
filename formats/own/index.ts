/** @file Codebooks of one's own. Importing this teaches `parseFormat` and `getElement` their ids. */
import { addFamily } from "../elements/index.ts";
import { ownBooks } from "./ownBooks.ts";

addFamily(ownBooks);

export { defineCodebook } from "./defineCodebook.ts";
export { compileFormula } from "./formula.ts";
export { type OwnCodebook, ownCodebook } from "./ownCodebook.ts";
