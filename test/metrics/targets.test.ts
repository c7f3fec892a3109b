import { expect } from 'chai';
import type { Member } from '../../src/control/roster.ts';
import type { InstanceTarget, MetricTarget } from '../../src/metrics/measurement.ts';
import { targetsOf } from '../../src/metrics/targets.ts';
import { appOf } from '../manifest/app.ts';
import { applicationRecord } from '../store/records.ts';

const former: Member = {
  containerId: 'f',
  name: 'web-0-r1-1',
  ip: '10.0.0.1',
  port: 80,
  ready: true,
  current: false,
};
const present: Member = {
  containerId: 'p',
  name: 'web-0-r2-1',
  ip: '10.0.0.2',
  port: 81,
  ready: true,
  current: true,
};

function targetOf(
  members: readonly Member[],
  spec: Record<string, unknown> = {},
  routed = true,
): MetricTarget | undefined {
  const ports = [{ containerPort: 80 }];
  const manifest = appOf({ image: 'web:1', ports, ...spec });
  const application = applicationRecord('web', { manifest });
  return targetsOf([{ application, members }], routed)[0];
}

function readyOf(members: readonly Member[]): InstanceTarget['containerId'][] {
  const instances = targetOf(members)?.instances ?? [];
  return instances.filter(({ ready }) => ready).map(({ containerId }) => containerId);
}

describe('what is measured of an app', () => {
  it('is the present revision as soon as an instance of it is ready, and the former one until then', () => {
    expect(readyOf([former, present])).to.deep.equal(['p']);
    expect(readyOf([former, { ...present, ready: false }])).to.deep.equal(['f']);
    expect(readyOf([former])).to.deep.equal(['f']);
    expect(
      readyOf([
        { ...former, ready: false },
        { ...present, ready: false },
      ]),
    ).to.be.empty;
  });

  it('is the traffic to an instance where the ingress reaches it', () => {
    expect(targetOf([former])).to.include({ ingress: true });
    expect(targetOf([former])?.instances[0]?.address).to.equal('10.0.0.1:80');
    expect(targetOf([present])?.instances[0]?.address).to.equal('10.0.0.2:81');
    expect(targetOf([{ ...former, port: null }])?.instances[0]?.address).to.equal(null);
    expect(targetOf([{ ...former, ip: null }])?.instances[0]?.address).to.equal(null);
    expect(targetOf([former], { type: 'worker', ports: [] })).to.include({ ingress: false });
    expect(targetOf([former], { type: 'worker', ports: [] })?.instances[0]?.address).to.equal(null);
  });
});
