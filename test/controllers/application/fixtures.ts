import type { Desired } from '../../../src/controllers/application/desired.ts';
import {
  joinInstances,
  type Attendance,
  type Instance,
} from '../../../src/controllers/application/instance.ts';
import { instanceName, type ObservedContainer, type Resources } from '../../../src/engine/engine.ts';
import { UNCHECKED } from '../../../src/store/instance-health.ts';
import type { HealthWord, InstanceRecord } from '../../../src/store/store.ts';
import type { App } from '../../../src/manifest/app.gen.ts';
import type { ActionKind } from '../../../src/plan/action.ts';

export const NOW = new Date('2026-01-01T12:00:00Z');

export function ago(seconds: number): Date {
  return new Date(NOW.getTime() - seconds * 1_000);
}

const manifest: App = {
  apiVersion: 'v1',
  kind: 'App',
  metadata: { name: 'web', labels: {}, annotations: {} },
  spec: {
    type: 'http',
    image: 'demo-web:1',
    imagePullPolicy: 'IfNotPresent',
    ports: [{ containerPort: 8080, protocol: 'HTTP' }],
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
    termination: { drainSeconds: 0, gracePeriodSeconds: 10 },
    restartPolicy: 'Always',
    dependsOn: [],
    suspend: false,
  },
  scaling: {
    mode: 'manual',
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
};

/** `web`, revision 2 of spec `new`, three replicas unless said otherwise. */
export function desired(changes: Partial<Desired> = {}, spec: Partial<App['spec']> = {}): Desired {
  return {
    name: 'web',
    uid: 'uid-web',
    generation: 2,
    revision: 2,
    specHash: 'new',
    condemned: null,
    replicas: 3,
    deleted: false,
    changed: false,
    paused: false,
    waits: false,
    budget: { surge: 1, unavailable: 0 },
    manifest: { ...manifest, spec: { ...manifest.spec, ...spec } },
    ...changes,
  };
}

export interface Sketch {
  index?: number;
  revision?: number;
  attempt?: number;
  restarts?: number;
  spec?: 'new' | 'old';
  state?: ObservedContainer['state'];
  renamed?: string;
  ip?: string | null;
  started?: Date | null;
  finished?: Date | null;
  exitCode?: number | null;
  oomKilled?: boolean;
  endedBy?: ObservedContainer['endedBy'];
  resources?: Resources;
  /** Absent for an instance without a health check. */
  health?: HealthWord;
  draining?: Date;
  inHand?: ActionKind[];
}

/** A container of `web`; running for a minute unless said otherwise. */
export function container(sketch: Sketch = {}): ObservedContainer {
  const { index = 0, attempt = 1, restarts = 0, spec = 'new', state = 'running', renamed } = sketch;
  const revision = sketch.revision ?? (spec === 'new' ? 2 : 1);
  const name = instanceName('web', index, revision, attempt);
  return {
    id: `id-${name}`,
    name: renamed ?? name,
    identity: {
      name,
      app: 'web',
      appUid: 'uid-web',
      index,
      revision,
      attempt,
      restarts,
      specHash: spec,
      operationId: `op-${name}`,
    },
    state,
    imageId: 'sha256:image',
    ip: sketch.ip === undefined ? '10.0.0.2' : sketch.ip,
    createdAt: ago(61),
    startedAt: sketch.started === undefined ? (state === 'created' ? null : ago(60)) : sketch.started,
    finishedAt: sketch.finished ?? null,
    exitCode: sketch.exitCode ?? null,
    oomKilled: sketch.oomKilled ?? false,
    endedBy: sketch.endedBy ?? null,
    resources: sketch.resources ?? null,
  };
}

/** A row of `web` as the journal has it: intended, and with `containerId` once a container was seen. */
export function record(
  sketch: Sketch & { containerId?: string | null; status?: InstanceRecord['status'] },
): InstanceRecord {
  const { identity, startedAt, finishedAt } = container(sketch);
  return {
    id: 1,
    appName: 'web',
    containerName: identity.name,
    containerId: sketch.containerId ?? null,
    replicaIndex: identity.index,
    revision: identity.revision,
    attempt: identity.attempt,
    restarts: identity.restarts,
    specHash: identity.specHash,
    imageId: null,
    ip: null,
    port: 8080,
    status: sketch.status ?? 'starting',
    drainingSince: null,
    startedAt,
    finishedAt,
    exitCode: null,
    oomKilled: false,
    removedAt: null,
    ...UNCHECKED,
    createdAt: ago(61),
    updatedAt: ago(61),
  };
}

/** @param sketches what is known of containers beyond what the engine shows, by container name */
export function instances(
  containers: readonly ObservedContainer[],
  records: readonly InstanceRecord[] = [],
  sketches: Record<string, Pick<Sketch, 'health' | 'draining' | 'inHand'>> = {},
): Instance[] {
  const doing = new Map(Object.entries(sketches).map(([name, { inHand = [] }]) => [name, new Set(inHand)]));
  const attend = ({ identity }: ObservedContainer): Attendance => {
    const { health, draining } = sketches[identity.name] ?? {};
    return {
      health: health ? { status: health, since: ago(30), probes: [] } : null,
      drainingSince: draining ?? null,
      refusal: null,
      limited: false,
      stopping: false,
    };
  };
  return joinInstances('uid-web', records, containers, attend, doing);
}
