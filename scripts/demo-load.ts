/** `npm run demo -- --load`: makes an app in mode auto scale out and in again, and shows what happens and why. */
import { setTimeout } from 'node:timers/promises';
import { followApp, followEvents, LiveTable, print, tableLines, type AppRow } from './demo-status.ts';
import type { Place } from './demo-next.ts';
import { sendLoad } from './load.ts';

/** As many instances as the load is meant for. */
const BUSY = 3;
const LOAD_SECONDS = 35;
const DEADLINE_SECONDS = 118;
const POLL_MS = 200;

/**
 * @param app one of type http
 * @param port of the ingress, on 127.0.0.1
 */
export async function showScaling(
  { name, spec: { scaling } }: AppRow,
  place: Place,
  port: number,
): Promise<void> {
  const { minReplicas, targetRPSPerReplica } = scaling;
  const perSecond = BUSY * targetRPSPerReplica;
  const url = `http://${place.host}:${port}${place.path}`;
  const began = Date.now();
  const seconds = (): number => Math.round((Date.now() - began) / 1_000);
  const table = new LiveTable();
  const ended = new AbortController();
  let row: AppRow | undefined;
  let sending = `${perSecond} requests/s`;
  let most = 0;
  const isBack = (): boolean => row?.replicas === minReplicas && row.desired_replicas === minReplicas;
  const show = (): void =>
    table.show(tableLines([name], row ? [row] : []).map((line) => `${line.padEnd(32)}${sending}`));

  console.log(
    `${perSecond} requests a second go to ${url} for ${LOAD_SECONDS} s; ${targetRPSPerReplica} are one instance's target.`,
  );
  followApp(name, ended.signal, (latest) => {
    row = latest;
    most = Math.max(most, latest.replicas);
    show();
  });
  followEvents(name, ended.signal, (event) => {
    if (event.source === 'scaler' && Date.parse(event.timestamp) >= began)
      table.note(`  after ${seconds()} s  ${event.message}`);
  });
  try {
    const { served, failures } = await sendLoad({ port, ...place, perSecond, seconds: LOAD_SECONDS });
    sending = 'no load';
    show();
    table.note(`\n${served} requests were served, ${failures.length} were not. npx autoserve why ${name}:`);
    table.note((await print('why', name)).trimEnd().replaceAll(/^/gm, '  ') + '\n');
    while (!isBack()) {
      if (seconds() > DEADLINE_SECONDS) throw new Error(`${name} did not come back to ${minReplicas}`);
      await setTimeout(POLL_MS);
    }
    if (most === minReplicas) throw new Error(`${name} did not scale out`);
  } finally {
    ended.abort();
  }
  console.log(`\n${name} went from ${minReplicas} to ${most} instances and back in ${seconds()} s.\n`);
}
