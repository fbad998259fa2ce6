export { areaChart } from "./area.ts";
export { type ChangeMark, changesChart } from "./changes.ts";
export { degreesChart } from "./degrees.ts";
export { type Bins, densityChart, type FittedShape } from "./density.ts";
export { frontierChart, type Overlay } from "./frontier.ts";
export { layerErrorChart } from "./layers.ts";
export { numberLineChart } from "./numberline.ts";
export { type SpecialValueRow, specialValuesChart } from "./specialValues.ts";
export { familyPalette, listPalette, plotWidth, theme } from "./theme.ts";
