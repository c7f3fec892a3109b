import { expect } from 'chai';
import { DistributionServer } from '../distribution-postgres.ts';
import { eventually } from '../eventually.ts';
import { Installation } from './installation.ts';

describe('a replica beside a running AutoServe', function () {
  this.timeout(180_000);
  let primary: DistributionServer;
  let standby: DistributionServer;
  let installation: Installation;

  before(async () => {
    primary = await DistributionServer.start();
    await primary.query('CREATE DATABASE autoserve');
    standby = await primary.standby();
    installation = new Installation({
      databaseUrl: primary.url('autoserve'),
      env: { AUTOSERVE_REPLICA_URL: standby.url('autoserve') },
    });
    await installation.create();
  });
  after(async () => {
    await installation.dispose();
    await standby.remove();
    await primary.remove();
  });

  const recorded = async () => {
    const events = await installation.query<{ reason: string }>(
      "SELECT reason FROM events WHERE reason LIKE 'Replica%' ORDER BY id",
    );
    return events.map(({ reason }) => reason);
  };
  const get = async () => await installation.cli('get', 'manifests', '-o', 'json');

  it('is missed once when it is not there, and taken when it comes', async () => {
    await installation.start();
    await eventually(async () => expect(await recorded()).to.deep.equal(['ReplicaLost']));
    expect(installation.log).to.match(/"level":40.*the replica .* cannot be used.*reads go to the primary/);
    const away = await get();
    expect({ code: away.code, stdout: away.stdout }).to.deep.equal({ code: 0, stdout: '[]\n' });
    expect(away.stderr).to.match(/^warning: the replica .*; reads go to the primary\n$/);

    await standby.begin();
    await eventually(async () => expect(await recorded()).to.deep.equal(['ReplicaLost', 'ReplicaReturned']));
    await eventually(async () => expect(await get()).to.deep.equal({ code: 0, stdout: '[]\n', stderr: '' }));
    expect((await installation.cli('db', 'status')).stdout).to.match(/^replica .*, \d+\.\d s behind$/m);
  });

  it('is missed once more when it dies, and what it missed meanwhile is there when it is back', async () => {
    await standby.end();
    const lost = ['ReplicaLost', 'ReplicaReturned', 'ReplicaLost'];
    await eventually(async () => expect(await recorded()).to.deep.equal(lost));
    await standby.begin();
    await eventually(async () => expect(await recorded()).to.deep.equal([...lost, 'ReplicaReturned']));
    await eventually(async () => {
      const rows = await standby.query("SELECT FROM events WHERE reason LIKE 'Replica%'", 'autoserve');
      expect(rows).to.have.length(4);
    });
  });

  it('answers readers while the primary is away', async () => {
    await primary.end();
    await eventually(async () => expect(await get()).to.deep.equal({ code: 0, stdout: '[]\n', stderr: '' }));
    await primary.begin();
    await eventually(async () => expect((await recorded()).length).to.equal(4));
  });
});
