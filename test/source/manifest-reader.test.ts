import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { AutoServeError } from '../../src/error.ts';
import { ManifestReader, PENDING_MS } from '../../src/source/manifest-reader.ts';
import { document, NOW } from './installation.ts';

const SECRET = 'image: web:1\n  env: [{name: PASSWORD, source: secret, key: db, field: password}]';

describe('ManifestReader', () => {
  let secretsDir: string;
  let reader: ManifestReader;

  const fileOf = (text: string, ageMs?: number) => ({
    path: 'a.yaml',
    bytes: Buffer.from(text),
    modifiedAt: ageMs === undefined ? null : new Date(NOW.getTime() - ageMs),
  });

  beforeEach(async () => {
    secretsDir = await mkdtemp(join(tmpdir(), 'autoserve-secrets-'));
    const policy = { allowHostPaths: [], allowedImages: ['web:*'] };
    reader = new ManifestReader({ policy, secretsDir, digestKey: 'key' });
  });

  afterEach(() => rm(secretsDir, { recursive: true, force: true }));

  it('parses a file that stays as it is once', () => {
    const file = fileOf(document('web'));
    expect(reader.read(file, NOW).apps[0]?.app).to.equal(reader.read(file, NOW).apps[0]?.app);
  });

  it('reads secrets anew each time: another value is another spec hash, and none of it is shown', async () => {
    const file = fileOf(document('web', SECRET));
    await mkdir(join(secretsDir, 'db'));
    await writeFile(join(secretsDir, 'db/password'), 'hunter2');
    const before = reader.read(file, NOW);
    await writeFile(join(secretsDir, 'db/password'), 'correct horse');
    const after = reader.read(file, NOW);
    expect(after.apps[0]?.specHash).to.not.equal(before.apps[0]?.specHash);
    expect(JSON.stringify([before, after])).to.not.match(/hunter2|correct horse/);
  });

  it('warns of a secret that is missing', () => {
    const { apps, diagnostics } = reader.read(fileOf(document('web', SECRET)), NOW);
    expect(apps[0]).to.include({ secretsMissing: true });
    expect(diagnostics.map(({ message }) => message).join()).to.include('secret db/password of app "web"');
    expect(diagnostics.every(({ severity }) => severity === 'warning')).to.equal(true);
  });

  it('takes what the policy refuses for an error, and none of the file for declared', () => {
    const { apps, declaredNames, diagnostics } = reader.read(
      fileOf([document('web'), document('db', 'image: evil:1')].join('---\n')),
      NOW,
    );
    expect(apps).to.deep.equal([]);
    expect(declaredNames).to.deep.equal(['web', 'db']);
    expect(diagnostics.find(({ severity }) => severity === 'error')).to.include({ file: 'a.yaml', line: 9 });
  });

  it('takes what cannot be read for an error that names the remedy', () => {
    const error = new AutoServeError('FileUnreadable', 'cannot read a.yaml', { remedy: 'make it readable' });
    const parsed = reader.read({ path: 'a.yaml', error }, NOW);
    expect(parsed).to.deep.include({ contentHash: '', apps: [], pendingUntil: null });
    expect(parsed.diagnostics[0]?.message)
      .to.include('cannot read a.yaml')
      .and.to.include('make it readable');
  });

  const ages: { says: string; text: string; ageMs?: number; pending: boolean }[] = [
    { says: 'a file with errors that was just written', text: 'a: [', ageMs: 10, pending: true },
    { says: 'an empty file that was just written', text: '', ageMs: 10, pending: true },
    {
      says: 'a file with errors that was written a while ago',
      text: 'a: [',
      ageMs: PENDING_MS,
      pending: false,
    },
    { says: 'a file with errors of unknown age', text: 'a: [', pending: false },
    { says: 'a file with errors from the future', text: 'a: [', ageMs: -5000, pending: false },
    { says: 'a good file that was just written', text: document('web'), ageMs: 10, pending: false },
  ];
  for (const { says, text, ageMs, pending } of ages) {
    it(`${pending ? 'gives time to' : 'judges'} ${says}`, () => {
      const until = pending ? NOW.getTime() + PENDING_MS - 10 : undefined;
      expect(reader.read(fileOf(text, ageMs), NOW).pendingUntil?.getTime()).to.equal(until);
    });
  }
});
