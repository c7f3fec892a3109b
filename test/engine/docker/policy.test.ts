import { expect } from 'chai';
import type { ContainerCreateOptions, HostConfig } from 'dockerode';
import { containerBody } from '../../../src/engine/docker/container-body.ts';
import { policyViolations } from '../../../src/engine/docker/policy.ts';
import { specOf } from '../contract/fixture.ts';

const NETWORK = 'autoserve-home';

function bodyWith(host: HostConfig, hostPath?: string): ContainerCreateOptions {
  const spec = specOf('shop:7', 'shop');
  const volumes = [
    { source: { volume: 'data' }, mountPath: '/data', readOnly: false },
    ...(hostPath === undefined ? [] : [{ source: { hostPath }, mountPath: '/host', readOnly: true }]),
  ];
  const context = { installation: 'home', network: NETWORK, env: [], address: undefined };
  const body = containerBody({ ...spec, volumes, nanoCpus: 1, memoryBytes: 1 }, context);
  return { ...body, HostConfig: { ...body.HostConfig, ...host } };
}

describe('policyViolations', () => {
  it('lets through what AutoServe itself asks for', () => {
    expect(policyViolations(bodyWith({}), NETWORK, { hostPaths: [] })).to.be.empty;
  });

  it('lets through settings that say no', () => {
    const body = bodyWith({ Privileged: false, CapAdd: [], Devices: [], PidMode: '' });
    expect(policyViolations(body, NETWORK, { hostPaths: [] })).to.be.empty;
  });

  const refused: [string, HostConfig][] = [
    ['Privileged', { Privileged: true }],
    ['PidMode', { PidMode: 'host' }],
    ['IpcMode', { IpcMode: 'host' }],
    ['UTSMode', { UTSMode: 'host' }],
    ['UsernsMode', { UsernsMode: 'host' }],
    ['CapAdd', { CapAdd: ['SYS_ADMIN'] }],
    [
      'Devices',
      { Devices: [{ PathOnHost: '/dev/sda', PathInContainer: '/dev/sda', CgroupPermissions: 'r' }] },
    ],
    ['DeviceCgroupRules', { DeviceCgroupRules: ['a *:* rwm'] }],
    ['SecurityOpt', { SecurityOpt: ['seccomp=unconfined'] }],
    ['Binds', { Binds: ['/var/run/docker.sock:/var/run/docker.sock'] }],
    ['VolumesFrom', { VolumesFrom: ['other'] }],
    ['PublishAllPorts', { PublishAllPorts: true }],
  ];
  for (const [setting, host] of refused) {
    it(`refuses ${setting}`, () => {
      const violations = policyViolations(bodyWith(host), NETWORK, { hostPaths: ['/'] });
      expect(violations).to.deep.equal([`HostConfig.${setting} is not allowed`]);
    });
  }

  for (const mode of ['host', 'bridge', 'container:abc', 'none']) {
    it(`refuses network mode ${mode}`, () => {
      const violations = policyViolations(bodyWith({ NetworkMode: mode }), NETWORK, { hostPaths: [] });
      expect(violations).to.deep.equal([`network "${mode}" is not allowed, only "${NETWORK}"`]);
    });
  }

  it('refuses a second network', () => {
    const body = bodyWith({});
    body.NetworkingConfig = { EndpointsConfig: { [NETWORK]: {}, other: {} } };
    expect(policyViolations(body, NETWORK, { hostPaths: [] })).to.have.length(1);
  });

  it('refuses a volume whose driver options mount the host', () => {
    const DriverConfig = { Name: 'local', Options: { type: 'none', o: 'bind', device: '/' } };
    const VolumeOptions = { NoCopy: false, Labels: {}, DriverConfig };
    const Mounts = [{ Type: 'volume' as const, Source: 'v', Target: '/v', VolumeOptions }];
    expect(policyViolations(bodyWith({ Mounts }), NETWORK, { hostPaths: [] })).to.have.length(1);
  });

  const paths: [string, string[], boolean][] = [
    ['/srv/data', [], false],
    ['/srv/data', ['/srv'], true],
    ['/srv', ['/srv'], true],
    ['/srv', ['/srv/'], true],
    ['/srv/data', ['/'], true],
    ['/srv-other', ['/srv'], false],
    ['/srv/../etc', ['/srv'], false],
    ['srv', ['/'], false],
    ['/var/run/docker.sock', ['/var/run'], false],
    ['/var/run/docker.sock/', ['/var/run'], false],
    ['/run/containerd/containerd.sock', ['/'], false],
    ['/var/run/docker.sock', ['/var/run/docker.sock'], true],
  ];
  for (const [path, hostPaths, allowed] of paths) {
    it(`${allowed ? 'allows' : 'refuses'} host path ${path} where ${JSON.stringify(hostPaths)} is allowed`, () => {
      expect(policyViolations(bodyWith({}, path), NETWORK, { hostPaths })).to.have.length(allowed ? 0 : 1);
    });
  }
});
