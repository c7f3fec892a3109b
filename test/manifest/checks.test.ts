import { expect } from 'chai';
import { appOf, messagesFor } from './app.ts';

const spec = { image: 'demo-web:1' };
const http = { image: 'demo-web:1', ports: [{ containerPort: 8080 }] };

describe('rules between fields', () => {
  it('refuse replicas in mode auto, stated or by default', () => {
    const message = 'scaling.replicas is not allowed in mode auto, where the scaler owns the count';
    expect(messagesFor(spec, { scaling: { replicas: 2 } })).to.include(message);
    expect(messagesFor(spec, { scaling: { mode: 'auto', replicas: 2 } })).to.include(message);
    expect(messagesFor(spec, { scaling: { mode: 'manual', replicas: 2 } })).to.deep.equal([]);
  });

  it('compare replicas only with bounds that are written', () => {
    expect(messagesFor(spec, { scaling: { mode: 'manual', replicas: 40 } })).to.deep.equal([]);
    expect(messagesFor(spec, { scaling: { mode: 'manual', replicas: 40, maxReplicas: 20 } })).to.deep.equal([
      'scaling.replicas 40 is more than maxReplicas 20',
    ]);
    expect(messagesFor(spec, { scaling: { mode: 'manual', replicas: 0, minReplicas: 1 } })).to.deep.equal([
      'scaling.replicas 0 is less than minReplicas 1',
    ]);
  });

  it('keep bounds and thresholds in order, defaults included', () => {
    expect(messagesFor(spec, { scaling: { minReplicas: 6 } })).to.deep.equal([
      'scaling.minReplicas 6 is more than maxReplicas 5 (the default)',
    ]);
    expect(messagesFor(spec, { scaling: { scaleOutThresholdPct: 30 } })).to.include(
      'scaling.scaleInThresholdPct 30 (the default) is not less than scaleOutThresholdPct 30',
    );
  });

  it('let one port number serve TCP and UDP', () => {
    const ports = [
      { containerPort: 53, protocol: 'TCP' },
      { containerPort: 53, protocol: 'UDP' },
    ];
    expect(messagesFor({ ...spec, type: 'tcp', ports })).to.deep.equal([]);
  });

  it('take an app for what its ports are', () => {
    const typeOf = (...protocols: (string | undefined)[]): string => {
      const ports = protocols.map((protocol, index) => ({
        containerPort: 80 + index,
        ...(protocol !== undefined && { protocol }),
      }));
      return appOf({ ...spec, ports }).spec.type;
    };
    expect(typeOf()).to.equal('worker');
    expect(typeOf(undefined)).to.equal('http');
    expect(typeOf('TCP', 'HTTP')).to.equal('http');
    expect(typeOf('TCP')).to.equal('tcp');
    expect(typeOf('UDP', 'TCP')).to.equal('tcp');
    const ports = [{ containerPort: 80, protocol: 'TCP' }];
    expect(messagesFor({ ...spec, type: 'http', ports })).to.deep.equal([
      'type http needs a port of protocol HTTP',
    ]);
    expect(messagesFor({ ...spec, ports, ingress: {} })).to.deep.equal([
      'spec.ingress needs type http, and this app is of type tcp',
    ]);
  });

  it('warn of no instances in mode auto where no request could start one', () => {
    expect(messagesFor(spec, { scaling: { minReplicas: 0 } })).to.deep.equal([
      'scaling.minReplicas 0 counts as 1 for type worker, which no request could start again',
    ]);
    expect(messagesFor(http, { scaling: { minReplicas: 0 } })).to.deep.equal([]);
    expect(messagesFor(spec, { scaling: { mode: 'manual', minReplicas: 0 } })).to.deep.equal([]);
  });

  it('ask for a port where type or health check needs one', () => {
    expect(messagesFor({ ...spec, type: 'http' })).to.deep.equal(['type http needs at least one port']);
    expect(messagesFor(spec, { healthCheck: {} })).to.include(
      'healthCheck has no port, and spec.ports has none it could take',
    );
    expect(messagesFor(spec, { healthCheck: { port: 80 } })).to.deep.equal([]);
  });

  it('allow host paths in a manifest, for the policy decides about them', () => {
    const volumes = [{ hostPath: '/srv/data', mountPath: '/data' }];
    expect(appOf({ ...spec, volumes }).spec.volumes).to.deep.equal([
      { hostPath: '/srv/data', mountPath: '/data', readOnly: false },
    ]);
  });

  it('refuse paths that climb', () => {
    for (const path of ['/..', '/a/../b', '/a/..', '..', 'a', '/a:b']) {
      expect(messagesFor({ ...spec, workingDir: path }), path).to.have.length(1);
    }
    for (const path of ['/', '/a..b', '/...', '/a/..b/c']) {
      expect(messagesFor({ ...spec, workingDir: path }), path).to.deep.equal([]);
    }
  });

  it('warn about a scaling policy where nothing scales by it, once', () => {
    const policy = { weights: {}, windowSeconds: 5, minReplicas: 1, maxReplicas: 3 };
    expect(messagesFor(http, { scaling: { mode: 'manual', ...policy } })).to.deep.equal([
      'the scaling policy has no effect in mode manual',
    ]);
    expect(messagesFor(http, { scaling: { mode: 'auto', ...policy } })).to.deep.equal([]);
    expect(messagesFor(http, { scaling: policy })).to.deep.equal([]);
    expect(messagesFor(http, { scaling: { mode: 'manual', maxReplicas: 3 } })).to.deep.equal([]);
  });
});
