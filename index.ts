export * as evaluate from "./evaluate/index.ts";
export * as fitting from "./fitting/index.ts";
export * as formats from "./formats/all.ts";
export { UserError } from "./formats/index.ts";
export * as hwmodel from "./hwmodel/index.ts";
export * as reports from "./reports/index.ts";
