import { expect } from 'chai';
import { declaration } from '../../store/records.ts';
import { QUICK, Ward } from './ward.ts';

describe('HealthController, with instances of an older spec,', () => {
  let ward: Ward;

  beforeEach(async () => {
    ward = new Ward();
    await ward.declare(QUICK);
  });
  afterEach(async () => await ward.close());

  const ports = () => ward.laboratory.probes.map(({ port }) => port);

  it('probes them by the check they had, not by that of the new spec', async () => {
    await ward.recordInstance(1);
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(5);
    await ward.declare({ ...QUICK, port: 9090 }, 'hash-2');
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(10);
    expect(ports()).to.deep.equal([8080, 8080]);
  });

  it('does so after a restart, too', async () => {
    await ward.recordInstance(1);
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(5);
    await ward.declare({ ...QUICK, port: 9090 }, 'hash-2');
    await ward.restart();
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(5);
    expect(ports()).to.deep.equal([8080, 8080]);
  });

  it('probes them by the check of their revision when that is the one to be kept', async () => {
    await ward.recordInstance(1);
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(5);
    const app = ward.database.applications.get('web');
    const { manifest } = declaration('web', { root: { healthCheck: { ...QUICK, port: 7070 } } });
    if (app) app.target = { revision: 1, specHash: 'hash-1', manifest, reason: 'RolledBack' };
    if (app) app.specHash = 'hash-2';
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(1);
    expect(ports()).to.deep.equal([8080, 7070]);
  });

  it('does not begin to probe those that had none', async () => {
    await ward.declare(undefined);
    await ward.recordInstance(1);
    ward.follow([ward.container(1)]);
    await ward.declare(QUICK, 'hash-2');
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(5);
    expect(ports()).to.deep.equal([]);
    expect(ward.controller.healthOf('c1')).to.equal(null);
  });

  it('follows a changed check of the spec they have', async () => {
    await ward.recordInstance(1);
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(5);
    await ward.declare({ ...QUICK, port: 9090 });
    ward.follow([ward.container(1)]);
    await ward.laboratory.pass(1);
    expect(ports()).to.deep.equal([8080, 9090]);
  });
});
