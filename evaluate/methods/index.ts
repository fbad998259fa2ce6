import { nearest, UserError } from "../../formats/index.ts";
import type { Method } from "./method.ts";
import { rtn } from "./rtn.ts";

/** Every method: a new one is its file and a line here. */
export const methods: readonly Method[] = [rtn];

/** The method of this id. Throws UserError naming the known ones and the nearest. */
export function methodById(id: string): Method {
  const method = methods.find((each) => each.id === id);
  if (method) return method;
  const known = methods.map((each) => each.id);
  const similar = nearest(id, known, 1)[0];
  throw new UserError(
    `method "${id}": unknown${similar ? `; did you mean ${similar}?` : ""} (known: ${known.join(", ")})`,
  );
}

export { meanBitsPerWeight } from "./meanBits.ts";
export type { Matrix, Method, MethodInput, MethodResult } from "./method.ts";
export { rtn } from "./rtn.ts";
