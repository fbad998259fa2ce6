/** An error the user can act on: one line naming the file, layer, format or option. The CLI prints it without a stack. */
export class UserError extends Error {
  override name = "UserError";
}
