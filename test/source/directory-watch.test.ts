import { mkdir, mkdtemp, open, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import type { AutoServeError } from '../../src/error.ts';
import { DirectorySource } from '../../src/source/directory.ts';
import type { SourceWatch } from '../../src/source/source.ts';
import { eventually } from '../eventually.ts';
import { textOf, tree } from './tree.ts';

describe('a watch of a DirectorySource', () => {
  let base: string;
  let folder: string;
  let source: DirectorySource;
  let watch: SourceWatch | undefined;
  /** What the source was seen to hold, one item a change. */
  let seen: Record<string, string>[];
  let failures: AutoServeError[];

  /** Takes a snapshot on every change, as the sync does. */
  async function follow(path = folder): Promise<void> {
    source = new DirectorySource(path, systemClock);
    watch = source.watch(
      () =>
        void source.snapshot().then(
          (snapshot) => seen.push(textOf(snapshot)),
          () => undefined,
        ),
      (error) => failures.push(error),
    );
    await eventually(() => expect(seen.length + failures.length).to.be.greaterThan(0));
  }

  const eventuallySees = (files: Record<string, string>): Promise<unknown> =>
    eventually(() => expect(seen.at(-1)).to.deep.equal(files));

  /** Writes beside the folder and renames into it. */
  async function drop(path: string, text: string): Promise<void> {
    const written = join(base, 'written');
    await writeFile(written, text);
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await rename(written, join(folder, path));
  }

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'autoserve-source-'));
    folder = join(base, 'manifests');
    await mkdir(folder);
    source = new DirectorySource(folder, systemClock);
    seen = [];
    failures = [];
  });

  afterEach(async () => {
    await watch?.close();
    watch = undefined;
    await rm(base, { recursive: true, force: true });
  });

  it('reports a folder that nobody has read yet', async () => {
    await tree(folder, { 'a.yaml': 'a' });
    await follow();
    await eventuallySees({ 'a.yaml': 'a' });
  });

  it('sees a file renamed into place, replaced, and removed', async () => {
    await follow();
    await drop('a.yaml', 'one');
    await eventuallySees({ 'a.yaml': 'one' });
    await drop('a.yaml', 'two');
    await eventuallySees({ 'a.yaml': 'two' });
    await rm(join(folder, 'a.yaml'));
    await eventuallySees({});
  });

  it('sees a file of the same size and time in the place of another', async () => {
    await follow();
    for (const text of ['one', 'two']) {
      await writeFile(join(base, 'written'), text);
      await utimes(join(base, 'written'), 1, 1);
      await rename(join(base, 'written'), join(folder, 'a.yaml'));
      await eventuallySees({ 'a.yaml': text });
    }
  });

  it('shows a file written in two halves only when it is whole', async () => {
    await follow();
    const file = await open(join(folder, 'a.yaml'), 'w');
    await file.write('first half, ');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await file.write('second half');
    await file.close();
    await eventuallySees({ 'a.yaml': 'first half, second half' });
    expect(seen.map((files) => files['a.yaml'])).not.to.include('first half, ');
  });

  it('shows a file rewritten in place only when it is whole', async () => {
    await tree(folder, { 'a.yaml': 'old' });
    await follow();
    const file = await open(join(folder, 'a.yaml'), 'w');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await file.write('new');
    await file.close();
    await eventuallySees({ 'a.yaml': 'new' });
    expect(seen).to.deep.equal([{ 'a.yaml': 'old' }, { 'a.yaml': 'new' }]);
  });

  it('shows a file that moves within the folder as one change', async () => {
    await tree(folder, { 'a.yaml': 'a', 'b.yaml': 'b' });
    await follow();
    await rename(join(folder, 'a.yaml'), join(folder, 'c.yaml'));
    await eventuallySees({ 'b.yaml': 'b', 'c.yaml': 'a' });
    expect(seen.length).to.equal(2);
  });

  it('shows nothing when an editor replaces a file by way of removing it', async () => {
    await tree(folder, { 'a.yaml': 'a' });
    await follow();
    await rm(join(folder, 'a.yaml'));
    await writeFile(join(folder, 'a.yaml'), 'edited');
    await eventuallySees({ 'a.yaml': 'edited' });
    expect(seen).to.deep.equal([{ 'a.yaml': 'a' }, { 'a.yaml': 'edited' }]);
  });

  it('sees files in a folder made later, and in one moved in whole', async () => {
    await follow();
    await drop('team/a.yaml', 'a');
    await eventuallySees({ 'team/a.yaml': 'a' });
    await drop('team/a.yaml', 'A');
    await eventuallySees({ 'team/a.yaml': 'A' });
    await tree(join(base, 'other'), { 'deep/b.yaml': 'b' });
    await rename(join(base, 'other'), join(folder, 'other'));
    await eventuallySees({ 'other/deep/b.yaml': 'b', 'team/a.yaml': 'A' });
    await rm(join(folder, 'other'), { recursive: true });
    await eventuallySees({ 'team/a.yaml': 'A' });
  });

  it('sees 200 files dropped at once', async () => {
    await follow();
    const files = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`app-${i}.yaml`, `${i}`]));
    await tree(folder, files);
    await eventuallySees(files);
  });

  it('follows the link that git-sync swaps, and drops the old tree', async () => {
    await tree(base, { '.worktrees/1/apps/a.yaml': 'one', '.worktrees/2/apps/a.yaml': 'two' });
    await symlink('.worktrees/1', join(base, 'current'));
    await follow(join(base, 'current/apps'));
    await eventuallySees({ 'a.yaml': 'one' });
    await symlink('.worktrees/2', join(base, 'next'));
    await rename(join(base, 'next'), join(base, 'current'));
    await rm(join(base, '.worktrees/1'), { recursive: true });
    await eventuallySees({ 'a.yaml': 'two' });
    await writeFile(join(base, '.worktrees/2/apps/b.yaml'), 'b');
    await eventuallySees({ 'a.yaml': 'two', 'b.yaml': 'b' });
    expect(seen).not.to.deep.include({});
    expect(failures).to.deep.equal([]);
  });

  it('follows the hidden link that Kubernetes swaps inside the folder', async () => {
    await tree(folder, { '..1/a.yaml': 'one', '..2/a.yaml': 'two' });
    await symlink('..1', join(folder, '..data'));
    await symlink('..data/a.yaml', join(folder, 'a.yaml'));
    await follow();
    await eventuallySees({ 'a.yaml': 'one' });
    await symlink('..2', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await rm(join(folder, '..1'), { recursive: true });
    await eventuallySees({ 'a.yaml': 'two' });
  });

  it('follows a link to a folder elsewhere', async () => {
    await tree(base, { 'team/a.yaml': 'a' });
    await symlink('../team', join(folder, 'team'));
    await follow();
    await eventuallySees({ 'team/a.yaml': 'a' });
    await writeFile(join(base, 'team/a.yaml'), 'A');
    await eventuallySees({ 'team/a.yaml': 'A' });
  });

  it('reports a folder that vanishes once, and sees it when it is back', async () => {
    await tree(folder, { 'a.yaml': 'a' });
    await follow();
    await eventuallySees({ 'a.yaml': 'a' });
    await rename(folder, join(base, 'away'));
    await eventually(() => expect(failures.map(({ code }) => code)).to.deep.equal(['SourceUnreadable']));
    await rename(join(base, 'away'), folder);
    await eventually(() => expect(seen.length).to.equal(2));
    await drop('b.yaml', 'b');
    await eventuallySees({ 'a.yaml': 'a', 'b.yaml': 'b' });
    expect(seen).not.to.deep.include({});
  });

  it('watches a folder that was removed and made again at once', async () => {
    await tree(folder, { 'a.yaml': 'a' });
    await follow();
    await rm(folder, { recursive: true });
    await tree(folder, { 'a.yaml': 'made again' });
    await eventuallySees({ 'a.yaml': 'made again' });
    await drop('b.yaml', 'b');
    await eventuallySees({ 'a.yaml': 'made again', 'b.yaml': 'b' });
  });

  it('starts on a folder that does not exist yet', async () => {
    await rm(folder, { recursive: true });
    await follow();
    expect(failures.map(({ code }) => code)).to.deep.equal(['SourceUnreadable']);
    await mkdir(folder);
    await drop('a.yaml', 'a');
    await eventuallySees({ 'a.yaml': 'a' });
  });
});
