export { compareWithBaseline } from "./baseline.ts";
export {
  CONFIG_BYTES_MAX,
  GROUP_MAX,
  type Group,
  parseConfig,
  type SweepConfig,
  sweepSchema,
  validateConfig,
} from "./config.ts";
export { defaultConfig } from "./defaultConfig.ts";
export { didYouMean } from "./didYouMean.ts";
export { estimateTrials, kindOf, type TrialEstimate, type TrialTime, unknownKinds } from "./estimate.ts";
export { inProcess } from "./executors/inProcess.ts";
export { FILTER_FIELDS, type Filter, parseFilter } from "./filter.ts";
export { MANIFEST_FILE, readManifest, type SweepManifest, writeManifest } from "./folder.ts";
export { changedParts, changesSince, type TrialIdentity } from "./identity.ts";
export { JOURNAL_BYTES_MAX, JOURNAL_FILE, type Journal, openJournal, readJournal } from "./journal.ts";
export { JOURNAL_VERSION, type JournalContent, parseJournal } from "./journalLines.ts";
export {
  BASELINE,
  canonicalJson,
  contentHash,
  RESULT_VERSION,
  type TrialFacts,
  type TrialSpec,
  trialKey,
} from "./key.ts";
export { keyTrials } from "./keyed.ts";
export { baselineOf, type Draws, type FormatNames, isBaseline, planTrials, SAME, TRIALS_MAX } from "./plan.ts";
export { presetConfig, presetNames, presets } from "./presets.ts";
export { clock, createProgress, type Progress, type ProgressStream } from "./progress.ts";
export { readRowFile } from "./rowFile.ts";
export {
  type Executor,
  type PlannedTrial,
  type RowStore,
  type RunTrial,
  runSweep,
  type SweepOutcome,
  type SweepProgress,
  type Tell,
  type TrialQueue,
} from "./run.ts";
export { staticSetting, tokenId, tokenSetting } from "./runningSettings.ts";
export { type Head, headOf, heads, type Scope, scopes } from "./scope.ts";
export { type PreparedSweep, type SweepIntoOptions, type SweepState, sweepInto } from "./sweepInto.ts";
