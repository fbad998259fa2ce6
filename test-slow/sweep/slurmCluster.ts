import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "scancel"];

/** Seconds without an answer after which the controller calls a node dead. */
const NODE_TIMEOUT = 6;

/** A real Slurm of this machine alone: controller, authentication and several node daemons on loopback ports. */
export interface SlurmCluster {
  /** Environment in which Slurm's commands find it. */
  env: NodeJS.ProcessEnv;
  nodes: string[];
  /** Output of a Slurm command. Throws where it fails. */
  command(...words: string[]): string;
  /** Kills a node with all that runs on it, as a power cut would; gives how many processes that were. */
  killNode(name: string): number;
  startNode(name: string): void;
  /** As for maintenance: it saves its state. */
  stopController(): void;
  startController(): void;
  /** Ends all daemons and removes their files. */
  stop(): void;
}

/** Why no cluster can be started here, or null. */
export function noSlurm(): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "Slurm's daemons need root on Linux";
  const missing = PROGRAMS.find((program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0);
  return missing === undefined ? null : `there is no ${missing} here (apt-get install slurm-wlm munge)`;
}

export async function startSlurm(count: number): Promise<SlurmCluster> {
  const folder = mkdtempSync(join(tmpdir(), "bitfrontier-slurm-"));
  const nodes = Array.from({ length: count }, (_, i) => `n${i + 1}`);
  const ports = await freePorts(count + 1);
  const conf = join(folder, "slurm.conf");
  const socket = join(folder, "munge.socket");
  mkdirSync(join(folder, "state"));
  writeFileSync(join(folder, "munge.key"), randomBytes(1024), { mode: 0o400 });
  writeFileSync(
    conf,
    `ClusterName=bitfrontier
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${socket}
SlurmctldPort=${ports[count]}
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdPidFile=${folder}/slurmd.%n.pid
SlurmdLogFile=${folder}/slurmd.%n.log
SlurmdSpoolDir=${folder}/spool.%n
StateSaveLocation=${folder}/state
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_min_interval=100000,bf_interval=1
SlurmdTimeout=${NODE_TIMEOUT}
KillWait=2
ReturnToService=2
SlurmdParameters=config_overrides
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
PropagateResourceLimits=NONE
${nodes.map((name, i) => `NodeName=${name} NodeHostname=localhost NodeAddr=127.0.0.1 Port=${ports[i]} CPUs=1 RealMemory=2000\n`).join("")}PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`,
  );
  const env = { ...process.env, SLURM_CONF: conf };
  function command(...words: string[]): string {
    const { status, stdout, stderr } = spawnSync(words[0]!, words.slice(1), { env, encoding: "utf8", timeout: 60_000 });
    if (status !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
    return stdout.trim();
  }
  const cluster: SlurmCluster = {
    env,
    nodes,
    command,
    startNode: (name) => {
      mkdirSync(join(folder, `spool.${name}`), { recursive: true });
      command("slurmd", "-f", conf, "-N", name);
    },
    killNode: (name) => {
      const daemon = pidIn(join(folder, `slurmd.${name}.pid`));
      const doomed = [...(daemon === null ? [] : [daemon]), ...processesOf(name, folder)];
      for (const pid of doomed) kill(pid);
      return doomed.length;
    },
    startController: () => void command("slurmctld", "-f", conf),
    stopController: () => void process.kill(pidIn(join(folder, "slurmctld.pid"))!, "SIGTERM"),
    stop() {
      for (const name of nodes) cluster.killNode(name);
      for (const file of ["slurmctld.pid", "munged.pid"]) {
        const pid = pidIn(join(folder, file));
        if (pid !== null) kill(pid);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    const files = ["key-file=munge.key", "pid-file=munged.pid", "log-file=munged.log", "seed-file=munged.seed"];
    const flags = files.map((file) => `--${file.replace("=", `=${folder}/`)}`);
    command("munged", "--force", `--socket=${socket}`, ...flags);
    cluster.startController();
    for (const name of nodes) cluster.startNode(name);
    for (let waited = 0; command("sinfo", "-h", "-t", "idle", "-o", "%D") !== String(count); waited += 200) {
      if (waited > 60_000) throw new Error(`the nodes do not come up: ${command("sinfo", "-N")}`);
      await sleep(200);
    }
    return cluster;
  } catch (error) {
    cluster.stop();
    throw error;
  }
}

/** What runs on a node: processes that have its name in their environment, and the step daemons above them. */
function processesOf(node: string, folder: string): number[] {
  const found = new Set<number>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      if (!environment.includes(`SLURMD_NODENAME=${node}`)) continue;
      if (!environment.includes(`SLURM_CONF=${join(folder, "slurm.conf")}`)) continue;
      found.add(Number(pid));
      const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))![1]!;
      if (readFileSync(`/proc/${parent}/cmdline`, "latin1").startsWith("slurmstepd")) found.add(Number(parent));
    } catch {
      // It has ended meanwhile.
    }
  }
  return [...found];
}

function pidIn(path: string): number | null {
  try {
    return Number(readFileSync(path, "utf8").trim()) || null;
  } catch {
    return null;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  for (const server of servers) server.close();
  return ports;
}
