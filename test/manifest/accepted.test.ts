import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { App } from '../../src/manifest/app.gen.ts';
import { parseManifest } from '../../src/manifest/manifest.ts';
import { expectAccepted } from './app.ts';

const directory = join(import.meta.dirname, 'accepted');

function read(file: string) {
  return parseManifest(readFileSync(join(directory, file)), file);
}

function appIn(file: string): App {
  const [declared] = read(file).apps;
  if (!declared) throw new Error(`${file} declares no app`);
  return declared.app;
}

function warnings(file: string): string[] {
  return read(file).diagnostics.map(({ line, severity, message }) => `${line} ${severity}: ${message}`);
}

describe('manifests of the original system', () => {
  for (const file of readdirSync(directory)) {
    it(`are accepted: ${file}`, () => expectAccepted(read(file)));
  }

  it('need neither labels nor scaling nor a type', () => {
    expect(appIn('bare.json')).to.deep.equal({
      apiVersion: 'v1',
      kind: 'App',
      metadata: { name: 'bare', labels: {}, annotations: {} },
      spec: {
        type: 'worker',
        image: 'demo-web:1',
        imagePullPolicy: 'IfNotPresent',
        ports: [],
        env: [],
        resources: {},
        volumes: [],
        strategy: {
          type: 'RollingUpdate',
          maxSurge: 1,
          maxUnavailable: 0,
          minReadySeconds: 0,
          progressDeadlineSeconds: 600,
          autoRollback: true,
        },
        termination: { drainSeconds: 5, gracePeriodSeconds: 10 },
        restartPolicy: 'Always',
        dependsOn: [],
        suspend: false,
      },
      scaling: {
        mode: 'auto',
        minReplicas: 1,
        maxReplicas: 5,
        targetRPSPerReplica: 50,
        maxP95LatencyMs: 250,
        maxCPUPercent: 70,
        maxMemoryPercent: 75,
        maxConnPerReplica: 100,
        scaleOutThresholdPct: 80,
        scaleInThresholdPct: 30,
        windowSeconds: 60,
        cooldownSeconds: 180,
        maxScaleOutStep: 0,
        maxScaleInStep: 1,
        stabilizationWindowSeconds: 300,
        weights: { cpu: 1, memory: 1, rps: 1, latency: 1.5, connection: 0.8 },
      },
    });
    expect(warnings('bare.json')).to.deep.equal([]);
  });

  it('may have the health check inside spec and say environment', () => {
    const app = appIn('no-labels-nested-health.yaml');
    expect(app.spec).not.to.have.any.keys('environment', 'healthCheck');
    expect(app.spec.env).to.deep.equal([
      { name: 'NODE_ENV', value: 'production' },
      { name: 'INSTANCE_IP', source: 'sdk', key: 'instance.ip' },
      { name: 'DB_PASSWORD', source: 'secret', key: 'database-credentials', field: 'password' },
    ]);
    expect(app.spec.ports).to.deep.equal([{ containerPort: 8080, protocol: 'HTTP', name: 'api' }]);
    expect(app.spec.ingress).to.deep.equal({ host: 'nested.localhost', path: '/', balance: 'least_conn' });
    expect(app.healthCheck).to.deep.equal({
      protocol: 'HTTP',
      path: '/api/health',
      port: 8080,
      method: 'POST',
      headers: [{ name: 'Content-Type', value: 'application/json' }],
      body: '{"check": "full"}',
      expectedStatusCodes: [200, 202],
      initialDelaySeconds: 30,
      periodSeconds: 30,
      timeoutSeconds: 10,
      failureThreshold: 3,
      successThreshold: 1,
    });
    expect(app.scaling).to.include({ mode: 'auto', minReplicas: 3, maxReplicas: 20, windowSeconds: 120 });
    expect(warnings('no-labels-nested-health.yaml')).to.deep.equal([]);
  });

  it('may have empty lists, numbers as amounts and a TCP check without a path', () => {
    const app = appIn('tcp-empty-lists.yaml');
    expect(app.spec).to.deep.include({
      type: 'tcp',
      ports: [{ containerPort: 8080, protocol: 'TCP' }],
      env: [],
      resources: { cpu: 0.5, memory: '512M' },
      volumes: [{ name: 'cache-data', mountPath: '/data', readOnly: false }],
    });
    expect(app.spec).not.to.have.property('ingress');
    expect(app.healthCheck).to.include({
      protocol: 'TCP',
      port: 8080,
      initialDelaySeconds: 1,
      periodSeconds: 5,
    });
  });

  it('may be several in a file and use the older names of the scaling targets', () => {
    const { apps, declaredNames } = read('two-in-one.yaml');
    expect(apps.map(({ app, line }) => [app.metadata.name, line])).to.deep.equal([
      ['blue', 1],
      ['green', 7],
    ]);
    expect(declaredNames).to.deep.equal(['blue', 'green']);
    const scaling = apps[0]?.app.scaling;
    expect(scaling).to.include({ minReplicas: 2, maxReplicas: 2, maxCPUPercent: 60, maxMemoryPercent: 70 });
    expect(scaling).not.to.have.any.keys(
      'targetCPUUtilizationPercentage',
      'targetMemoryUtilizationPercentage',
    );
    expect(warnings('two-in-one.yaml')).to.deep.equal([
      '3 warning: label app "shop" differs from the name "blue"',
      '9 warning: label app "shop" differs from the name "green"',
    ]);
  });

  it('may leave the replicas of mode manual and the port of the health check to the defaults', () => {
    const app = appIn('web-manual-no-final-newline.yaml');
    expect(app.scaling).to.include({ mode: 'manual', replicas: 1, minReplicas: 1, maxReplicas: 10 });
    expect(app.healthCheck).to.include({ path: '/health', port: 8080, periodSeconds: 10 });
  });

  it('may have termination and restart policy at the root, and a scalar valueFrom', () => {
    const app = appIn('worker.yaml');
    expect(app).not.to.have.any.keys('termination', 'restartPolicy', 'healthCheck');
    expect(app.spec).to.deep.include({
      type: 'worker',
      command: ['/usr/bin/node'],
      args: ['-e', 'setInterval(() => {}, 1000)'],
      workingDir: '/app',
      env: [
        { name: 'QUEUE', value: 'mail' },
        { name: 'APP_NAME', source: 'sdk', key: 'app.name' },
      ],
      termination: { drainSeconds: 10, gracePeriodSeconds: 20 },
      restartPolicy: 'OnFailure',
    });
    expect(app.scaling).to.include({ mode: 'manual', replicas: 0, minReplicas: 0 });
    expect(warnings('worker.yaml')).to.deep.equal([
      '6 warning: label app "production-worker" differs from the name "worker"',
    ]);
  });

  it('read the same after they have been normalised once', () => {
    for (const { app } of readdirSync(directory).flatMap((file) => read(file).apps)) {
      const again = parseManifest(new TextEncoder().encode(JSON.stringify(app)), 'again.json');
      expect(again.apps[0]?.app).to.deep.equal(app);
    }
  });
});
