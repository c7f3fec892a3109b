import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listenForCommands } from '../../src/store/command.ts';
import { eventually } from '../eventually.ts';
import { readInstallation, writeWhereabouts } from '../../src/store/installation.ts';
import { changes, deletion, manifestRecord } from '../store/records.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { condition, event, instance, SeededDatabase } from './seeded-database.ts';

describe('autoserve wait, get --watch and sync', () => {
  const installation = new SeededDatabase();
  const folder = temporaryFolder();

  before(async () => {
    await installation.start();
    await installation.migrate();
  });

  after(() => installation.stop());

  /** A file with an unknown field, and the apps that it is known to be about. */
  async function reject(path: string, apps: string[], line: number): Promise<void> {
    const errors = [{ line, column: 1, message: 'unknown field "x"' }];
    await installation.store.applySync(
      changes({ manifests: [manifestRecord(path, { status: 'error', apps, errors })] }),
    );
  }

  it('waits for ready: 0 at once, 124 in time, 1 for a rejected manifest', async () => {
    const shop = await installation.declare('shop', 2);
    const cart = await installation.declare('cart', 2);
    await installation.report('shop', shop, 2, [condition('Ready', true, 'AllReady', '2 of 2 ready')]);
    await installation.report('cart', cart, 1, [
      condition('Ready', false, 'CrashLoop', 'cart-1-r1-1 exited 1'),
    ]);
    expect(await installation.run('wait', 'app/shop', '--for=ready')).to.deep.include({
      code: 0,
      stdout: 'app/shop ready, 2 of 2 instances\n',
    });
    const late = await installation.run('wait', 'app/cart', '--timeout', '100ms');
    expect(late.code).to.equal(124);
    expect(late.stderr).to.contain('error: app/cart is not ready after 100ms: cart-1-r1-1 exited 1');
    expect(late.stderr).to.contain('autoserve describe app cart');

    await installation.declare('bad', 1);
    await reject('bad.yaml', ['bad'], 3);
    const failed = await installation.run('wait', 'app/bad');
    expect(failed.code).to.equal(1);
    expect(failed.stderr).to.contain('app/bad: its manifest is rejected: bad.yaml:3 unknown field "x"');
  });

  it('waits until AutoServe has read what is in the file now, where it can be seen', async () => {
    const uid = await installation.declare('edited', 2);
    await installation.report('edited', uid, 2, [condition('Ready', true, 'AllReady', '2 of 2 ready')]);
    const file = join(folder.path, 'edited.yaml');
    const text = 'as it is now';
    await writeFile(file, text);
    await readInstallation(installation.database, null);
    await writeWhereabouts(installation.database, { ingressPort: null, manifests: folder.path });
    const early = await installation.run('wait', 'app/edited', '--timeout', '100ms');
    expect(early).to.include({ code: 124 });
    expect(early.stderr).to.contain(`AutoServe has not read ${file} as it is now\n  autoserve get manifests`);
    const contentHash = createHash('sha256').update(text).digest('hex');
    await installation.store.applySync(
      changes({ manifests: [manifestRecord('edited.yaml', { apps: ['edited'], contentHash })] }),
    );
    expect(await installation.run('wait', 'app/edited')).to.include({ code: 0 });
    await rm(file);
    expect(await installation.run('wait', 'app/edited')).to.include({ code: 0 });
  });

  it('tells of a rejected manifest while nothing declares what it waits for', async () => {
    await reject('first.yaml', [], 2);
    const late = await installation.run('wait', 'app/first', '--timeout', '100ms');
    expect(late.code).to.equal(124);
    expect(late.stderr).to.contain(
      'error: app/first is not ready after 100ms: is not declared, but a manifest is rejected: ' +
        'first.yaml:2 unknown field "x"\n  autoserve validate\n',
    );
    for (const command of [
      ['get', 'app'],
      ['describe', 'app'],
      ['history', 'app'],
      ['pause', 'app'],
    ])
      expect(await installation.refused(...command, 'first')).to.equal(
        'error: app "first" not found; a rejected manifest may be meant to declare it: first.yaml:2 unknown field "x"\n' +
          '  autoserve validate\n',
      );
  });

  it('notices at once that what it waits for has come', async () => {
    const uid = await installation.declare('late', 2);
    const waiting = installation.begin('wait', 'app/late', '--timeout', '1m');
    await eventually(() => expect(waiting.stderr).to.contain('app/late: '));
    await installation.report('late', uid, 2, [condition('Ready', true, 'AllReady', '2 of 2 ready')]);
    expect(await waiting.ended()).to.include({ code: 0, stdout: 'app/late ready, 2 of 2 instances\n' });
  });

  it('is not content with what an AutoServe left that runs no more', async () => {
    const uid = await installation.declare('left', 2);
    await installation.report('left', uid, 2, [condition('Ready', true, 'AllReady', '2 of 2 ready')]);
    await installation.endActing();
    const waiting = installation.begin('wait', 'app/left', '--timeout', '1m');
    await eventually(() => expect(waiting.stderr).to.contain('app/left: no AutoServe runs'));
    await installation.beginActing();
    expect(await waiting.ended()).to.include({ code: 0 });
  });

  it('says while it waits, and when the time is over, that no AutoServe runs', async () => {
    await installation.declare('idle', 2);
    await installation.endActing();
    const [ready, deleted] = await Promise.all([
      installation.run('wait', 'app/idle', '--timeout', '100ms'),
      installation.run('wait', 'app/idle', '--for', 'deleted', '--timeout', '100ms'),
    ]);
    await installation.beginActing();
    const reason = 'generation 1 has not been acted on yet; no AutoServe runs';
    expect(ready.stderr).to.equal(
      `app/idle: ${reason}\nerror: app/idle is not ready after 100ms: ${reason}\n  autoserve up\n`,
    );
    expect(deleted.stderr).to.contain('is still declared by idle.yaml; no AutoServe runs\n  autoserve up\n');
  });

  it('waits until an app is deleted', async () => {
    const uid = await installation.declare('old', 1);
    const waiting = installation.begin('wait', 'app/old', '--for', 'deleted');
    await eventually(() => expect(waiting.stderr).to.contain('app/old: is still declared by old.yaml'));
    await installation.store.applySync(deletion('old'));
    await installation.store.deleteApplication('old', uid, event('old', 'ApplicationDeleted', 'gone'));
    expect(await waiting.ended()).to.include({ code: 0, stdout: 'app/old deleted\n' });
  });

  it('watches: a JSON line for each row that changed, and for one that is gone', async () => {
    const uid = await installation.declare('seen', 2);
    const watching = installation.begin('get', 'app', 'seen', '--watch', '-o', 'json');
    const rows = (): Record<string, unknown>[] =>
      watching.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    await eventually(() => expect(rows()).to.have.length(1));
    await installation.report('seen', uid, 2, []);
    await eventually(() => expect(rows().at(-1)).to.include({ name: 'seen', replicas: 2 }));
    await installation.store.applySync(deletion('seen'));
    await eventually(() =>
      expect(rows().at(-1)).to.have.property('deletion_requested_at').that.is.a('string'),
    );
    await installation.store.deleteApplication('seen', uid, event('seen', 'ApplicationDeleted', 'gone'));
    await eventually(() => expect(rows().at(-1)).to.include({ name: 'seen', deleted: true }));
    expect(rows()).to.have.length(4);
    watching.kill();
    await watching.ended();
  });

  it('says once, beside the rows, that what is to be watched is not there, and waits for it', async () => {
    const watching = [
      ['get', 'app', 'fresh', '--watch', '-o', 'name'],
      ['top', 'fresh', '--watch', '-o', 'name'],
      ['get', 'metrics', 'fresh', '--watch', '-o', 'name'],
      ['events', '--follow', '--app', 'fresh', '-o', 'name'],
    ].map((command) => installation.begin(...command));
    const told =
      'app "fresh" not found; a rejected manifest may be meant to declare it: first.yaml:2 unknown field "x"; ' +
      'waiting for it\n';
    await eventually(() =>
      expect(watching.map(({ stderr }) => stderr)).to.deep.equal(watching.map(() => told)),
    );
    expect(watching.map(({ stdout }) => stdout)).to.deep.equal(['', '', '', '']);
    await installation.declare('fresh', 1);
    await installation.store.writeStatus([], [instance('fresh', 0)]);
    await installation.store.appendEvents([event('fresh', 'InstanceStarted', 'fresh-0-r1-1 started')]);
    await eventually(() => {
      const [app, usage, , events] = watching.map(({ stdout }) => stdout);
      expect(app).to.equal('app/fresh\n');
      expect(usage).to.contain('fresh-0-r1-1\n');
      expect(events).to.match(/^event\/\d+\n/);
    });
    for (const command of watching) command.kill();
    const ended = await Promise.all(watching.map(async (command) => await command.ended()));
    expect(ended.map(({ stderr }) => stderr)).to.deep.equal(ended.map(() => told));
  });

  it('confirms a removal that is held, when the running AutoServe acts on it', async () => {
    const none = { code: 0, stdout: '', stderr: 'no removal is held\n' };
    expect(await installation.run('sync', '--confirm-prune')).to.deep.equal(none);

    const uid = await installation.declare('held', 2);
    await installation.report('held', uid, 2, [condition('Synced', false, 'PruneHeld', 'held')]);
    const listening = listenForCommands(installation.url, () => {
      void installation.store.applySync(deletion('held'));
    });
    await eventually(async () => {
      const sql = "SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%command%'";
      expect(await installation.database.query(sql)).to.have.length(1);
    });
    const { code, stdout } = await installation.run('sync', '--confirm-prune');
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'app/held is being removed\n' });
    await listening.close();
  });
});
