import { expect } from 'chai';
import { checkPolicy, isHostPathAllowed, isImageAllowed, type Policy } from '../../src/manifest/policy.ts';
import { appOf } from './app.ts';

const closed: Policy = { allowHostPaths: [], allowedImages: [] };

describe('the policy', () => {
  it('allows named volumes and any image unless told otherwise', () => {
    const app = appOf({ image: 'a', volumes: [{ name: 'data', mountPath: '/data' }] });
    expect(checkPolicy(app, closed)).to.deep.equal([]);
  });

  it('names everything that it refuses', () => {
    const app = appOf(
      { image: 'a:1', volumes: [{ hostPath: '/srv', mountPath: '/srv' }], resources: { cpu: 3 } },
      { scaling: { mode: 'manual', replicas: 9 } },
    );
    const policy = { ...closed, allowedImages: ['b:*'], maxReplicas: 4, maxCpu: '2500m', maxMemory: '1Gi' };
    expect(checkPolicy(app, policy)).to.deep.equal([
      'host path /srv is not allowed by the policy',
      'image a:1 is not allowed by the policy: b:*',
      "9 replicas are more than the policy's 4",
      "cpu 3 is more than the policy's 2500m",
      'no memory limit, and the policy demands one of at most 1Gi',
    ]);
  });

  it('counts the replicas that mode auto could reach', () => {
    const app = appOf({ image: 'a' }, { scaling: { maxReplicas: 8 } });
    expect(checkPolicy(app, { ...closed, maxReplicas: 7 })).to.have.length(1);
    expect(checkPolicy(app, { ...closed, maxReplicas: 8 })).to.deep.equal([]);
  });

  for (const [path, allowed, verdict] of [
    ['/srv/data', ['/srv'], true],
    ['/srv', ['/srv/'], true],
    ['/srvother', ['/srv'], false],
    ['/srv/../etc', ['/srv'], false],
    ['/srv', [], false],
    ['/etc', ['/'], true],
    ['/var/run/docker.sock', ['/var/run'], false],
    ['/var/run/docker.sock', ['/'], false],
    ['//var/run/docker.sock/', ['/var/run'], false],
    ['/home/me/docker.sock', ['/home/me'], false],
    ['/var/run', ['/var/run'], false],
    ['/', ['/'], false],
    ['/var/run/docker.sock', ['/var/run/docker.sock'], true],
    ['/var/run', ['/var/run', '/var/run/docker.sock'], true],
    ['/var/run/other', ['/var/run'], true],
  ] as const) {
    it(`${verdict ? 'allows' : 'refuses'} host path ${path} where [${allowed.join(' ')}] may be mounted`, () => {
      expect(isHostPathAllowed(path, allowed)).to.equal(verdict);
    });
  }

  for (const [image, glob, verdict] of [
    ['nginx:1.28', 'nginx:*', true],
    ['nginx', 'nginx:latest', true],
    ['nginx', 'docker.io/library/*', true],
    ['team/web:1', 'docker.io/team/**', true],
    ['registry.example.com/team/web:1', 'registry.example.com/**', true],
    ['registry.example.com/team/web:1', 'registry.example.com/*', false],
    ['registry.example.com.evil.org/web:1', 'registry.example.com/**', false],
    ['nginx.evil.org/web:1', 'nginx*', false],
    ['evil/nginx:1', 'nginx:*', false],
    ['nginxx1.28', 'nginx.1.28', false],
  ] as const) {
    it(`${verdict ? 'allows' : 'refuses'} image ${image} where ${glob} is allowed`, () => {
      expect(isImageAllowed(image, [glob])).to.equal(verdict);
    });
  }
});
