import Docker from 'dockerode';
import { DockerDaemon } from '../test/scenarios/docker-daemon.ts';
import { metricsRows } from './database.ts';
import { idle } from './idle.ts';
import { ingressRows } from './ingress.ts';
import { Installation } from './installation.ts';
import { convergedPass } from './pass.ts';
import { logLines } from './log-lines.ts';
import { metricsPass } from './metrics.ts';
import { queryRows } from './queries.ts';
import { replaceKilled, startForty, startOne } from './replicas.ts';
import { swarmRows } from './rollouts.ts';
import { printRows, type Row } from './row.ts';
import { Yardstick } from './yardstick.ts';

/** Measures what the project promises, each figure beside its yardstick; exits 1 when one is missed. */
async function main(): Promise<void> {
  const docker = new Docker();
  const yardstick = new Yardstick(docker);
  const rows: Row[] = [];
  const add = (row: Row): void => {
    rows.push(row);
    console.error(`${row.work}: ${row.measured} (${row.yardstick})`);
  };
  add(await convergedPass());
  await queryRows(add);
  await metricsRows(add);
  add(await logLines());
  add(await metricsPass(docker));
  await ingressRows(docker, add);
  if (DockerDaemon.isPossible()) await swarmRows(add);
  await yardstick.setUp();
  try {
    await within(docker, 'latency', async (installation) => {
      add(await startOne(installation, yardstick));
      add(await replaceKilled(installation, yardstick));
    });
    await within(docker, 'forty', async (installation) => {
      add(await startForty(installation, yardstick));
      add(await idle(installation, 40));
    });
  } finally {
    await yardstick.tearDown();
  }
  printRows(rows);
  process.exitCode = rows.every(({ met }) => met) ? 0 : 1;
}

async function within(
  docker: Docker,
  name: string,
  measure: (installation: Installation) => Promise<void>,
): Promise<void> {
  const installation = await Installation.start(docker, `bench-${name}-${process.pid}`);
  try {
    await measure(installation);
  } finally {
    await installation.stop();
  }
}

await main();
