import { expect } from 'chai';
import { Outbox } from '../../../src/control/outbox.ts';
import { Roster } from '../../../src/control/roster.ts';
import { ScalingController } from '../../../src/controllers/scaling/controller.ts';
import { proportional } from '../../../src/controllers/scaling/proportional.ts';
import type { MetricSample } from '../../../src/store/metrics.ts';
import { MemoryDatabase } from '../../../src/store/memory/memory-database.ts';
import { MemoryStore } from '../../../src/store/memory/memory-store.ts';
import { changes, declaration } from '../../store/records.ts';
import { VirtualClock } from '../../virtual-clock.ts';
import { NOW, policyOf } from './inputs.ts';
import { sample } from './samples.ts';

const POLICY = policyOf({ maxReplicas: 9, targetRPSPerReplica: 10, cooldownSeconds: 0 });

describe('the scaler', () => {
  async function setUp(options: { observing?: boolean; routed?: boolean } = {}) {
    const clock = new VirtualClock(NOW);
    const database = new MemoryDatabase(
      () => clock.now(),
      () => 'uid',
    );
    const store = new MemoryStore(database);
    const spec = { type: 'http', ports: [{ containerPort: 80 }] };
    await store.applySync(
      changes({
        applications: [declaration('web', { root: { spec: { image: 'web:1', ...spec }, scaling: POLICY } })],
      }),
    );
    const roster = new Roster();
    /** What a pass of the loop does. */
    const look = async (): Promise<void> => {
      const { applications } = await store.loadWorld();
      const members = [
        { containerId: 'c', name: 'web-0', ip: '10.0.0.3', port: 80, ready: true, current: true },
      ];
      roster.update(applications.map((application) => [application.name, { application, members }]));
    };
    await look();
    const scaler = new ScalingController({
      algorithm: proportional,
      outbox: new Outbox(store, clock, {
        onReturn: () => undefined,
        onRefused: (error) => expect.fail(String(error)),
      }),
      clock,
      roster,
      observing: false,
      routed: true,
      last: [],
      samplesOf: () => metrics,
      onDecision: () => undefined,
      onChange: () => undefined,
      ...options,
    });
    return { clock, database, look, scaler };
  }
  const values = { rps: 30, latency_p95: 10, cpu_percent: 5, memory_percent: 5, active_connections: 1 };
  const metrics = Object.entries(values).map(
    ([type, value]): MetricSample => ({ ...sample(type, 0, value, 1), appName: 'web' }) as MetricSample,
  );
  const decisions = (database: MemoryDatabase): string[] =>
    database.scalingDecisions.map(({ decision, desiredReplicas }) => `${decision} ${desiredReplicas}`);

  it('records a change once, however long the loop takes to see it', async () => {
    const { clock, database, look, scaler } = await setUp();
    await scaler.evaluate();
    clock.advance(5_000);
    await scaler.evaluate();
    expect(decisions(database)).to.deep.equal(['scale_out 4']);
    expect(database.events.filter(({ reason }) => reason === 'ScaledOut')).to.have.length(1);
    await look();
    await scaler.evaluate();
    expect(decisions(database)).to.deep.equal(['scale_out 4', 'hold 4']);
  });

  it('decides nothing while nothing is to be carried out', async () => {
    const { database, scaler } = await setUp({ observing: true });
    await scaler.evaluate();
    expect(decisions(database)).to.deep.equal([]);
    expect(database.applications.get('web')?.scaledReplicas).to.equal(null);
  });

  it('waits for no requests where there is no ingress', async () => {
    const { database, scaler } = await setUp({ routed: false });
    await scaler.evaluate();
    const factors = database.scalingDecisions[0]?.inputs.factors ?? [];
    expect(Object.fromEntries(factors.map(({ metric, state }) => [metric, state]))).to.deep.equal({
      rps: 'inapplicable',
      latency: 'inapplicable',
      connection: 'inapplicable',
      cpu: 'measured',
      memory: 'measured',
    });
  });
});
