import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ledgerEntry } from '../../src/controllers/scaling/ledger.ts';
import { proportional } from '../../src/controllers/scaling/proportional.ts';
import { inputOf, type InputChanges } from '../controllers/scaling/inputs.ts';
import { condition, SeededDatabase } from './seeded-database.ts';
import { temporaryFolder } from './temporary-folder.ts';

const BUSY = { rps: 92, latency: 120, cpu: 40, memory: 31.26, connection: 12 };
const ready = condition('Ready', true, 'AllReady', '2 of 2 ready');

describe('autoserve why and scale', () => {
  const installation = new SeededDatabase();
  const folder = temporaryFolder();

  before(async () => {
    await installation.start();
    await installation.migrate();
  });
  after(() => installation.stop());

  /** An evaluation, so many seconds ago. */
  const evaluated = async (name: string, uid: string, secondsAgo: number, some: InputChanges) => {
    const input = inputOf({ ...some, now: new Date(Date.now() - secondsAgo * 1_000) });
    await installation.store.recordScaling([ledgerEntry({ name, uid }, input, proportional(input))]);
  };
  describe('why', () => {
    let uid: string;

    before(async () => {
      uid = await installation.declare('shop', { maxReplicas: 10 });
    });

    it('says that nothing was evaluated yet', async () => {
      expect(await installation.said('why', 'shop')).to.equal(`
shop has 1 instance and was not evaluated yet
allowed: 1 to 10
`);
    });

    it('shows the metrics beside their targets, the last change, and what would change the count', async () => {
      await evaluated('shop', uid, 900, { values: BUSY, n: 3, lastScaledAt: null });
      await evaluated('shop', uid, 20, { values: { ...BUSY, rps: 30 }, n: 7 });
      expect(await installation.said('why', 'app', 'shop')).to.equal(`
shop has 7 instances: not every metric is at 30 % of its target or less (WithinThresholds)
METRIC       VALUE   TARGET  OF TARGET  < 30 %, > 80 %          ASKS FOR
rps          30      50      60 %       [######<#####....>...]  -
p95 latency  120 ms  250 ms  48 %       [######<###......>...]  -
cpu          40 %    70 %    57.1 %     [######<####.....>...]  -
memory       31.3 %  75 %    41.7 %     [######<#........>...]  -
connections  12      100     12 %       [##....<.........>...]  -
ready: 7 of 7
allowed: 1 to 10, at most 1 fewer at once
last change: 3 to 7 at T: rps 92 is 184 % of its target 50 and asks for 7
more: when rps, the nearest, is above 40; it is 30
fewer: when rps is 15 or less, p95 latency is 75 ms or less, cpu is 21 % or less and memory is 22.5 % or less, for 300 s
evaluated N ago
`);
    });

    it('prints all of it as JSON', async () => {
      const story = JSON.parse((await installation.run('why', 'app/shop', '-o', 'json')).stdout) as object;
      expect(story).to.deep.include({ app: 'shop', count: 7, byHand: null, stopped: null });
      expect(story).to.have.nested.property('last.decision.reason', 'WithinThresholds');
      expect(story).to.have.nested.property('last.input.window.readings.rps.value', 30);
      expect(story).to.have.nested.property('change.to', 7);
      expect(story).to.have.nested.property('policy.maxReplicas', 10);
    });

    it('is in the description of the app, in short', async () => {
      const described = await installation.said('describe', 'app', 'shop');
      expect(described).to.match(/^ {2}scaling +auto, 1 of 1 to 10$/m);
      expect(described).to.match(
        /^ {2}decision +not every metric is at 30 % of its target or less, N ago {3}autoserve why app shop$/m,
      );
    });

    it('knows nothing of a predecessor of that name', async () => {
      await evaluated('young', uid, 20, { values: BUSY, n: 3 });
      await installation.declare('young', {});
      expect(await installation.said('why', 'young')).to.contain(
        'young has 1 instance and was not evaluated yet\n',
      );
      expect(await installation.said('describe', 'app/young')).to.contain(
        'not evaluated yet   autoserve why app young\n',
      );
    });

    it('says that an app is suspended, or not there', async () => {
      await installation.declare('still', {});
      await installation.database.query(`UPDATE applications SET suspended = true WHERE name = 'still'`);
      expect(await installation.said('why', 'still')).to.equal(
        '\nstill has 0 instances: its manifest suspends it\n',
      );
      expect(await installation.refused('why', 'nope')).to.equal(
        'error: app "nope" not found\n  autoserve get apps\n',
      );
    });
  });

  describe('scale', () => {
    const byHand = 'scaled to 5 by hand; the manifest says 3';

    before(async () => {
      const uid = await installation.declare('cart', 3);
      await installation.report('cart', uid, 2, [ready]);
    });

    it('sets a count, once', async () => {
      expect(await installation.said('scale', 'app', 'cart', '5')).to.equal(
        '\napp/cart scaled to 5; the manifest says 3\n',
      );
      expect(await installation.said('scale', 'cart', '5')).to.contain('app/cart is scaled to 5 already');
    });

    it('is visible wherever the app is', async () => {
      const [apps, described, events] = await Promise.all([
        installation.said('get', 'apps'),
        installation.said('describe', 'app', 'cart'),
        installation.said('events', '--app', 'cart'),
      ]);
      expect(apps).to.match(new RegExp(`^cart .* ${byHand}$`, 'm'));
      expect(described).to.match(new RegExp(`^ {2}scaling +manual, ${byHand}$`, 'm'));
      expect(events).to.match(/ info +ScaledByHand +cart +3 to 5 instances; the manifest says 3$/m);
    });

    it('is the reason of the count', async () => {
      expect(await installation.said('why', 'cart')).to.equal(`
cart has 5 instances: ${byHand}
last change: 3 to 5 at T by cli: scaled by hand
more or fewer: autoserve scale app cart N, or mode: auto in its manifest
`);
    });

    it('goes back to the manifest', async () => {
      expect(await installation.said('scale', 'app/cart', '3')).to.equal(
        '\napp/cart scaled to 3, as its manifest says\n',
      );
      expect(await installation.said('why', 'cart')).to.equal(`
cart has 3 instances because its mode is manual
more or fewer: autoserve scale app cart N, or mode: auto in its manifest
`);
    });

    it('refuses, and says what to do instead', async () => {
      await installation.declare('auto', {});
      await installation.declare('calm', 3);
      const path = join(folder.path, 'config.yaml');
      await writeFile(path, 'policy: {maxReplicas: 4}\n');
      const [auto, tooMany, missing, aboveCeiling] = await Promise.all([
        installation.refused('scale', 'app', 'auto', '2'),
        installation.refused('scale', 'app', 'calm', '6'),
        installation.refused('scale', 'app', 'nope', '2'),
        installation.refused('scale', 'app', 'calm', '5', '--config', path),
      ]);
      expect(auto).to.equal(
        `error: the scaler owns the count of app/auto, which is in mode auto
  set minReplicas and maxReplicas, or mode: manual, in auto.yaml; autoserve why app auto
`,
      );
      expect(tooMany).to.equal(
        `error: 6 instances are more than app/calm may have: 5
  raise scaling.maxReplicas in calm.yaml
`,
      );
      expect(missing).to.contain('app "nope" not found');
      expect(aboveCeiling).to.contain("error: 5 replicas are more than the policy's 4");
    });
  });
});
