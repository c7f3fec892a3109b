import { expect } from 'chai';
import { pino } from 'pino';
import { stopInstance } from '../../../src/controllers/application/stop.ts';
import { IngressController } from '../../../src/controllers/ingress/controller.ts';
import { Roster } from '../../../src/control/roster.ts';
import type { Route } from '../../../src/ingress/route.ts';
import { appOf } from '../../manifest/app.ts';
import { applicationRecord } from '../../store/records.ts';

describe('taking an instance out of service', () => {
  let applied: string[][];
  let trouble: Error | null;
  let controller: IngressController;

  beforeEach(() => {
    applied = [];
    trouble = null;
    const proxy = {
      apply: async (routes: readonly Route[]) => {
        applied.push(routes.flatMap(({ instances }) => instances.map(({ containerId }) => containerId)));
        if (trouble) throw trouble;
      },
    };
    const roster = new Roster();
    controller = new IngressController(proxy, roster, pino({ level: 'silent' }), () => undefined);
    const ports = [{ containerPort: 80, protocol: 'HTTP' }];
    const application = applicationRecord('web', {
      manifest: appOf({ type: 'http', image: 'web:1', ports }),
    });
    const member = (id: string) => ({
      containerId: id,
      name: id,
      ip: '10.0.0.3',
      port: 80,
      ready: true,
      current: true,
    });
    roster.update([['web', { application, members: [member('a'), member('b')] }]]);
  });

  const failure = async (work: Promise<unknown>): Promise<unknown> =>
    await work.then(
      () => null,
      (error: unknown) => error,
    );

  it('gives it back when that fails, for it may be wanted when the trouble is over', async () => {
    trouble = new Error('the engine is away');
    expect(await failure(controller.withdraw('a'))).to.equal(trouble);
    expect(applied).to.deep.equal([['b'], ['a', 'b']]);
  });

  it('is done once, however often it is asked for', async () => {
    await controller.withdraw('a');
    await controller.withdraw('a');
    expect(applied).to.deep.equal([['b']]);
    controller.readmit('a');
    await controller.withdraw('a');
    expect(applied).to.deep.equal([['b'], ['a', 'b'], ['b']]);
  });

  it('comes before every stop, and is taken back when a stop fails that no drain came before', async () => {
    const stops: unknown[] = [];
    let fails = false;
    const stopping = {
      engine: {
        stopContainer: async (id: string) => {
          stops.push([id, applied.at(-1)]);
          if (fails) throw new Error('Docker does not answer');
        },
      },
      drain: async (id: string, draining: boolean) =>
        draining ? await controller.withdraw(id) : controller.readmit(id),
      isDrained: (id: string) => id === 'b',
    };
    await stopInstance(stopping, 'a', 1);
    expect(stops).to.deep.equal([['a', ['b']]]);
    controller.readmit('a');
    fails = true;
    for (const id of ['a', 'b']) expect(await failure(stopInstance(stopping, id, 1))).to.be.instanceOf(Error);
    expect(applied.at(-1)).to.deep.equal(['a']);
  });
});
