import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { AutoServeError } from '../../../src/error.ts';
import { embeddedUrl } from '../../../src/store/embedded/address.ts';
import { EmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts';
import { isPostmaster } from '../../../src/store/embedded/postmaster.ts';
import { eventually } from '../../eventually.ts';

const RUN = join(import.meta.dirname, 'run.ts');

describe('EmbeddedPostgres', () => {
  let directory: string;
  let running: EmbeddedPostgres | undefined;
  const reports: string[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'autoserve-embedded-'));
    reports.length = 0;
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
    await rm(directory, { recursive: true });
  });

  async function start(): Promise<EmbeddedPostgres> {
    running = await EmbeddedPostgres.start(directory, (message) => reports.push(message));
    return running;
  }

  async function query(url: string, sql: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  const codeOf = async (work: Promise<unknown>) =>
    await work.catch((error: unknown) => (error instanceof AutoServeError ? error.code : error));

  const mode = async (...path: string[]) => (await stat(join(directory, ...path))).mode & 0o777;

  it('serves on loopback, with a password, in files that are nobody else’s', async () => {
    const { url } = await start();
    expect(await query(url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    expect(await query(url, 'SHOW listen_addresses')).to.deep.equal([{ listen_addresses: '127.0.0.1' }]);
    expect(await query(url, 'SHOW unix_socket_directories')).to.deep.equal([{ unix_socket_directories: '' }]);
    const guess = Object.assign(new URL(url), { password: 'guess' }).href;
    expect(await query(guess, 'SELECT 1').catch((error: Error) => error.message)).to.match(/password/);
    expect(await mode('postgres')).to.equal(0o700);
    expect(await mode('database.json')).to.equal(0o600);
    expect(await mode('postgres.log')).to.equal(0o600);
    expect(await mode('postgres', 'autoserve.password')).to.equal(0o600);
  });

  it('keeps its data and its URL from one start to the next', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE kept AS SELECT 7 AS seven');
    await first.stop();
    const second = await start();
    expect(second.url).to.equal(first.url);
    expect(await query(second.url, 'SELECT seven FROM kept')).to.deep.equal([{ seven: 7 }]);
  });

  it('is found by other commands while it runs', async () => {
    expect(await codeOf(embeddedUrl(directory))).to.equal('DatabaseNotRunning');
    expect(await codeOf(embeddedUrl(join(directory, 'never-made')))).to.equal('DatabaseNotRunning');
    const embedded = await start();
    expect(await embeddedUrl(directory)).to.equal(embedded.url);
    await embedded.stop();
    const error = await embeddedUrl(directory).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(AutoServeError).with.property('remedy').that.includes('autoserve up');
  });

  it('takes over the server that a killed AutoServe left over', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', RUN, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [printed] = (await once(child.stdout, 'data')) as [Buffer];
    const pid = Number(printed.toString());
    child.kill('SIGKILL');
    await once(child, 'exit');
    const embedded = await start();
    expect(embedded.pid).to.equal(pid);
    expect(await query(embedded.url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    await embedded.stop();
    expect(isPostmaster(pid, join(directory, 'postgres'))).to.equal(false);
  });

  for (const victim of ['its main process', 'all of its processes'])
    it(`is started again when somebody kills ${victim}, with what was committed`, async () => {
      const { url, pid } = await start();
      await query(url, 'CREATE TABLE kept AS SELECT 7 AS seven');
      process.kill(victim === 'its main process' ? pid : -pid, 'SIGKILL');
      await eventually(async () => {
        expect(running?.pid).not.to.be.oneOf([0, pid]);
        expect(await query(url, 'SELECT seven FROM kept')).to.deep.equal([{ seven: 7 }]);
      });
      expect(reports[0]).to.match(/died and is started again/);
      expect(await embeddedUrl(directory)).to.equal(url);
    });

  it('is started again, too, when it was taken over before', async () => {
    const first = await EmbeddedPostgres.start(directory, () => {});
    const { pid } = await start();
    expect(pid).to.equal(first.pid);
    process.kill(pid, 'SIGKILL');
    await eventually(async () => {
      expect(running?.pid).not.to.be.oneOf([0, pid]);
      expect(await query(running?.url ?? '', 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    });
    await first.stop();
  });

  it('starts over a stale postmaster.pid that names a process of something else', async () => {
    const { url } = await start();
    await running?.stop();
    const cluster = join(directory, 'postgres');
    const { uid, gid } = await stat(cluster);
    const other = spawn('sleep', ['600'], { uid, gid });
    const stale = [other.pid, cluster, 1, 5432, '', '127.0.0.1', '1 1', 'ready   '];
    await writeFile(join(cluster, 'postmaster.pid'), `${stale.join('\n')}\n`);
    expect(await codeOf(embeddedUrl(directory))).to.equal('DatabaseNotRunning');
    expect((await start()).url).to.equal(url);
    other.kill();
  });

  it('moves to another port when its own was taken meanwhile', async () => {
    const first = await start();
    await first.stop();
    const port = Number(new URL(first.url).port);
    const thief = createServer().listen(port, '127.0.0.1');
    await once(thief, 'listening');
    const second = await start();
    expect(second.url).not.to.equal(first.url);
    expect(await query(second.url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    thief.close();
  });

  it('says what the server said when it does not start', async () => {
    await (await start()).stop();
    await writeFile(join(directory, 'postgres', 'postgresql.auto.conf'), "shared_buffers = 'plenty'\n");
    const error = await EmbeddedPostgres.start(directory, () => {}).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(AutoServeError).with.property('code', 'EmbeddedPostgresFailed');
    expect(String(error)).to.match(/invalid value for parameter "shared_buffers"/);
    running = undefined;
  });

  it('runs through a symbolic link to its directory', async () => {
    const link = `${directory}.link`;
    await symlink(directory, link);
    running = await EmbeddedPostgres.start(link, () => {});
    expect(await embeddedUrl(directory)).to.equal(running.url);
    await rm(link);
  });

  if (process.getuid?.() === 0)
    it('says as root which directory keeps the server out', async () => {
      const closed = join(directory, 'closed');
      await mkdir(closed, { mode: 0o700 });
      const error = await EmbeddedPostgres.start(join(closed, 'data'), () => {}).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.be.instanceOf(AutoServeError).with.property('code', 'DataDirectoryUnreachable');
      expect(String(error)).to.include(`cannot enter ${directory}`);
    });
});
