import { expect } from 'chai';
import pino from 'pino';
import { RetentionController, type RetentionOptions } from '../../../src/controllers/retention/controller.ts';
import { Database } from '../../../src/store/database.ts';
import { defaultRetentionDays } from '../../../src/store/retention.ts';
import { eventually } from '../../eventually.ts';
import { createDatabase, type TestDatabase } from '../../postgres.ts';
import { VirtualClock } from '../../virtual-clock.ts';

const MINUTE = 60_000;

describe('RetentionController', () => {
  let own: TestDatabase;
  let database: Database;
  let clock: VirtualClock;
  let controller: RetentionController;
  let log: { level: number; msg: string }[];

  beforeEach(async () => {
    own = await createDatabase();
    database = new Database(own.url);
    clock = new VirtualClock(new Date());
    log = [];
  });
  afterEach(async () => {
    await controller.stop();
    await database.close();
    await own.drop();
  });

  function start(some: Partial<RetentionOptions> = {}): void {
    const write = (line: string) => void log.push(JSON.parse(line) as { level: number; msg: string });
    controller = new RetentionController({
      days: defaultRetentionDays,
      intervalMinutes: 60,
      pgCron: false,
      connection: database,
      clock,
      logger: pino({ level: 'info' }, { write }),
      ...some,
    });
    controller.start();
  }
  const rested = () => eventually(() => expect(clock.next).not.to.equal(null));
  const count = async (relation: string) =>
    (await database.query<{ count: number }>(`SELECT count(*) FROM ${relation}`))[0]?.count;
  const oldEvents = (rows: number) =>
    database.query(
      `INSERT INTO events (event_type, message, timestamp)
       SELECT 'error', 'm', now() - interval '3 days' FROM generate_series(1, ${rows})`,
    );

  it('makes the partitions of the days to come, and removes what is older than the configuration says', async () => {
    await oldEvents(3);
    start({ days: { ...defaultRetentionDays, events: 2 } });
    await rested();
    expect(await count('metrics_partitions()')).to.equal(12);
    expect(await count('events')).to.equal(0);
    expect(log).to.have.length(1);
    expect(log[0]).to.deep.include({ msg: 'removed old data', events: 3 });
  });

  it('does so again every interval, and says nothing when there was nothing', async () => {
    start({ days: { ...defaultRetentionDays, events: 2 }, intervalMinutes: 10 });
    await rested();
    await oldEvents(1);
    clock.advance(9 * MINUTE);
    expect(clock.next).not.to.equal(null);
    expect(await count('events')).to.equal(1);
    clock.advance(MINUTE);
    await rested();
    expect(await count('events')).to.equal(0);
    expect(log).to.have.length(1);
  });

  it('takes batches with a pause between them', async () => {
    await oldEvents(6_000);
    start({ days: { ...defaultRetentionDays, events: 2 } });
    await rested();
    expect(await count('events')).to.equal(1_000);
    clock.advance(1_000);
    await rested();
    expect(await count('events')).to.equal(0);
  });

  it('says that it could not, and tries again', async () => {
    await oldEvents(1);
    await database.query('ALTER TABLE operations RENAME TO away');
    start({ days: { ...defaultRetentionDays, events: 2 } });
    await rested();
    expect(log[0]).to.include({ level: 40 });
    expect(log[0]?.msg).to.match(/^could not remove old data; will try again: .*operations/);
    await database.query('ALTER TABLE away RENAME TO operations');
    clock.advance(MINUTE);
    await rested();
    expect(await count('events')).to.equal(0);
  });

  it('does nothing any more when it was stopped', async () => {
    start();
    await controller.stop();
    expect(clock.next).to.equal(null);
    start();
    await rested();
    await controller.stop();
    expect(clock.next).to.equal(null);
  });

  describe('that is to use pg_cron', () => {
    it('leaves the cleanup to it where it is there, as the document schedules it', async () => {
      // What of the extension is called; the server of the tests cannot load it.
      await database.query(`
        CREATE SCHEMA cron;
        CREATE TABLE cron.job (jobname text PRIMARY KEY, schedule text, command text);
        CREATE FUNCTION cron.schedule(job_name text, schedule text, command text) RETURNS bigint LANGUAGE sql AS $$
          INSERT INTO cron.job VALUES (job_name, schedule, command) ON CONFLICT (jobname) DO UPDATE SET command = EXCLUDED.command
          RETURNING 1::bigint
        $$;`);
      await oldEvents(1);
      start({ days: { ...defaultRetentionDays, events: 2 }, pgCron: true });
      await rested();
      expect(await database.query('SELECT * FROM cron.job')).to.deep.equal([
        { jobname: 'cleanup-old-data', schedule: '0 2 * * *', command: 'SELECT cleanup_old_data();' },
      ]);
      expect(await count('events')).to.equal(1);
      expect(await count('metrics_partitions()')).to.equal(12);
      await database.query('SELECT cleanup_old_data()');
      expect(await count('events')).to.equal(0);
    });

    it('does it itself where it is not, and says so once', async () => {
      await oldEvents(1);
      start({ days: { ...defaultRetentionDays, events: 2 }, pgCron: true });
      await rested();
      expect(await count('events')).to.equal(0);
      clock.advance(60 * MINUTE);
      await rested();
      expect(log.map(({ msg }) => msg)).to.deep.equal([
        'the database has no pg_cron: AutoServe removes old data itself',
        'removed old data',
      ]);
    });
  });
});
