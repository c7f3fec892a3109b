import { expect } from 'chai';
import { SeededDatabase } from './seeded-database.ts';

describe('autoserve db, of old data', () => {
  const installation = new SeededDatabase();

  before(async () => {
    await installation.start();
    await installation.migrate();
    await installation.database.query(`
      INSERT INTO events (event_type, message, timestamp)
      SELECT 'error', 'm', now() - interval '100 days' FROM generate_series(1, 6000);
      INSERT INTO events (event_type, message, timestamp)
      SELECT 'error', 'm', now() - interval '40 days' FROM generate_series(1, 5000);
      INSERT INTO metrics (app_name, metric_type, value, timestamp) VALUES ('web', 'rps', 1, '2026-01-31T23:59:59Z');`);
  });

  after(() => installation.stop());

  it('archive moves metrics from before a date', async () => {
    const early = await installation.run('db', 'archive', '--before', '2026-01-31');
    expect(early.stdout).to.equal(
      '0 metrics from before 2026-01-31T00:00:00.000Z moved to metrics_archive\n',
    );
    const { code, stdout } = await installation.run(
      'db',
      'archive',
      '--before',
      '2026-02-01T01:00+01:00',
      '--table',
      'january',
    );
    expect([code, stdout]).to.deep.equal([
      0,
      '1 metrics from before 2026-02-01T00:00:00.000Z moved to january\n',
    ]);
    expect(await installation.database.query('SELECT app_name FROM january')).to.deep.equal([
      { app_name: 'web' },
    ]);
  });

  it('compress replaces old events by counts', async () => {
    expect((await installation.run('db', 'compress')).stdout).to.equal(
      '6000 events older than 90 days compressed\n',
    );
    expect((await installation.run('db', 'compress', '--days', '50')).stdout).to.match(/^0 events/);
  });

  it('cleanup removes all that is too old, however many batches it is', async () => {
    const { code, stdout } = await installation.run('db', 'cleanup');
    expect(code).to.equal(0);
    expect(stdout).to.match(/^TABLE +DELETED\nevents +5000\nmetrics \(instance\) +0\n/);
    const json = JSON.parse((await installation.run('db', 'cleanup', '-o', 'json')).stdout) as object[];
    expect(json[0]).to.deep.equal({ table_name: 'events', deleted_count: 0 });
  });

  const wrong: [args: string[], says: RegExp, code: number][] = [
    [['archive'], /required option '--before <date>'/, 2],
    [['archive', '--before', 'yesterday'], /"yesterday" is no date/, 2],
    [['archive', '--before', '2026-13-01'], /"2026-13-01" is no date/, 2],
    [
      ['archive', '--before', '2026-01-01', '--table', 'events'],
      /the table events is no archive of metrics/,
      1,
    ],
    [['compress', '--days', '0'], /"0" is no number of days/, 2],
    [['compress', '--days', '1.5'], /"1.5" is no number of days/, 2],
  ];
  for (const [args, says, code] of wrong)
    it(`refuses ${args.join(' ')}`, async () => {
      const run = await installation.run('db', ...args);
      expect(run.stderr).to.match(says);
      expect(run.code).to.equal(code);
    });
});
