/** @file Codebooks of one's own. Importing this teaches `parseFormat` and `getElement` their ids. */
import { addFamily } from "../elements/index.ts";
import { aboutOwnBooks } from "./about.ts";
import { ownBooks } from "./ownBooks.ts";

addFamily(ownBooks, aboutOwnBooks);

export { defineCodebook } from "./defineCodebook.ts";
export { compileFormula } from "./formula.ts";
export { type OwnCodebook, ownCodebook } from "./ownCodebook.ts";
