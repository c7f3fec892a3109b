import { expect } from 'chai';
import { eventually } from '../eventually.ts';
import { converged, eventsOf } from './agreement.ts';
import type { Container } from './containers.ts';
import { EngineWrites } from './engine-writes.ts';
import { useInstallation } from './hooks.ts';
import { HEALTH_CHECK, manifestOf } from './manifest.ts';

const REPLICAS = 3;
const GRACE_SECONDS = 2;
const IMPATIENT = { ...HEALTH_CHECK, timeoutSeconds: 2, failureThreshold: 2 };

describe('An instance', function () {
  this.timeout(90_000);
  const installation = useInstallation();
  const steady = installation.nameOf('steady');
  const flaky = installation.nameOf('flaky');
  const stubborn = installation.nameOf('stubborn');
  let flakies: Container[];

  before(async () => {
    await declare(steady);
    // One answer that comes late would be the second failure in a row.
    await declare(flaky, { HEALTH: 'flaky' }, {}, REPLICAS, { ...IMPATIENT, timeoutSeconds: 10 });
    await declare(
      stubborn,
      { IGNORE_SIGTERM: '1' },
      { termination: { drainSeconds: 1, gracePeriodSeconds: GRACE_SECONDS } },
    );
    flakies = await converged(installation, flaky, REPLICAS);
    for (const app of [steady, stubborn]) await converged(installation, app, REPLICAS);
  });

  for (const [word, failure] of [
    ['fails', '503, expected 200'],
    ['hangs', 'timed out after 2 s'],
  ] as const) {
    it(`whose health check ${word} is out of service, named, and replaced, and the others keep their processes`, async () => {
      const before = await converged(installation, steady, REPLICAS);
      const sick = before[1] as Container;
      await installation.containers.setHealth(sick.id, word === 'fails' ? 'fail' : 'hang');
      const after = await replaced(steady, [sick]);
      expect(after.filter(({ index }) => index !== 1)).to.deep.equal(
        before.filter(({ index }) => index !== 1),
      );
      const [change] = (await eventsOf(installation, 'HealthChanged', steady)).filter(
        ({ container_id: id }) => id === sick.id,
      );
      expect(change?.message).to.equal(`${sick.name} is unhealthy, 2 failed checks in a row: ${failure}`);
      const [replacement] = await eventsOf(installation, 'InstanceReplaced', steady);
      expect(replacement?.message).to.include(`${sick.name} failed its health check`);
    });
  }

  it('is replaced in its turn, one at a time, when the checks of all fail at once', async () => {
    const sick = await converged(installation, steady, REPLICAS);
    await Promise.all(sick.map(async ({ id }) => await installation.containers.setHealth(id, 'fail')));
    const fresh = await replaced(steady, sick);
    const stops = await installation.query<{ at: Date }>(
      `SELECT started_at AS at FROM operations
       WHERE kind = 'stopContainer' AND container_id IN (SELECT json_array_elements_text($1)) ORDER BY 1`,
      [JSON.stringify(sick.map(({ id }) => id))],
    );
    const healthy = await installation.query<{ at: Date }>(
      `SELECT health_since AS at FROM instance_status
       WHERE container_id IN (SELECT json_array_elements_text($1)) ORDER BY 1`,
      [JSON.stringify(fresh.map(({ id }) => id))],
    );
    expect(stops).to.have.length(REPLICAS);
    for (const [index, { at }] of stops.slice(1).entries())
      expect(at).to.be.above(healthy[index]?.at as Date);
  });

  it('whose health check fails every other time stays, for only failures in a row count', async () => {
    await eventually(async () => {
      const [row] = await installation.query<{ failures: number }>(
        'SELECT min(failure_count)::int AS failures FROM instance_status WHERE app_name = $1',
        [flaky],
      );
      expect(row?.failures).to.be.at.least(5);
    });
    expect(await converged(installation, flaky, REPLICAS)).to.deep.equal(flakies);
  });

  it('that ignores SIGTERM is killed when its grace period is over, and removed', async () => {
    const [, , last] = (await converged(installation, stubborn, REPLICAS)) as [
      Container,
      Container,
      Container,
    ];
    const container = installation.docker.getContainer(last.id);
    const writes = await EngineWrites.record(installation.docker, installation.id);
    const ended = container.wait();
    await declare(
      stubborn,
      { IGNORE_SIGTERM: '1' },
      { termination: { drainSeconds: 1, gracePeriodSeconds: GRACE_SECONDS } },
      2,
    );
    expect(await ended).to.deep.include({ StatusCode: 137 });
    await converged(installation, stubborn, 2);
    writes.close();
    const [asked, killed, ...others] = writes.of('kill').filter(({ id }) => id === last.id);
    expect([asked?.signal, killed?.signal, ...others]).to.deep.equal(['15', '9']);
    expect((killed?.ms ?? 0) - (asked?.ms ?? 0)).to.be.at.least(GRACE_SECONDS * 1000);
  });

  async function declare(
    app: string,
    env: Record<string, string> = {},
    spec: Record<string, unknown> = {},
    replicas = REPLICAS,
    healthCheck: Record<string, unknown> = IMPATIENT,
  ): Promise<void> {
    await installation.put(`${app}.yaml`, manifestOf(app, { replicas, env, spec, healthCheck }));
  }

  async function replaced(app: string, victims: readonly Container[]): Promise<Container[]> {
    const ids = victims.map(({ id }) => id);
    return await eventually(async () => {
      const containers = await converged(installation, app, REPLICAS);
      for (const { id } of containers) expect(ids).not.to.include(id);
      return containers;
    });
  }
});
