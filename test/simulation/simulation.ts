import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryWorld, type MemoryContainer } from '../../src/engine/memory/memory-world.ts';
import { ManifestReader } from '../../src/source/manifest-reader.ts';
import { MemoryDatabase } from '../../src/store/memory/memory-database.ts';
import { VirtualClock } from '../virtual-clock.ts';
import type { ProbeResult } from '../../src/controllers/health/probe.ts';
import { Controller, type Fault } from './controller.ts';
import { MemoryFiles } from './files.ts';
import type { Call } from './intercept.ts';
import { Invariants } from './invariants.ts';
import { SECRET_VALUE } from './names.ts';
import { seededRandom } from './random.ts';
import { inWords } from './words.ts';

const START = new Date('2030-01-01T00:00:00Z');

/** Milliseconds a call takes. */
const LATENCY: Record<string, number> = {
  observe: 8,
  resolveImage: 20,
  createContainer: 30,
  startContainer: 40,
  stopContainer: 60,
  removeContainer: 24,
};
const STORE_LATENCY = 4;

const HEALTH_CHECK =
  'healthCheck: {path: /, port: 80, initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 2}';

/** Whatever is made of it runs and does not answer. */
export const SICK_IMAGE = 'sick:1';

/** Shared by all simulations, which only read. */
const SECRETS_DIR = mkdtempSync(join(tmpdir(), 'autoserve-simulation-'));
writeFileSync(join(SECRETS_DIR, 'token'), SECRET_VALUE);
process.on('exit', () => rmSync(SECRETS_DIR, { recursive: true, force: true }));
const READER = new ManifestReader({
  policy: { allowHostPaths: [], allowedImages: [] },
  secretsDir: SECRETS_DIR,
  digestKey: 'key',
});

/** One version of an application, as declared; null for none. */
export type Version = { specHash: string; replicas: number } | null;

export interface Declaration {
  image?: string;
  replicas?: number;
  /** Value of a variable, to make another spec. */
  colour?: string;
  restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  secret?: boolean;
  /** Whether it has a port and a health check; it is drained for a second then. */
  checked?: boolean;
  strategy?: string;
  cpu?: number;
  dependsOn?: string;
}

/**
 * A whole installation on virtual time: host, database and folder outlive the controllers, of which one is at work at a
 * time. Everything random comes from the seed, so that a run can be repeated.
 */
export class Simulation {
  readonly clock = new VirtualClock(START);
  readonly world = new MemoryWorld(this.clock);
  readonly files = new MemoryFiles(this.clock);
  readonly random: () => number;
  readonly database: MemoryDatabase;
  readonly reader = READER;
  readonly invariants: Invariants = new Invariants(this);
  /** Every version of each application since the last rest, the present one last. */
  readonly versions = new Map<string, Version[]>();
  controller: Controller | undefined;
  /** Ids of containers whose process runs and does not answer. */
  readonly sick = new Set<string>();
  readonly away = new Set<'database' | 'engine'>();
  /** How many calls controllers have made. */
  calls = 0;
  /** Those among them that may change something. */
  readonly effects: Call[] = [];
  /** Decides what happens to the effect of this number, counted from 1. */
  faultOf: (effect: number, call: Call) => Fault | undefined = () => undefined;
  /** What stands in the way of every call like this. */
  obstacle: (call: Call) => Fault | undefined = () => undefined;
  /** Factor of a call's duration. */
  slowness: () => number = () => 1;
  lastFaultAt: Date = START;
  /** Whether listings show at least what controllers did themselves. */
  honest = false;
  #landedAt = 0;
  readonly #trace: (() => string)[] = [];

  constructor(seed = 1) {
    this.random = seededRandom(seed);
    let uuids = 0;
    this.database = new MemoryDatabase(
      () => this.clock.now(),
      () => `00000000-0000-4000-8000-${String((uuids += 1)).padStart(12, '0')}`,
    );
    this.world.addImage('web:1');
    this.world.addImage('web:2');
    this.world.addImage(SICK_IMAGE);
  }

  start(): void {
    this.note('controller starts');
    this.controller = new Controller(this);
  }

  /** A fault: the controller is gone, and the next one comes a little later. */
  restartIn(ms: number): void {
    this.fault('restart');
    this.clock.schedule(ms, () => this.start());
  }

  /** Lets virtual time pass. */
  async run(ms: number): Promise<void> {
    await this.runUntil(this.clock.now().getTime() + ms);
  }

  async runUntil(end: number): Promise<void> {
    for (;;) {
      await quiet();
      const now = this.clock.now().getTime();
      const next = this.clock.next?.getTime() ?? Infinity;
      if (next > end) return this.clock.advance(end - now);
      this.clock.advance(next - now);
    }
  }

