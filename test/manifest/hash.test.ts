import { expect } from 'chai';
import fc from 'fast-check';
import { specHash } from '../../src/manifest/hash.ts';
import { appOf } from './app.ts';

const spec = {
  image: 'demo-web:1',
  command: ['node'],
  args: ['a', 'b'],
  workingDir: '/app',
  user: '1000',
  ports: [{ containerPort: 8080 }, { containerPort: 9090 }],
  env: [
    { name: 'A', value: '1' },
    { name: 'B', source: 'sdk', key: 'app.name' },
    { name: 'C', source: 'secret', key: 'db', field: 'password' },
  ],
  resources: { cpu: '500m', memory: '512Mi' },
  volumes: [
    { name: 'data', mountPath: '/data' },
    { name: 'logs', mountPath: '/logs', readOnly: true },
  ],
};
const digests = { 'db/password': 'aa' };
const base = specHash(appOf(spec), digests);

describe('the spec hash', () => {
  it('is stable from release to release, for a change would replace every container', () => {
    expect(base).to.equal('ddfbb83b3c38673a');
  });

  for (const [what, change] of Object.entries({
    image: { image: 'demo-web:2' },
    command: { command: ['nodejs'] },
    'no command': { command: [] },
    'order of arguments': { args: ['b', 'a'] },
    workingDir: { workingDir: '/' },
    user: { user: '1001' },
    'first port': { ports: [{ containerPort: 9090 }, { containerPort: 8080 }] },
    'protocol of a port': { ports: [{ containerPort: 8080 }, { containerPort: 9090, protocol: 'UDP' }] },
    env: { env: [...spec.env, { name: 'D', value: '' }] },
    'source of a variable': { env: [...spec.env.slice(0, 2), { name: 'C', value: 'db' }] },
    'no memory limit': { resources: { cpu: '500m' } },
    'no cpu limit': { resources: { memory: '512Mi' } },
    'mount path': { volumes: [{ name: 'data', mountPath: '/other' }] },
    'host path': { volumes: [{ hostPath: '/data', mountPath: '/data' }, spec.volumes[1]] },
    readOnly: { volumes: [{ name: 'data', mountPath: '/data', readOnly: true }, spec.volumes[1]] },
  })) {
    it(`changes with what needs a new container: ${what}`, () => {
      expect(specHash(appOf({ ...spec, ...change }), digests)).not.to.equal(base);
    });
  }

  it('changes when a secret is rotated, lost or found', () => {
    const hashes = [digests, { 'db/password': 'bb' }, { 'db/password': null }].map((found) =>
      specHash(appOf(spec), found),
    );
    expect(new Set(hashes).size).to.equal(3);
  });

  it('does not change with what needs no new container, limits among it', () => {
    const same = [
      appOf(spec, { scaling: { mode: 'manual', replicas: 3 } }),
      appOf(spec, { healthCheck: { port: 8080 } }),
      appOf(spec, { metadata: { name: 'other', labels: { a: 'b' }, annotations: { c: 'd' } } }),
      appOf({ ...spec, imagePullPolicy: 'Always', restartPolicy: 'Never', suspend: true }),
      appOf({ ...spec, ingress: { host: 'a.example.com' }, strategy: { maxSurge: 2 }, dependsOn: ['db'] }),
      appOf({ ...spec, termination: { drainSeconds: 1, gracePeriodSeconds: 2 } }),
      appOf({ ...spec, type: 'tcp' }),
      appOf({ ...spec, resources: { cpu: 2, memory: 768 * 2 ** 20 } }),
      appOf({ ...spec, env: spec.env.toReversed(), volumes: spec.volumes.toReversed() }),
      appOf({
        ...spec,
        ports: [{ containerPort: 8080, protocol: 'HTTP', name: 'web' }, { containerPort: 9090 }],
      }),
    ];
    expect(same.map((app) => specHash(app, digests))).to.deep.equal(same.map(() => base));
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(Object.entries(spec), { minLength: 9 }), (entries) => {
        expect(specHash(appOf(Object.fromEntries(entries)), digests)).to.equal(base);
      }),
      { numRuns: 20 },
    );
  });
});
