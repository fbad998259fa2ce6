/** The library, as built by `npm run build`. In a project of your own these are `bitfrontier/formats`, `bitfrontier/fitting`, … */
export * from "../../dist/fitting/index.js";
export * from "../../dist/formats/index.js";
export { defineCodebook } from "../../dist/formats/own/index.js";
export { macCost } from "../../dist/hwmodel/macCost.js";
export { PUBLISHED } from "../../dist/hwmodel/published.js";
export * from "../../dist/reports/browser.js";
