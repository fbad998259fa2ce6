export { beats } from "./beats.ts";
export { type Candidate, candidateOf, searchFormats } from "./searchFormats.ts";
export { type SearchModelOptions, type SearchReport, type SearchRow, searchModel, TRIES } from "./searchModel.ts";
export { weightSample } from "./weightSample.ts";
