import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../src/clock.ts';
import type { CommandResult } from '../src/engine/ingress-engine.ts';
import { MemoryIngress } from '../src/engine/memory/memory-ingress.ts';
import { followAccessLog } from '../src/ingress/access-log.ts';
import { LOG_FILE } from '../src/ingress/layout.ts';
import { Traffic } from '../src/metrics/traffic.ts';
import type { Row } from './row.ts';

/** What a second holds at the bound. */
const LINES_PER_LOOK = 20_000;
const LOOKS_PER_INTERVAL = 5;
const WARM_UP_LOOKS = 25;
const LOOKS = 100;
const APPS = 50;
const GROWTH_BOUND_MB = 16;
/** Of `/proc/<pid>/stat`. */
const TICKS_PER_SECOND = 100;

/** An ingress whose reader runs on this host and reads `file`. */
class LocalReader extends MemoryIngress {
  readonly #file: string;
  pid = 0;

  constructor(file: string) {
    super();
    this.#file = file;
  }

  override async findIngress(): ReturnType<MemoryIngress['findIngress']> {
    return { id: 'local', running: true, imageId: '', settings: '', ip: null, exitCode: null };
  }

  override async *stream(
    _id: string,
    [program = '', ...args]: readonly string[],
    input: Readable,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer, CommandResult | null, void> {
    // Nobody holds lines back here.
    const here = args.map((arg) => arg.replace(LOG_FILE, this.#file).replace(/^write=.*$/, 'write=true'));
    const reader = spawn(program, here, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.pid = reader.pid ?? 0;
    input.pipe(reader.stdin);
    signal.addEventListener('abort', () => reader.kill());
    yield* reader.stdout;
    return null;
  }
}

/** Lines of the ingress's log a second of one core, counted beside nginx, parsed and summed up, and what is left in memory. */
export async function logLines(): Promise<Row> {
  const directory = mkdtempSync(join(tmpdir(), 'autoserve-bench-'));
  const file = join(directory, 'access.log');
  const second = Array.from({ length: LINES_PER_LOOK }, (_, index) => `${logLine(index)}\n`).join('');
  writeFileSync(file, '');
  const engine = new LocalReader(file);
  const traffic = new Traffic();
  const targets = Array.from({ length: APPS }, (_, app) => ({ app: `app-${app}`, instances: [] }));
  const done = new AbortController();
  let now = 0;
  let looks = 0;
  let appending = 0;
  const spent = (): number => ownSeconds() - appending + secondsOf(engine.pid);
  let before = { seconds: 0, heap: 0 };
  let after = before;

  /** A second passes. */
  function pass(): void {
    if (looks > 0 && looks % LOOKS_PER_INTERVAL === 0) traffic.rotate(targets);
    if (looks === WARM_UP_LOOKS) before = { heap: heapMegabytes(), seconds: spent() };
    if (looks === WARM_UP_LOOKS + LOOKS) {
      after = { seconds: spent(), heap: heapMegabytes() };
      done.abort();
      return;
    }
    looks += 1;
    const begin = ownSeconds();
    appendFileSync(file, second);
    appending += ownSeconds() - begin;
  }
  const clock: Clock = {
    now: () => new Date(now),
    schedule(ms, run) {
      // A second is over at once; the patience with a reader that does not answer is not tried here.
      if (ms > 1_000) return () => {};
      pass();
      if (done.signal.aborted) return () => {};
      const timer = setImmediate(run);
      return () => clearImmediate(timer);
    },
  };
  const listener = {
    onOpen: () => traffic.watch(new Date(now)),
    onTold: () => traffic.told(new Date((now += 1_000))),
    onLine: (line: string, times: number) => traffic.add(line, times),
    onLost: (error: Error) => {
      throw error;
    },
  };
  try {
    await followAccessLog(engine, clock, listener, done.signal);
  } finally {
    rmSync(directory, { recursive: true });
  }
  const lines = LOOKS * LINES_PER_LOOK;
  const perSecond = lines / (after.seconds - before.seconds);
  const growth = after.heap - before.heap;
  const { handled, refused } = traffic.lines;
  return {
    work: `log lines handled, ${lines / 1e6} million`,
    yardstick: '-',
    measured: `${Math.round(perSecond / 1_000)},000/s of one core, ${growth.toFixed(1)} MB more than before`,
    bound: `at least ${LINES_PER_LOOK / 1_000},000/s, memory flat`,
    met:
      perSecond >= LINES_PER_LOOK &&
      growth <= GROWTH_BOUND_MB &&
      refused === 0 &&
      // Those of the first second are nobody’s.
      handled === (WARM_UP_LOOKS + LOOKS - 1) * LINES_PER_LOOK,
  };
}

/** Some of all kinds: answered, tried again, without an app. */
function logLine(index: number): string {
  const address = `172.18.0.${(index % 200) + 2}:8080`;
  const took = `${index % 100 === 0 ? 2 : 0}.${String(index % 300).padStart(3, '0')}`;
  if (index % 97 === 0) return ['', '-', '-', '404', '0.000', '-', '-'].join('\t');
  const app = `app-${index % APPS}`;
  if (index % 31 === 0) {
    const both = `172.18.1.2:8080, ${address}`;
    return [app, both, '502, 200', '200', took, `0.001, ${took}`, '-, 0.001'].join('\t');
  }
  return [app, address, '200', '200', took, took, '0.001'].join('\t');
}

function ownSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function secondsOf(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user = 0, system = 0] = rest.split(' ').slice(11, 13).map(Number);
  return (user + system) / TICKS_PER_SECOND;
}

/** What is in use once everything that nobody needs is gone. */
function heapMegabytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