  declare(
    name: string,
    {
      image = 'web:1',
      replicas = 1,
      colour,
      restartPolicy,
      secret,
      checked,
      strategy,
      cpu,
      dependsOn,
    }: Declaration,
  ): void {
    const env = [
      ...(colour === undefined ? [] : [`{name: COLOUR, value: ${colour}}`]),
      ...(secret ? ['{name: TOKEN, source: secret, key: token}'] : []),
    ];
    const text = [
      'apiVersion: v1',
      'kind: App',
      `metadata: {name: ${name}}`,
      'spec:',
      `  image: "${image}"`,
      `  restartPolicy: ${restartPolicy ?? 'Always'}`,
      `  env: [${env.join(', ')}]`,
      `  strategy: {${strategy ?? ''}}`,
      `  resources: {${cpu === undefined ? '' : `cpu: ${cpu}`}}`,
      `  dependsOn: [${dependsOn ?? ''}]`,
      ...(checked ? ['  ports: [{containerPort: 80}]', '  termination: {drainSeconds: 1}'] : []),
      `scaling: {mode: manual, replicas: ${replicas}}`,
      ...(checked ? [HEALTH_CHECK] : []),
    ].join('\n');
    this.note(`declared: ${name} ${JSON.stringify({ image, replicas, colour })}`);
    this.files.write(`${name}.yaml`, text);
    const file = this.files.files.find(({ path }) => path === `${name}.yaml`);
    const parsed = file && this.reader.read(file, this.clock.now());
    const specHash = parsed?.apps[0]?.specHash;
    if (specHash === undefined) throw new Error(`the manifest has errors: ${JSON.stringify(parsed)}`);
    this.#version(name, { specHash, replicas });
  }

  undeclare(name: string): void {
    this.note(`undeclared: ${name}`);
    this.files.remove(`${name}.yaml`);
    this.#version(name, null);
  }

  /** The versions of now; everything has been brought in line with them. */
  rest(): void {
    for (const [name, versions] of this.versions) this.versions.set(name, versions.slice(-1));
  }

  /** Something went wrong now. */
  fault(what: string): void {
    this.lastFaultAt = this.clock.now();
    this.note(`fault: ${what}`);
  }

  /** What a probe finds: a process that answers unless it is sick. */
  probe(ip: string): ProbeResult {
    const container = [...this.world.containers.values()].find((each) => each.ip === ip);
    const ok = container?.state === 'running' && !this.isSick(container);
    return { ok, code: ok ? 200 : null, latencyMs: 5, message: ok ? '200' : 'connection refused' };
  }

  /** Whether it runs and does not answer. */
  isSick({ id, spec }: MemoryContainer): boolean {
    return this.sick.has(id) || spec.image === SICK_IMAGE;
  }

  latency({ on, method }: Call): number {
    return (on === 'store' ? STORE_LATENCY : (LATENCY[method] ?? 10)) * this.slowness();
  }

  /** A listing may be a moment old, but never older than what was done through the engine: Docker answers after both. */
  async read({ method }: Call, perform: () => Promise<unknown>): Promise<unknown> {
    const { options } = this.world;
    if (method !== 'observe' || !this.honest) return await perform();
    const age = options.listingAgeMs;
    options.listingAgeMs = Math.min(age, this.clock.now().getTime() - this.#landedAt);
    try {
      return await perform();
    } finally {
      options.listingAgeMs = age;
    }
  }

  /** An effect has come about. */
  landed(call: Call): void {
    if (call.on === 'engine') this.#landedAt = this.clock.now().getTime();
    this.invariants.after(call);
  }

  /** Counts an effect; returns what is to happen to it. */
  nextFault(call: Call): Fault | undefined {
    const effect = this.effects.push(call);
    const fault = this.faultOf(effect, call) ?? this.obstacle(call);
    this.note(() => `${effect} ${inWords(call)}${fault ? ` << ${fault}` : ''}`);
    if (fault) this.lastFaultAt = this.clock.now();
    return fault;
  }

  /** What happened, for the message of a failure. */
  get trace(): string[] {
    return this.#trace.map((line) => line());
  }

  /** Adds a line to the trace; put into words when somebody reads it, for few traces are read. */
  note(line: string | (() => string)): void {
    const at = (this.clock.now().getTime() - START.getTime()) / 1_000;
    this.#trace.push(() => `${at.toFixed(3)} ${typeof line === 'string' ? line : line()}`);
  }

  log(line: string): void {
    this.note(`log ${line.trim()}`);
    if (line.startsWith('{"level":50')) this.invariants.violate(`the controller logs an error: ${line}`);
  }

  #version(name: string, version: Version): void {
    this.versions.set(name, [...(this.versions.get(name) ?? []), version]);
  }
}

/** The database, or the engine, does not answer any more. */
export function takeAway(simulation: Simulation, what: 'database' | 'engine'): void {
  simulation.fault(`${what} away`);
  simulation.away.add(what);
  if (what === 'engine')
    for (const listener of simulation.controller?.listeners ?? [])
      listener.onDisconnect(new Error('the engine went away'));
}

/** It answers again. */
export function bringBack(simulation: Simulation, what: 'database' | 'engine'): void {
  simulation.fault(`${what} back`);
  simulation.away.delete(what);
  if (what === 'engine')
    for (const listener of simulation.controller?.listeners ?? []) listener.onReconnect();
}

/** Runs everything that can run without time passing. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
