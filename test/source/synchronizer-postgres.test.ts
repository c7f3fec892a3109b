import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { DirectorySource } from '../../src/source/directory.ts';
import { ManifestReader } from '../../src/source/manifest-reader.ts';
import { Synchronizer } from '../../src/source/synchronizer.ts';
import { Database } from '../../src/store/database.ts';
import { PostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { eventually } from '../eventually.ts';
import { useDatabase } from '../postgres.ts';
import { document } from './installation.ts';
import { tree } from './tree.ts';

const FULL = `image: web:1
  ports: [{containerPort: 80}]
  env: [{name: GREETING, value: "é \\" \\\\ \\t"}, {name: INSTANCE_IP, source: sdk, key: instance.ip}]
  resources: {cpu: 0.25, memory: 256Mi}
  volumes: [{name: data, mountPath: /data}]
  dependsOn: [db]`;

describe('Synchronizer with PostgreSQL', () => {
  const given = useDatabase();
  let folder: string;
  let database: Database;

  const newSynchronizer = (): Synchronizer =>
    new Synchronizer(
      new DirectorySource(folder, systemClock),
      new ManifestReader({
        policy: { allowHostPaths: [], allowedImages: [] },
        secretsDir: join(folder, '.secrets'),
        digestKey: 'key',
      }),
      new PostgresStore(database),
      systemClock,
    );

  /** Every row that a sync writes, with the transaction that wrote it. */
  const rows = (): Promise<object[][]> =>
    Promise.all([
      database.query('SELECT xmin::text, * FROM applications ORDER BY name'),
      database.query('SELECT xmin::text, * FROM manifests ORDER BY path'),
      database.query('SELECT xmin::text, * FROM events ORDER BY id'),
    ]);

  before(() => {
    database = new Database(given().url);
  });

  after(() => database.close());

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'autoserve-sync-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('finds nothing to do in what it wrote itself, whatever is in the files', async () => {
    await tree(folder, {
      'a.yaml': [document('web', FULL), document('db')].join('---\n'),
      'b.yaml': document('web', 'image: web:2'),
      'broken.yaml': 'apiVersion: v1\nkind: App\nmetadata: {name: mail}\nspec: {image: web:1, imge: x}\n',
      'garbage.yaml': 'a: [\n',
      'scalar.yaml': 'text',
    });
    await eventually(async () => expect((await newSynchronizer().sync()).recheckAt).to.equal(null));
    const written = await rows();
    expect(written.map(({ length }) => length)).to.deep.equal([2, 5, 6]);
    expect((await newSynchronizer().sync()).changed).to.deep.equal([]);
    expect(await rows()).to.deep.equal(written);
  });

  it('removes, holds and takes back as it does in memory', async () => {
    await tree(folder, { 'a.yaml': document('web'), 'b.yaml': document('db') });
    const synchronizer = newSynchronizer();
    await synchronizer.sync();
    await rm(join(folder, 'b.yaml'));
    expect((await synchronizer.sync()).changed).to.deep.equal(['db']);
    await tree(folder, { 'c.yaml': document('db') });
    expect((await synchronizer.sync()).changed).to.deep.equal(['db']);
    await rm(join(folder, 'a.yaml'));
    await rm(join(folder, 'c.yaml'));
    expect((await synchronizer.sync()).held).to.deep.equal(['db', 'web']);
    const stored = await database.query<{ name: string }>(
      'SELECT name, source_path, deletion_requested_at FROM applications ORDER BY name',
    );
    expect(stored).to.deep.equal([
      { name: 'db', source_path: 'c.yaml', deletion_requested_at: null },
      { name: 'web', source_path: 'a.yaml', deletion_requested_at: null },
    ]);
  });
});
