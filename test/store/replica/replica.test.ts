import { expect } from 'chai';
import { Database } from '../../../src/store/database.ts';
import { Reader } from '../../../src/store/replica/reader.ts';
import { Replica } from '../../../src/store/replica/replica.ts';
import type { Finding } from '../../../src/store/replica/standby.ts';
import { DistributionServer } from '../../distribution-postgres.ts';
import { eventually } from '../../eventually.ts';

describe('a replica', function () {
  this.timeout(120_000);
  let primary: DistributionServer;
  let standby: DistributionServer;
  let database: Database;
  const replicas: Replica[] = [];

  before(async () => {
    primary = await DistributionServer.start();
    standby = await primary.standby();
    await standby.begin();
    database = new Database(primary.url());
    await database.query('CREATE TABLE notes (text text)');
  });
  afterEach(async () => {
    for (const replica of replicas.splice(0)) await replica.close();
  });
  after(async () => {
    await database.close();
    await standby.remove();
    await primary.remove();
  });

  function open(options: { url?: string; maxLagSeconds?: number } = {}): {
    replica: Replica;
    reader: Reader;
    changes: Finding[];
  } {
    const changes: Finding[] = [];
    const replica = new Replica({
      url: standby.url(),
      maxLagSeconds: 10,
      primary: database,
      onChange: (finding) => changes.push(finding),
      ...options,
    });
    replicas.push(replica);
    return { replica, reader: new Reader(database, replica), changes };
  }

  const readsFrom = async (reader: Reader) => {
    const [row] = await reader.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
    return row?.standby === true ? 'replica' : 'primary';
  };
  const troubles = (changes: Finding[]) =>
    changes.map((finding) => (finding.usable ? 'back' : finding.trouble));
  const write = async () => await database.query("INSERT INTO notes VALUES ('written')");

  it('is read as the settings say: by name, read-only, in repeatable reads, three connections at least', async () => {
    const { replica, reader, changes } = open();
    await replica.look();
    expect(await readsFrom(reader)).to.equal('replica');
    const [row] = await reader.query(
      `SELECT current_setting('application_name') AS name, current_setting('jit') AS jit,
              current_setting('transaction_isolation') AS isolation, current_setting('statement_timeout') AS timeout`,
    );
    expect(row).to.deep.equal({
      name: 'autoserve_controller_read',
      jit: 'off',
      isolation: 'repeatable read',
      timeout: '1min',
    });
    await eventually(async () => {
      const connections = "SELECT FROM pg_stat_activity WHERE application_name = 'autoserve_controller_read'";
      expect((await standby.query(connections)).length).to.be.at.least(3);
    });
    const refused = await reader.query("INSERT INTO notes VALUES ('x')").catch((error: Error) => error);
    expect(refused).to.have.property('code', '25006');
    expect(replica.inUse).to.equal(true);
    expect(changes).to.deep.equal([]);
  });

  it('that is missing at the start is reported once, and taken when it comes', async () => {
    await standby.end();
    const { replica, reader, changes } = open();
    await replica.look();
    await replica.look();
    expect(await readsFrom(reader)).to.equal('primary');
    expect(troubles(changes)).to.deep.equal(['unreachable']);
    replica.watch();
    await standby.begin();
    await eventually(async () => expect(await readsFrom(reader)).to.equal('replica'));
    expect(troubles(changes)).to.deep.equal(['unreachable', 'back']);
  });

  it('that dies is left by the query that finds it dead, which the primary answers', async () => {
    const { replica, reader, changes } = open();
    await replica.look();
    expect(await readsFrom(reader)).to.equal('replica');
    await standby.end();
    expect(await readsFrom(reader)).to.equal('primary');
    expect(troubles(changes)).to.deep.equal(['unreachable']);
    await standby.begin();
    await eventually(async () => {
      await replica.look();
      expect(await readsFrom(reader)).to.equal('replica');
    });
    expect(troubles(changes)).to.deep.equal(['unreachable', 'back']);
  });

  it('that stands still is left, and whoever waited for it is answered by the primary', async () => {
    const { replica, reader, changes } = open();
    await replica.look();
    expect(await readsFrom(reader)).to.equal('replica');
    await standby.pause();
    try {
      const asked = readsFrom(reader);
      await replica.look();
      expect(await asked).to.equal('primary');
      expect(troubles(changes)).to.deep.equal(['unreachable']);
    } finally {
      await standby.resume();
    }
    await eventually(async () => {
      await replica.look();
      expect(await readsFrom(reader)).to.equal('replica');
    });
  });

  it('that lags is left beyond the limit and taken back when it has caught up', async () => {
    const { replica, reader, changes } = open({ maxLagSeconds: 0.5 });
    await replica.look();
    await standby.query('SELECT pg_wal_replay_pause()');
    await write();
    await eventually(async () => {
      await replica.look();
      expect(await readsFrom(reader)).to.equal('primary');
    });
    await replica.look();
    expect(troubles(changes)).to.deep.equal(['lagging']);
    await standby.query('SELECT pg_wal_replay_resume()');
    await eventually(async () => {
      await replica.look();
      expect(await readsFrom(reader)).to.equal('replica');
    });
    expect(troubles(changes)).to.deep.equal(['lagging', 'back']);
  });

  it('that lost its primary lags, though it has read all it got', async () => {
    const { replica, reader, changes } = open({ maxLagSeconds: 0.5 });
    await replica.look();
    const [source] = await standby.query<{ primary_conninfo: string }>('SHOW primary_conninfo');
    await standby.query("ALTER SYSTEM SET primary_conninfo = ''");
    await standby.query('SELECT pg_reload_conf()');
    await eventually(async () =>
      expect(await standby.query('SELECT FROM pg_stat_wal_receiver')).to.have.length(0),
    );
    await write();
    await eventually(async () => {
      await replica.look();
      expect(await readsFrom(reader)).to.equal('primary');
    });
    expect(troubles(changes)).to.deep.equal(['lagging']);
    const conninfo = String(source?.primary_conninfo).replaceAll("'", "''");
    await standby.query(`ALTER SYSTEM SET primary_conninfo = '${conninfo}'`);
    await standby.query('SELECT pg_reload_conf()');
    await eventually(async () => {
      await replica.look();
      expect(await readsFrom(reader)).to.equal('replica');
    });
  });

  it('does not lag while nothing is written, however long ago the last commit was', async () => {
    await write();
    const age = 'SELECT EXTRACT(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp()) > 0.2 AS old';
    await eventually(async () => expect(await standby.query(age)).to.deep.equal([{ old: true }]));
    const { replica, reader } = open({ maxLagSeconds: 0.1 });
    await replica.look();
    expect(await readsFrom(reader)).to.equal('replica');
  });

  it('goes on to be read while the primary is away', async () => {
    const { replica, reader } = open();
    await replica.look();
    await primary.end();
    try {
      await replica.look();
      expect(await readsFrom(reader)).to.equal('replica');
    } finally {
      await primary.begin();
    }
  });

  it('is not the primary itself, nor a copy of another database cluster', async () => {
    const { replica, changes } = open({ url: primary.url() });
    await replica.look();
    expect(troubles(changes)).to.deep.equal(['no standby']);

    const other = await DistributionServer.start();
    const stranger = new Database(other.url());
    try {
      const foreign = new Replica({
        url: standby.url(),
        maxLagSeconds: 10,
        primary: stranger,
        onChange: (finding) => changes.push(finding),
      });
      replicas.push(foreign);
      await foreign.look();
      expect(troubles(changes)).to.deep.equal(['no standby', 'standby of another']);
    } finally {
      await stranger.close();
      await other.remove();
    }
  });

  it('whose query stood in the way of what the primary removed leaves that query to the primary', async () => {
    await standby.query('ALTER SYSTEM SET max_standby_streaming_delay = 0');
    await standby.query('SELECT pg_reload_conf()');
    const { replica, reader, changes } = open();
    await replica.look();
    await write();
    await eventually(async () => expect(await standby.query('SELECT FROM notes')).not.to.have.length(0));
    const reading = reader.query<{ standby: boolean }>(
      'SELECT pg_is_in_recovery() AS standby, pg_sleep(CASE WHEN pg_is_in_recovery() THEN 60 END) FROM notes LIMIT 1',
    );
    await eventually(async () => {
      const sleeping =
        "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND wait_event = 'PgSleep'";
      expect(await standby.query(sleeping)).to.have.length(1);
    });
    await database.transaction(async (connection) => {
      await connection.query('TRUNCATE notes');
      await connection.query("INSERT INTO notes VALUES ('after')");
    });
    expect((await reading).map(({ standby: isStandby }) => isStandby)).to.deep.equal([false]);
    expect(replica.inUse).to.equal(true);
    expect(changes).to.deep.equal([]);
  });
});
