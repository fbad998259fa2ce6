export type { LiveState } from "./fragment.ts";
export { type LiveView, serveLive } from "./server.ts";
