import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../formats/error.ts";
import { isSystemError, systemReason } from "../storage/files.ts";

/** Who holds a lock. */
interface Holder {
  pid: number;
  host: string;
  /** Start time of that process as the kernel states it (Linux only): tells a reused pid from the old process. */
  processStart: string | null;
  /** When the lock was taken, for the message. */
  since: string;
  /** Tells two locks of one process apart. */
  token: string;
}

export interface Lock {
  /** Gives the lock up; safe to call twice. */
  release(): void;
  /** Set when the lock of a dead process was taken over. */
  takenOverFrom: number | null;
}

/** A lock file is read again for this long before it is called unreadable: its owner may be writing it. */
const SETTLE_MS = 1000;
const RETRY_MS = 25;

/**
 * Takes `path` as an exclusive lock for this process: a file holding pid, host and start time. The lock of a process
 * that is gone is taken over; one of a live process, or of another host (whose processes cannot be seen), is an error.
 * Throws UserError naming the holder and the file.
 */
export async function takeLock(path: string): Promise<Lock> {
  const mine: Holder = {
    pid: process.pid,
    host: hostname(),
    processStart: processStart(process.pid),
    since: new Date().toISOString(),
    token: randomBytes(8).toString("hex"),
  };
  if (create(path, mine)) return held(path, mine, null);

  const other = await readSettled(path);
  if (other !== null && isAlive(other)) throw inUse(path, other);
  if (!moveAside(path, other) || !create(path, mine)) throw inUse(path, read(path));
  // Two processes may have judged the same lock stale; whoever's file is still there after a pause has it.
  await sleep(2 * RETRY_MS);
  const winner = read(path);
  if (winner?.token !== mine.token) throw inUse(path, winner);
  return held(path, mine, other?.pid ?? null);
}

function held(path: string, mine: Holder, takenOverFrom: number | null): Lock {
  return {
    takenOverFrom,
    release() {
      if (read(path)?.token === mine.token) rmSync(path, { force: true });
    },
  };
}

function inUse(path: string, other: Holder | null): UserError {
  if (other === null) return new UserError(`${path}: another sweep is taking this folder at this moment; try again`);
  const where = other.host === hostname() ? "" : ` on ${other.host}`;
  return new UserError(
    `${path}: another sweep (process ${other.pid}${where}, since ${other.since}) is writing to this folder; ` +
      `wait for it, choose another --out, or delete this file if that process is gone`,
  );
}

/** Creates the lock file, or returns false when there is one. */
function create(path: string, holder: Holder): boolean {
  try {
    writeFileSync(path, `${JSON.stringify(holder)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === "EEXIST") return false;
    throw new UserError(`cannot write ${path}: ${systemReason(error)}`);
  }
}

/** The holder; null when the file is gone or unreadable. */
function read(path: string): Holder | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isHolder(value) ? value : null;
  } catch {
    return null;
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== "object" || value === null) return false;
  const holder = value as Record<string, unknown>;
  return (
    Number.isSafeInteger(holder.pid) &&
    (holder.pid as number) > 0 &&
    typeof holder.host === "string" &&
    typeof holder.since === "string" &&
    typeof holder.token === "string" &&
    (holder.processStart === null || typeof holder.processStart === "string")
  );
}

/** Reads a lock that may be half-written at this moment: null only if it stays unreadable and grows old. */
async function readSettled(path: string): Promise<Holder | null> {
  for (let waited = 0; ; waited += RETRY_MS) {
    const holder = read(path);
    if (holder !== null || waited >= SETTLE_MS || !statSync(path, { throwIfNoEntry: false })) return holder;
    await sleep(RETRY_MS);
  }
}

/**
 * Removes a stale lock by renaming it, which only one process can do to one file. If what was renamed is not the
 * stale lock but a fresh one made meanwhile, it is put back and the answer is false.
 */
function moveAside(path: string, stale: Holder | null): boolean {
  const aside = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    renameSync(path, aside);
  } catch {
    return true; // Gone already: `create` decides who is next.
  }
  const moved = read(aside);
  const ours = moved === null ? stale === null : moved.token === stale?.token;
  if (!ours) {
    try {
      linkSync(aside, path);
    } catch {
      // A third process holds it now; the owner of the moved lock notices in its own check.
    }
  }
  rmSync(aside, { force: true });
  return ours;
}

/** Whether that process still runs. On another host nobody can say, so yes. */
function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return isSystemError(error) && error.code === "EPERM";
  }
  const start = processStart(holder.pid);
  if (start === "zombie") return false;
  return holder.processStart === null || start === null || start === holder.processStart;
}

/** Kernel start time of a process with the boot it belongs to, "zombie", or null where /proc does not tell. */
function processStart(pid: number): string | null {
  if (process.platform !== "linux") return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Field 2 is the command in parentheses and may hold spaces: count fields from the last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return "zombie";
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    return `${fields[19]}@${boot}`;
  } catch {
    return null;
  }
}
