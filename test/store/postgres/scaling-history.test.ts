import { expect } from 'chai';
import { Database } from '../../../src/store/database.ts';
import { useDatabase } from '../../postgres.ts';

describe('the view scaling_history', () => {
  const testDatabase = useDatabase();

  it('is the decisions that changed a count, the latest first', async () => {
    const database = new Database(testDatabase().url);
    try {
      await database.query(`
        INSERT INTO scaling_decisions
          (app_name, app_uid, evaluated_at, current_replicas, desired_replicas, decision, reason, inputs, clamps)
        SELECT 'web', gen_random_uuid(), '2026-01-01'::timestamptz + n * interval '1 minute', 2, 2 + change,
               decision, 'HighCPU', '{"cpu_percent": 91}', '{maxReplicas}'
        FROM (VALUES (1, 1, 'scale_out'), (2, 0, 'hold'), (3, -1, 'scale_in')) d (n, change, decision)`);
      const rows = await database.query<Record<string, unknown>>('SELECT * FROM scaling_history');
      expect(rows.map(({ decision, desired_replicas: desired }) => [decision, desired])).to.deep.equal([
        ['scale_in', 1],
        ['scale_out', 3],
      ]);
      expect(rows[0]).to.deep.include({
        app_name: 'web',
        inputs: { cpu_percent: 91 },
        clamps: ['maxReplicas'],
      });
    } finally {
      await database.close();
    }
  });
});
