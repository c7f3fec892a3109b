import type { Installation } from './installation.ts';
import { median, type Row } from './row.ts';
import type { Yardstick } from './yardstick.ts';

const REPLICAS = 40;
const ROUNDS = 10;

/** From a manifest of 40 replicas in the folder to 40 running containers. */
export async function startForty(installation: Installation, yardstick: Yardstick): Promise<Row> {
  const raw: { concurrency: number; ms: number }[] = [];
  for (const concurrency of [2, 3, 4]) {
    raw.push({ concurrency, ms: await yardstick.start(REPLICAS, concurrency) });
    await yardstick.clear();
  }
  const best = raw.toSorted((a, b) => a.ms - b.ms)[0] ?? { concurrency: 0, ms: Number.NaN };
  const from = installation.events.seen.length;
  const begin = await installation.drop('forty', REPLICAS);
  const started = await installation.events.count(REPLICAS, from, ({ action }) => action === 'start');
  const ms = (started.at(-1)?.at ?? Number.NaN) - begin;
  return {
    work: `one app of ${REPLICAS} replicas, file dropped to ${REPLICAS} running`,
    yardstick: `${best.ms.toFixed(0)} ms: raw create and start, ${best.concurrency} at a time`,
    measured: `${ms.toFixed(0)} ms: ${(ms / best.ms).toFixed(2)} ×`,
    bound: 'at most 1.10 ×',
    met: ms <= 1.1 * best.ms,
  };
}

/** From a rename into the folder to the one running container. */
export async function startOne(installation: Installation, yardstick: Yardstick): Promise<Row> {
  const raw: number[] = [];
  const measured: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    raw.push(await yardstick.start(1, 1));
    const from = installation.events.seen.length;
    const begin = await installation.drop(`one-${round}`, 1);
    const event = await installation.events.next(from, ({ action }) => action === 'start');
    measured.push(event.at - begin);
  }
  await yardstick.clear();
  return rowOf('one app of 1, rename into the folder to running, median of 10', raw, measured, 150);
}

/** From the death of a container to its running replacement, each time of another instance. */
export async function replaceKilled(installation: Installation, yardstick: Yardstick): Promise<Row> {
  const raw: number[] = [];
  const measured: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    raw.push(await yardstick.start(1, 1));
    const from = installation.events.seen.length;
    const prefix = `one-${round}-0-`;
    const victim = installation.events.seen.findLast(
      ({ action, name }) => action === 'start' && name.startsWith(prefix),
    );
    if (!victim) throw new Error(`no container of one-${round} was seen`);
    await installation.docker.getContainer(victim.containerId).kill();
    const death = await installation.events.next(from, ({ action }) => action === 'die');
    const event = await installation.events.next(
      from,
      ({ action, name }) => action === 'start' && name.startsWith(prefix),
    );
    measured.push(event.at - death.at);
  }
  await yardstick.clear();
  return rowOf('container killed to replacement running, median of 10', raw, measured, 100);
}

function rowOf(work: string, raw: readonly number[], measured: readonly number[], allowance: number): Row {
  const base = median(raw);
  const ms = median(measured);
  return {
    work,
    yardstick: `${base.toFixed(0)} ms: raw create and start`,
    measured: `${ms.toFixed(0)} ms: ${ms >= base ? '+' : ''}${(ms - base).toFixed(0)} ms`,
    bound: `at most + ${allowance} ms`,
    met: ms <= base + allowance,
  };
}
