import { expect } from 'chai';
import { Database, isUnavailable } from '../../src/store/database.ts';
import { compressOldEvents } from '../../src/store/old-events.ts';
import type { TestDatabase } from '../postgres.ts';
import { servers } from '../servers.ts';
import { endWhileInserting } from './stopped-midway.ts';

/** More than two batches. */
const MANY = 25_000;

for (const server of servers)
  describe(`old events on ${server.name}`, () => {
    let own: TestDatabase;
    let database: Database;

    beforeEach(async () => {
      own = await server.createDatabase();
      database = new Database(own.url);
    });
    afterEach(async () => {
      await database.close();
      await own.drop();
    });

    const insert = (values: string) =>
      database.query(
        `INSERT INTO events (event_type, app_name, severity, message, timestamp) VALUES ${values}`,
      );
    const compressed = () =>
      database.query(
        `SELECT hour_bucket, app_name, event_type, event_count, severity_counts, sample_messages
         FROM events_compressed ORDER BY hour_bucket, app_name, event_type`,
      );
    const total = async () => {
      const [row] = await database.query<{ left: number; counted: number }>(
        `SELECT (SELECT count(*) FROM events) AS left,
                (SELECT COALESCE(sum(event_count), 0)::bigint FROM events_compressed) AS counted`,
      );
      return row ?? { left: 0, counted: 0 };
    };

    it('become counts of each hour, application and type, with the last five messages', async () => {
      await insert(
        [
          ...[1, 2, 3, 4, 5, 6, 7].map(
            (n) => `('health', 'web', 'info', 'm${n}', '2026-01-01T12:0${n}:00Z')`,
          ),
          "('health', 'web', 'error', 'm3', '2026-01-01T12:59:59Z')",
          "('health', 'web', 'info', 'next hour', '2026-01-01T13:00:00Z')",
          "('error', 'web', 'info', 'another type', '2026-01-01T12:00:00Z')",
          "('health', 'api', 'info', 'another app', '2026-01-01T12:00:00Z')",
          "('health', NULL, 'info', 'of all', '2026-01-01T12:00:00Z')",
          "('health', NULL, 'warning', 'of all', '2026-01-01T12:00:00Z')",
          "('health', 'web', 'info', 'recent', now() - interval '89 days')",
        ].join(', '),
      );
      expect(await compressOldEvents(database)).to.equal(13);
      const twelve = new Date('2026-01-01T12:00:00Z');
      const bucket = (
        appName: string | null,
        type: string,
        counts: Record<string, number>,
        messages: string[],
      ) => ({
        hour_bucket: twelve,
        app_name: appName,
        event_type: type,
        event_count: Object.values(counts).reduce((sum, count) => sum + count, 0),
        severity_counts: counts,
        sample_messages: messages,
      });
      expect(await compressed()).to.deep.equal([
        bucket('api', 'health', { info: 1 }, ['another app']),
        bucket('web', 'error', { info: 1 }, ['another type']),
        bucket('web', 'health', { info: 7, error: 1 }, ['m3', 'm7', 'm6', 'm5', 'm4']),
        bucket(null, 'health', { info: 1, warning: 1 }, ['of all']),
        {
          ...bucket('web', 'health', { info: 1 }, ['next hour']),
          hour_bucket: new Date('2026-01-01T13:00:00Z'),
        },
      ]);
      expect(await database.query('SELECT message FROM events')).to.deep.equal([{ message: 'recent' }]);
      expect(await compressOldEvents(database)).to.equal(0);
    });

    it('are added to what their hour has already', async () => {
      await insert(
        "('health', NULL, 'info', 'first', '2026-01-01T12:00:00Z'), ('health', NULL, 'error', 'second', '2026-01-01T12:01:00Z')",
      );
      await compressOldEvents(database);
      await insert(
        [2, 3, 4, 5, 6]
          .map((n) => `('health', NULL, 'info', '${n === 3 ? 'first' : n}', '2026-01-01T12:0${n}:00Z')`)
          .join(', '),
      );
      await compressOldEvents(database);
      expect(await compressed()).to.deep.equal([
        {
          hour_bucket: new Date('2026-01-01T12:00:00Z'),
          app_name: null,
          event_type: 'health',
          event_count: 7,
          severity_counts: { info: 6, error: 1 },
          sample_messages: ['6', '5', '4', 'first', '2'],
        },
      ]);
    });

    it('go by hours of UTC, whatever the time zone of the session', async () => {
      await database.query(
        `ALTER DATABASE ${new URL(own.url).pathname.slice(1)} SET timezone = 'Asia/Kathmandu'`,
      );
      await database.close();
      database = new Database(own.url);
      await insert("('health', 'web', 'info', 'm', '2026-01-01T12:20:00Z')");
      await compressOldEvents(database);
      expect((await compressed())[0]).to.deep.include({ hour_bucket: new Date('2026-01-01T12:00:00Z') });
    });

    it('are as immutable as they were', async () => {
      for (const statement of [
        'UPDATE events_compressed SET event_count = 1',
        'DELETE FROM events_compressed',
        'TRUNCATE events_compressed',
      ])
        expect(await database.query(statement).catch((error: Error) => error.message)).to.match(
          /audit trail/,
        );
    });

    for (const row of [1, 7, 30, 60])
      it(`are all there or counted when the connection ends at bucket ${row}, and once it went on`, async () => {
        await database.query(
          `INSERT INTO events (event_type, app_name, message, timestamp)
           SELECT 'health', 'app-' || i % 5, 'm' || i % 100, timestamptz '2026-01-01Z' + i * interval '2 seconds'
           FROM generate_series(1, ${MANY}) i`,
        );
        const thrown = await endWhileInserting(database, 'events_compressed', row, () =>
          compressOldEvents(database, 30),
        );
        expect(isUnavailable(thrown), String(thrown)).to.equal(true);
        const { left, counted } = await total();
        expect(left + counted).to.equal(MANY);
        expect(await compressOldEvents(database, 30)).to.equal(left);
        expect(await total()).to.deep.equal({ left: 0, counted: MANY });
      });

    it('are counted once when two compress at a time', async () => {
      await database.query(
        `INSERT INTO events (event_type, message, timestamp)
         SELECT 'health', 'm', timestamptz '2026-01-01Z' + i * interval '2 seconds' FROM generate_series(1, ${MANY}) i`,
      );
      const counts = await Promise.all([1, 2].map(() => compressOldEvents(database, 30)));
      expect((counts[0] ?? 0) + (counts[1] ?? 0)).to.equal(MANY);
      expect(await total()).to.deep.equal({ left: 0, counted: MANY });
    });
  });
