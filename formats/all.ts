/** @file Everything of formats/ at once, for the package's root. */
export * from "./index.ts";
export * from "./own/index.ts";
export * from "./packing/index.ts";
export * from "./sheets/index.ts";
