import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { UserError } from "../../formats/error.ts";
import { type CellLibrary, libraryById, MAX_LIBERTY_CHARACTERS, parseLiberty } from "../libraries/index.ts";

/** A cell library that comes with the package, by id, or a Liberty file (`my.lib`). Throws UserError naming what is wrong. */
export async function openLibrary(idOrFile: string): Promise<CellLibrary> {
  if (!/\.lib$/i.test(idOrFile)) return libraryById(idOrFile);
  const size = await stat(idOrFile).then(
    (found) => (found.isFile() ? found.size : null),
    () => null,
  );
  if (size === null) throw new UserError(`library ${idOrFile}: no such file`);
  if (size > MAX_LIBERTY_CHARACTERS) {
    throw new UserError(`library ${idOrFile}: ${size} bytes; at most ${MAX_LIBERTY_CHARACTERS} are read`);
  }
  return parseLiberty(await readFile(idOrFile, "utf8"), basename(idOrFile));
}
