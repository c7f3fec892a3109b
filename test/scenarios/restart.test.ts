import { expect } from 'chai';
import { eventually } from '../eventually.ts';
import { converged, gone } from './agreement.ts';
import { EngineWrites } from './engine-writes.ts';
import { useInstallation } from './hooks.ts';
import { manifestOf } from './manifest.ts';

const REPLICAS = 20;

describe('AutoServe that is ended and started again', function () {
  this.timeout(120_000);
  const installation = useInstallation();
  let writes: EngineWrites;

  before(async () => {
    writes = await EngineWrites.record(installation.docker, installation.id);
  });
  after(() => writes.close());

  it('by kill -9 at random moments of a start of 20 replicas creates each instance once', async () => {
    const app = installation.nameOf('many');
    await installation.put('many.yaml', manifestOf(app, { replicas: REPLICAS }));
    const ran = new Map<string, string>();
    const moments: number[] = [];
    for (let least = 0; least < REPLICAS; least = Math.max(least + 1, writes.of('create').length)) {
      // Anywhere in the next quarter of the start, the very next instance included.
      const moment = least + Math.floor((Math.random() * REPLICAS) / 4);
      moments.push(moment);
      await eventually(() => {
        expect(writes.of('create').length).to.be.at.least(Math.min(moment, REPLICAS));
      });
      await installation.end('SIGKILL');
      for (const { id, state, startedAt } of await installation.containers.list(app))
        if (state === 'running') ran.set(id, startedAt);
      await installation.start();
    }

    const note = `killed when ${moments.join(', ')} containers were created`;
    const containers = await converged(installation, app, REPLICAS);
    expect(writes.of('create'), note).to.have.length(REPLICAS);
    expect(writes.of('destroy'), note).to.deep.equal([]);
    expect(writes.of('start'), note).to.have.length(REPLICAS);
    const now = new Map(containers.map(({ id, startedAt }) => [id, startedAt]));
    for (const [id, startedAt] of ran) expect(now.get(id), note).to.equal(startedAt);
  });

  it('by SIGTERM exits 0, leaves its containers running, and adopts them without any engine write', async () => {
    const app = installation.nameOf('many');
    const before = await converged(installation, app, REPLICAS);
    const seen = writes.seen.length;

    expect(await installation.end('SIGTERM')).to.equal(0);
    expect(await installation.containers.list(app)).to.deep.equal(before);
    await installation.start();
    // What another app needed was done: the restarted loop has looked at everything.
    const other = installation.nameOf('other');
    await installation.put('other.yaml', manifestOf(other));
    await converged(installation, other, 1);

    expect(await converged(installation, app, REPLICAS)).to.deep.equal(before);
    const touched = writes.seen.slice(seen).filter(({ name }) => !name.startsWith(other));
    expect(touched).to.deep.equal([]);
  });

  it('does what the folder asked for while it was away', async () => {
    const [kept, scaled] = [installation.nameOf('other'), installation.nameOf('many')];
    const before = await converged(installation, kept, 1);
    await installation.end('SIGTERM');
    await installation.put('many.yaml', manifestOf(scaled, { replicas: 2 }));
    await installation.start();
    await converged(installation, scaled, 2);
    expect(await converged(installation, kept, 1)).to.deep.equal(before);
  });

  it('finishes a deletion that a kill -9 cut short', async () => {
    const app = installation.nameOf('many');
    const ended = writes.of('die').length;
    await installation.remove('many.yaml');
    await eventually(() => expect(writes.of('die')).to.have.length.above(ended));
    await installation.end('SIGKILL');
    await installation.start();
    await gone(installation, app);
  });
});

describe('A second AutoServe', () => {
  const installation = useInstallation();

  it('on the same data directory says which process has it and exits 1', async () => {
    const { code, stderr } = await installation.cli('up');
    expect(stderr)
      .to.match(/process \d+ uses the data directory/)
      .and.include(installation.dataDir);
    expect(code).to.equal(1);
  });

  it('on the same database and installation says which process has it and exits 1', async () => {
    const elsewhere = [
      '--database-url',
      await installation.databaseUrl(),
      '--data-dir',
      `${installation.dataDir}-2`,
    ];
    const { code, stderr } = await installation.cli('up', ...elsewhere);
    expect(stderr)
      .to.match(/process \d+\S* runs AutoServe for installation/)
      .and.include(installation.id);
    expect(code).to.equal(1);
  });
});
