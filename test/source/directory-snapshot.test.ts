import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import type { AutoServeError } from '../../src/error.ts';
import { DirectorySource } from '../../src/source/directory.ts';
import { textOf, tree } from './tree.ts';

async function failureOf(promise: Promise<unknown>): Promise<AutoServeError> {
  try {
    await promise;
  } catch (error) {
    return error as AutoServeError;
  }
  throw new Error('it did not fail');
}

describe('a snapshot of a DirectorySource', () => {
  let base: string;
  let folder: string;
  let source: DirectorySource;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'autoserve-source-'));
    folder = join(base, 'manifests');
    await mkdir(folder);
    source = new DirectorySource(folder, systemClock);
  });

  afterEach(() => rm(base, { recursive: true, force: true }));

  it('has every YAML and JSON file, in folders too, by its path', async () => {
    await tree(folder, { 'b.yml': 'b', 'a.yaml': 'a', 'team/shop/c.json': '{}' });
    const snapshot = await source.snapshot();
    expect(snapshot.revision).to.equal(null);
    expect(snapshot.files.map(({ path }) => path)).to.deep.equal(['a.yaml', 'b.yml', 'team/shop/c.json']);
  });

  it("leaves out hidden files, hidden folders, editors' copies and other files", async () => {
    await tree(folder, {
      'a.yaml': 'a',
      '.hidden.yaml': 'x',
      '.git/config.yaml': 'x',
      'a.yaml~': 'x',
      '.a.yaml.swp': 'x',
      '#a.yaml#': 'x',
      '~a.yaml': 'x',
      'a.yaml.tmp': 'x',
      'README.md': 'x',
    });
    expect(textOf(await source.snapshot())).to.deep.equal({ 'a.yaml': 'a' });
  });

  it('of an empty folder is empty', async () => {
    expect((await source.snapshot()).files).to.deep.equal([]);
  });

  it('of a missing folder is an error', async () => {
    const error = await failureOf(new DirectorySource(join(base, 'nowhere'), systemClock).snapshot());
    expect(error).to.include({ code: 'SourceUnreadable' });
    expect(error.message).to.include('nowhere');
  });

  it('of a file in the place of the folder is an error', async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, 'no folder');
    expect(await failureOf(source.snapshot())).to.include({ code: 'SourceUnreadable' });
  });

  it('of a link that leads nowhere, or to itself, is an error', async () => {
    await symlink('nowhere', join(base, 'dangling'));
    await symlink('circle', join(base, 'circle'));
    for (const name of ['dangling', 'circle']) {
      const error = await failureOf(new DirectorySource(join(base, name), systemClock).snapshot());
      expect(error).to.include({ code: 'SourceUnreadable' });
    }
  });

  it('ends although links lead back up, and reads each folder once', async () => {
    await tree(folder, { 'team/a.yaml': 'a' });
    await symlink('..', join(folder, 'team/up'));
    await symlink('team', join(folder, 'again'));
    const snapshot = await source.snapshot();
    expect(Object.values(textOf(snapshot))).to.deep.equal(['a']);
  });

  it('reports a file that cannot be read among good ones', async () => {
    await tree(folder, { 'a.yaml': 'a' });
    await symlink('nowhere', join(folder, 'b.yaml'));
    execFileSync('mkfifo', [join(folder, 'pipe.yaml')]);
    expect(textOf(await source.snapshot())).to.deep.equal({
      'a.yaml': 'a',
      'b.yaml': 'FileUnreadable',
      'pipe.yaml': 'FileUnreadable',
    });
  });

  it('reports a file and a folder whose names are not valid UTF-8', async () => {
    await tree(folder, { 'a.yaml': 'a' });
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from('caf\xe9.yaml', 'latin1')]), 'x');
    await mkdir(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from('\xe9t\xe9', 'latin1')]));
    expect(textOf(await source.snapshot())).to.deep.equal({
      'a.yaml': 'a',
      'caf\uFFFD.yaml': 'FileUnreadable',
      '\uFFFDt\uFFFD': 'FileUnreadable',
    });
  });

  it('reports a linked folder that is missing, for what it declared is unknown', async () => {
    await symlink('../team', join(folder, 'team'));
    expect(textOf(await source.snapshot())).to.deep.equal({ team: 'FileUnreadable' });
  });

  it('hands bytes out as they are, valid UTF-8 or not', async () => {
    await writeFile(join(folder, 'latin.yaml'), Buffer.from([0x61, 0xff, 0xfe]));
    const [file] = (await source.snapshot()).files;
    expect(file && 'bytes' in file && [...file.bytes]).to.deep.equal([0x61, 0xff, 0xfe]);
  });

  it('reads no more of a huge file than shows that it is too long', async () => {
    await writeFile(join(folder, 'huge.yaml'), Buffer.alloc(10 * 1024 * 1024, 'x'));
    const [file] = (await source.snapshot()).files;
    expect(file && 'bytes' in file && file.bytes.length).to.equal(1024 * 1024 + 1);
  });

  it('gives the same object for a file that did not change', async () => {
    await tree(folder, { 'a.yaml': 'a', 'b.yaml': 'b' });
    const before = await source.snapshot();
    await writeFile(join(folder, 'b.yaml'), 'B');
    const after = await source.snapshot();
    expect(after.files[0]).to.equal(before.files[0]);
    expect(after.files[1]).not.to.equal(before.files[1]);
  });

  it('waits for a file that is being written', async () => {
    const file = await open(join(folder, 'a.yaml'), 'w');
    await file.write('first half, ');
    const snapshot = source.snapshot();
    await file.write('second half');
    await file.close();
    expect(textOf(await snapshot)).to.deep.equal({ 'a.yaml': 'first half, second half' });
  });

  it('reports a file that does not stop being written, and hands out the others', async () => {
    await tree(folder, { 'a.yaml': 'a' });
    const path = join(folder, 'restless.yaml');
    await writeFile(path, 'x');
    const writing = setInterval(() => void appendFile(path, 'x'), 20);
    try {
      expect(textOf(await source.snapshot())).to.deep.equal({
        'a.yaml': 'a',
        'restless.yaml': 'FileUnsettled',
      });
    } finally {
      clearInterval(writing);
    }
  });
});
