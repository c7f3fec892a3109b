import { expect } from 'chai';
import pg from 'pg';
import { AutoServeError } from '../../src/error.ts';
import { Database } from '../../src/store/database.ts';
import { InstallationLock, LOCK_CLASS } from '../../src/store/installation-lock.ts';
import { readInstallation, readWhereabouts, writeWhereabouts } from '../../src/store/installation.ts';
import { eventually } from '../eventually.ts';
import { useDatabase } from '../postgres.ts';

const HOLDERS = `SELECT pid FROM pg_stat_activity JOIN pg_locks USING (pid)
  WHERE datname = current_database() AND locktype = 'advisory' AND granted`;
const WAITING = `SELECT FROM pg_locks JOIN pg_database d ON d.oid = pg_locks.database
  WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted`;

describe('the installation', () => {
  const testDatabase = useDatabase();
  let database: Database;

  before(() => {
    database = new Database(testDatabase().url);
  });
  after(async () => await database.close());

  it('is made once and stays, unless it is given', async () => {
    const made = await readInstallation(database, null);
    expect(made.id).to.match(/^[0-9a-f]{8}$/);
    expect(made.secretDigestKey).to.match(/^[0-9a-f]{64}$/);
    expect(await readInstallation(database, null)).to.deep.equal(made);
    expect(await readInstallation(database, 'shop')).to.deep.equal({ ...made, id: 'shop' });
    expect(await readInstallation(database, null)).to.deep.equal({ ...made, id: 'shop' });
  });

  it('tells what is watched, and where the ingress is or that there is none', async () => {
    expect(await readWhereabouts(database)).to.deep.equal({ ingressPort: null, manifests: null });
    for (const ingressPort of [8080, null, 8081]) {
      await writeWhereabouts(database, { ingressPort, manifests: '/srv/apps' });
      expect(await readWhereabouts(database)).to.deep.equal({ ingressPort, manifests: '/srv/apps' });
    }
  });

  describe('its lock', () => {
    const take = (installation: string, onLost: (error: AutoServeError) => void = () => {}) =>
      InstallationLock.take(testDatabase().url, installation, onLost);
    const holders = async () => (await database.query<{ pid: number }>(HOLDERS)).map(({ pid }) => pid);

    it('refuses a second controller of the same installation, and names the first', async () => {
      const lock = await take('one');
      const other = await take('two');
      const refusal = await take('one').catch((error: unknown) => error);
      expect(refusal).to.be.instanceOf(AutoServeError).with.property('code', 'InstallationBusy');
      expect(String(refusal)).to.include(`process ${process.pid}@`);
      await lock.release();
      await (await take('one')).release();
      await other.release();
    });

    it('is waited for while its holder, just killed, is still connected', async () => {
      const lock = await take('one');
      const successor = take('one');
      await lock.release();
      await (await successor).release();
    });

    it('is taken again when its connection was lost', async () => {
      const lock = await take('one', (error) => {
        throw error;
      });
      const [first] = await holders();
      await database.query('SELECT pg_terminate_backend(?)', [first ?? 0]);
      await eventually(async () => {
        const [second] = await holders();
        expect(second).to.be.a('number').that.does.not.equal(first);
      });
      await lock.release();
      await eventually(async () => expect(await holders()).to.deep.equal([]));
    });

    it('is lost to a controller that takes it while the connection is away', async () => {
      const { url } = testDatabase();
      const lost: AutoServeError[] = [];
      const lock = await InstallationLock.take(url, 'one', (error) => lost.push(error), 0);
      const [first] = await holders();
      const rival = new pg.Client({ connectionString: url, application_name: 'rival' });
      await rival.connect();
      // Who waits in the server gets the lock at the moment when it is let go.
      const taken = rival.query("SELECT pg_advisory_lock($1, hashtext('one'))", [LOCK_CLASS]);
      await eventually(async () => expect(await database.query(WAITING)).to.have.length(1));
      await database.query('SELECT pg_terminate_backend(?)', [first ?? 0]);
      await taken;
      await eventually(() => expect(lost.map(({ code }) => code)).to.deep.equal(['InstallationBusy']));
      await lock.release();
      await rival.end();
    });
  });
});
