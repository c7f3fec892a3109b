import { expect } from 'chai';
import { appOf } from './app.ts';

const ports = [{ containerPort: 8080 }];

describe('defaults that depend on other fields', () => {
  for (const [image, policy] of [
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['registry:5000/nginx', 'Always'],
    ['nginx:1.28', 'IfNotPresent'],
    [`nginx@sha256:${'0'.repeat(64)}`, 'IfNotPresent'],
    [`nginx:latest@sha256:${'0'.repeat(64)}`, 'IfNotPresent'],
  ] as const) {
    it(`pull ${image} ${policy}`, () => expect(appOf({ image }).spec.imagePullPolicy).to.equal(policy));
  }

  it('keep a pull policy that is written', () => {
    expect(appOf({ image: 'nginx', imagePullPolicy: 'Never' }).spec.imagePullPolicy).to.equal('Never');
  });

  it('make an app with ports http, and speak HTTP only there', () => {
    expect(appOf({ image: 'a', ports }).spec).to.deep.include({
      type: 'http',
      ports: [{ containerPort: 8080, protocol: 'HTTP' }],
      ingress: { host: 'web.localhost', path: '/', balance: 'least_conn' },
    });
    expect(appOf({ image: 'a', ports, type: 'worker' }).spec.ports).to.deep.equal([
      { containerPort: 8080, protocol: 'TCP' },
    ]);
  });

  it('leave out an empty command and empty arguments', () => {
    expect(appOf({ image: 'a', command: [], args: [] }).spec).not.to.have.any.keys('command', 'args');
  });

  it('fill a part of a policy with the rest', () => {
    const { scaling } = appOf({ image: 'a' }, { scaling: { weights: { cpu: 2 } } });
    expect(scaling.weights).to.deep.equal({ cpu: 2, memory: 1, rps: 1, latency: 1.5, connection: 0.8 });
    expect(scaling).not.to.have.property('replicas');
  });

  it('take the replicas of mode manual from minReplicas', () => {
    expect(appOf({ image: 'a' }, { scaling: { mode: 'manual', minReplicas: 3 } }).scaling.replicas).to.equal(
      3,
    );
  });
});
