import { expect } from 'chai';
import { pino } from 'pino';
import { IngressController } from '../../../src/controllers/ingress/controller.ts';
import { Roster, type RosterEntry } from '../../../src/control/roster.ts';
import { routeOf } from '../../../src/ingress/route.ts';
import type { Nginx } from '../../../src/ingress/nginx.ts';
import type { App } from '../../../src/manifest/app.gen.ts';
import { World } from '../../ingress/world.ts';
import { appOf } from '../../manifest/app.ts';
import { applicationRecord } from '../../store/records.ts';

describe('how the routes of two apps with one host stand', () => {
  let world: World;
  let nginx: Nginx;
  let roster: Roster;
  let controller: IngressController;
  let told: string[];

  beforeEach(async () => {
    world = new World();
    nginx = world.nginx();
    roster = new Roster();
    told = [];
    const log = pino({ level: 'silent' });
    controller = new IngressController(nginx, roster, log, (app) => told.push(app));
  });
  afterEach(async () => {
    const closed = nginx.close();
    await world.pass(1_000);
    await closed;
  });

  const entryOf = (name: string, second: number, deletionRequestedAt: Date | null = null): RosterEntry => ({
    application: applicationRecord(name, {
      createdAt: new Date(second * 1_000),
      deletionRequestedAt,
      manifest: manifestOf(name),
    }),
    members: [{ containerId: name, name, ip: `10.0.0.${second}`, port: 80, ready: true, current: true }],
  });
  const standing = (): (string | undefined)[] =>
    ['shop', 'rival'].map((app) => controller.standingOf(app)?.reason);

  it('is not known before there is a table', () => {
    expect(controller.standingOf('shop')).to.equal(undefined);
    controller.update();
    expect(controller.standingOf('shop')).to.equal(null);
  });

  it('is after a restart as it was, though another app that is older wants the place by now', async () => {
    const { application, members } = entryOf('rival', 4);
    const condition = { type: 'RouteAccepted', status: 'True', reason: 'Accepted' } as const;
    const host = routeOf(application.manifest, '', [])?.host ?? '';
    const conditions = [{ ...condition, message: `${host}/`, lastTransitionTime: '2030-01-01T00:00:00Z' }];
    roster.update([
      ['shop', entryOf('shop', 3)],
      ['rival', { application: { ...application, conditions }, members }],
    ]);
    controller.update();
    await world.pass(2_000);
    expect(standing()).to.deep.equal(['RouteTaken', 'Accepted']);
    expect(world.serves('rival')).to.equal(true);
  });

  it('passes from an app that is being removed to the other one as soon as that is ready', async () => {
    const rival = entryOf('rival', 4);
    const starting = rival.members.map((member) => ({ ...member, ready: false }));
    roster.update([
      ['shop', entryOf('shop', 3)],
      ['rival', { ...rival, members: starting }],
    ]);
    controller.update();
    await world.pass(2_000);
    roster.update([['shop', entryOf('shop', 3, new Date())]]);
    controller.update();
    await world.pass(2_000);
    expect(standing()).to.deep.equal(['Accepted', 'RouteTaken']);
    expect(world.serves('shop')).to.equal(true);
    roster.update([['rival', rival]]);
    controller.update();
    await world.pass(2_000);
    expect(standing()).to.deep.equal([undefined, 'Accepted']);
    expect(world.serves('rival')).to.equal(true);
  });

  it('is served while nginx runs, and tells of every app when that changes', async () => {
    const service = () => controller.standingOf('shop')?.service;
    world.onState = (state) => controller.serviceChanged(state);
    roster.update([['shop', entryOf('shop', 3)]]);
    controller.update();
    expect(service()).to.equal(null);
    await world.pass(2_000);
    expect(service()).to.include({ serving: true, reason: 'IngressServing' });
    told.length = 0;
    world.engine.faults = { portTaken: true };
    world.engine.kill();
    await world.pass(2_000);
    expect(service()).to.include({ serving: false, reason: 'PortTaken' });
    expect(told).to.include('shop');
    world.engine.faults = {};
    await world.pass(60_000);
    expect(service()).to.include({ serving: true, reason: 'IngressServing' });
  });

  for (const [fault, faults] of [
    ['is in force', {}],
    ['is refused', { refuse: () => 'no' }],
    ['is not taken', { ignoreReload: true }],
  ] as const)
    it(`is told once when it changes, and is right whether or not the table ${fault}`, async () => {
      roster.update(['shop', 'rival'].map((name, index) => [name, entryOf(name, 3 + index)]));
      controller.update();
      await world.pass(2_000);
      expect(standing()).to.deep.equal(['Accepted', 'RouteTaken']);
      expect(controller.standingOf('rival')?.message).to.include('belongs to app "shop"');
      expect(told).to.deep.equal(['shop', 'rival']);
      world.engine.faults = faults;
      roster.update([['shop', null]]);
      controller.update();
      await world.pass(2_000);
      expect(standing()).to.deep.equal([undefined, 'Accepted']);
      expect(told).to.deep.equal(['shop', 'rival', 'shop', 'rival']);
      world.engine.faults = {};
      await world.pass(60_000);
      expect(world.serves('rival')).to.equal(true);
      expect(standing()).to.deep.equal([undefined, 'Accepted']);
    });
});

function manifestOf(name: string): App {
  const ports = [{ containerPort: 80, protocol: 'HTTP' }];
  const app = appOf({ type: 'http', image: 'demo-web:1', ports, ingress: { host: 'market.localhost' } });
  return { ...app, metadata: { ...app.metadata, name } };
}
