import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { appendFile, chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { eventually } from './eventually.ts';

const INSTALLED = '/usr/lib/postgresql';

const SETTINGS = {
  listen_addresses: "'127.0.0.1'",
  unix_socket_directories: "''",
  shared_buffers: '16MB',
  fsync: 'off',
  wal_level: 'replica',
  max_wal_senders: '4',
  shared_preload_libraries: 'pg_stat_statements',
  timezone: "'UTC'",
};

/** The oldest PostgreSQL that the distribution installed; scripts/postgres.sh sees that there is one. */
export function distributionVersion(): string {
  const versions = existsSync(INSTALLED)
    ? readdirSync(INSTALLED).filter((version) => existsSync(join(INSTALLED, version, 'bin', 'initdb')))
    : [];
  versions.sort((a, b) => Number(a) - Number(b));
  if (!versions[0]) throw new Error('there is no PostgreSQL of the distribution: scripts/postgres.sh');
  return versions[0];
}

/** PostgreSQL refuses to run as root. */
function account(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres']));
  return { uid: id('-u'), gid: id('-g') };
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const path = join(INSTALLED, distributionVersion(), 'bin', program);
  await promisify(execFile)(path, args, { cwd: '/', env: { LC_ALL: 'C.UTF-8' }, ...account() });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server of the distribution's PostgreSQL that a test can stop, pause and make standbys of. */
export class DistributionServer {
  readonly directory: string;
  readonly port: number;
  #process: ChildProcess | undefined;

  private constructor(directory: string, port: number) {
    this.directory = directory;
    this.port = port;
  }

  /** A new server that takes connections. */
  static async start(): Promise<DistributionServer> {
    const server = await DistributionServer.#make();
    await run('initdb', ['-D', server.directory, '-U', 'postgres', '-A', 'trust', '--locale=C.UTF-8', '-N']);
    const settings = Object.entries(SETTINGS).map(([name, value]) => `${name} = ${value}\n`);
    await appendFile(join(server.directory, 'postgresql.conf'), settings.join(''));
    await server.begin();
    return server;
  }

  static async #make(): Promise<DistributionServer> {
    const directory = await mkdtemp(join(tmpdir(), 'autoserve-test-server-'));
    const owner = account();
    if (owner) await chown(directory, owner.uid, owner.gid);
    return new DistributionServer(directory, await freePort());
  }

  /** A streaming standby of this server, not running yet. */
  async standby(): Promise<DistributionServer> {
    const standby = await DistributionServer.#make();
    const source = ['-h', '127.0.0.1', '-p', String(this.port), '-U', 'postgres'];
    await run('pg_basebackup', [
      ...source,
      '-D',
      standby.directory,
      '-R',
      '-X',
      'stream',
      '-c',
      'fast',
      '-N',
    ]);
    return standby;
  }

  url(database = 'postgres'): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts the server; resolves when it takes connections. */
  async begin(): Promise<void> {
    const program = join(INSTALLED, distributionVersion(), 'bin', 'postgres');
    this.#process = spawn(program, ['-D', this.directory, '-p', String(this.port)], {
      cwd: '/',
      env: { LC_ALL: 'C.UTF-8' },
      stdio: 'ignore',
      ...account(),
    });
    await eventually(async () => await this.query('SELECT 1'));
  }

  /** Ends the server and its connections; what is committed stays. */
  async end(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return;
    child.kill('SIGINT');
    if (child.exitCode === null) await once(child, 'exit');
  }

  /** Every process of it stands still: connections stay and nothing answers. */
  async pause(): Promise<void> {
    await this.#signal('SIGSTOP');
  }

  async resume(): Promise<void> {
    await this.#signal('SIGCONT');
  }

  async query<Row extends pg.QueryResultRow>(sql: string, database?: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async remove(): Promise<void> {
    await this.end();
    await rm(this.directory, { recursive: true });
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    const pid = this.#process?.pid ?? 0;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    for (const id of [pid, ...children.trim().split(' ').map(Number)]) process.kill(id, signal);
  }
}
