import { expect } from 'chai';
import {
  ledgerEntry,
  memoryAfterRestart,
  recordedInput,
  type LedgerEntry,
} from '../../src/controllers/scaling/ledger.ts';
import { proportional } from '../../src/controllers/scaling/proportional.ts';
import { Database } from '../../src/store/database.ts';
import { insertMetrics, type MetricSample, type MetricType } from '../../src/store/metrics.ts';
import { PostgresStore } from '../../src/store/postgres/postgres-store.ts';
import {
  recordScaling,
  lastScalingDecisions,
  listRecordedLoads,
  listScalingDecisions,
} from '../../src/store/scaling.ts';
import { inputOf, NOW, type InputChanges } from '../controllers/scaling/inputs.ts';
import { useDatabase } from '../postgres.ts';
import { applicationOf } from './contract/host.ts';
import { changes, declaration } from './records.ts';

const UID = '6a0b8bb6-3a5a-4d6f-9c0c-1f0c7f6d1a11';

/** The evaluation so many seconds after `NOW`. */
function entry(name: string, seconds: number, some: InputChanges = {}, uid = UID): LedgerEntry {
  const input = inputOf({ ...some, now: new Date(NOW.getTime() + seconds * 1_000) });
  return ledgerEntry({ name, uid }, input, proportional(input));
}

const OUT = { values: { rps: 400 }, policy: { maxScaleOutStep: 3 } };

describe('what the database keeps of scaling', () => {
  const testDatabase = useDatabase();
  let database: Database;

  before(() => {
    database = new Database(testDatabase().url);
  });
  beforeEach(async () => {
    await database.query('TRUNCATE scaling_decisions, metrics');
  });
  after(async () => await database.close());

  describe('the ledger', () => {
    it('gives back what was written, so that it can be decided again', async () => {
      const written = [entry('web', 0, OUT), entry('web', 5, { values: { cpu: null } })];
      await recordScaling(database, written);
      const read = await listScalingDecisions(database, 'web', { limit: 10 });
      expect(read).to.deep.equal(written.toReversed());
      const [, out] = read;
      expect(out && proportional(recordedInput(out))).to.include({ desired: 5, reason: 'RPSAboveThreshold' });
    });

    it('can be asked with SQL for clamps and inputs', async () => {
      await recordScaling(database, [entry('web', 0, OUT)]);
      const [row] = await database.query(
        `SELECT inputs #>> '{policy,maxReplicas}' AS max, clamps FROM scaling_decisions
         WHERE 'ScaleOutStep' = ANY (clamps)`,
      );
      expect(row).to.deep.equal({ max: '10', clamps: ['ScaleOutStep'] });
    });

    it('shows the latest first, of one application, or changes alone', async () => {
      const hold = { values: { rps: 30 } };
      await recordScaling(database, [
        entry('web', 0, OUT),
        entry('web', 5, hold),
        entry('web', 10, hold),
        entry('api', 15, OUT),
      ]);
      expect(await listScalingDecisions(database, 'web')).to.deep.equal([entry('web', 10, hold)]);
      const changed = await listScalingDecisions(database, 'web', { changesOnly: true, limit: 10 });
      expect(changed).to.deep.equal([entry('web', 0, OUT)]);
      expect(await listScalingDecisions(database, "web' OR true --", { limit: 10 })).to.deep.equal([]);
    });

    it('writes nothing when there is nothing', async () => {
      await recordScaling(database, []);
      expect(await database.query('SELECT FROM scaling_decisions')).to.deep.equal([]);
    });

    it('tells after a restart how each application ended, not its predecessors of that name', async () => {
      const store = new PostgresStore(database);
      await store.applySync(changes({ applications: [declaration('web'), declaration('api')] }));
      const { uid } = await applicationOf(store, 'web');
      const slow = { values: { rps: 30, latency: 400 } };
      await recordScaling(database, [
        entry('web', 0, OUT, uid),
        entry('web', 5, slow, uid),
        entry('web', 10, OUT),
        entry('gone', 10, OUT),
      ]);
      const last = await lastScalingDecisions(database);
      expect(last).to.deep.equal([entry('web', 5, slow, uid)]);
      expect(memoryAfterRestart(last[0]).slow).to.deep.equal({ revision: 1, replicas: 2, arriving: 60 });
    });
  });

  describe('recorded load', () => {
    let start: number;
    beforeEach(() => {
      start = Math.floor((Date.now() - 120_000) / 15_000) * 15_000;
    });
    const sample = (metricType: MetricType, seconds: number, value: number, ready = 2): MetricSample => ({
      appName: 'web',
      metricType,
      timestamp: new Date(start + seconds * 1_000),
      value,
      labels: { ready: String(ready), measured: String(ready) },
      unit: null,
      aggregationLevel: 'app',
    });

    it('has totals of requests, connections and cpu, and what latency and memory were', async () => {
      await insertMetrics(database, [
        ...[10, 20, 60].map((value, index) => sample('rps', 5 * index, value)),
        ...[40, 50].map((value, index) => sample('cpu_percent', 5 * index, value, index + 1)),
        ...[20, 900, 30].map((value, index) => sample('latency_p95', 5 * index, value)),
        sample('active_connections', 0, 7),
        sample('memory_percent', 14, 33),
        sample('rps', 15, 80),
      ]);
      expect(await listRecordedLoads(database, 'web', 300)).to.deep.equal([
        { at: new Date(start), rps: 30, cpu: 70, connections: 7, memory: 33, latencyP95Ms: 30 },
        {
          at: new Date(start + 15_000),
          rps: 80,
          cpu: null,
          connections: null,
          memory: null,
          latencyP95Ms: null,
        },
      ]);
    });

    it('is that of the application, as far back as is asked', async () => {
      await insertMetrics(database, [
        sample('rps', -3_600, 1),
        sample('rps', 0, 2),
        { ...sample('rps', 0, 50), aggregationLevel: 'instance' },
        { ...sample('rps', 0, 50), appName: 'api' },
        sample('disk_usage', 0, 50),
      ]);
      const rps = async (seconds: number): Promise<(number | null)[]> =>
        (await listRecordedLoads(database, 'web', seconds)).map((load) => load.rps);
      expect(await rps(300)).to.deep.equal([2]);
      expect(await rps(7_200)).to.deep.equal([1, 2]);
    });
  });
});
