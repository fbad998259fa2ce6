export { areaChart } from "./area.ts";
export { type ChangeMark, changesChart } from "./changes.ts";
export { degreesChart } from "./degrees.ts";
export { frontierChart, type Overlay } from "./frontier.ts";
export { layerErrorChart } from "./layers.ts";
export { numberLineChart } from "./numberline.ts";
export { familyPalette, listPalette, theme } from "./theme.ts";
