const IMAGE = 'autoserve/demo-web:1';
/** Shorter than a manifest's defaults, which many a removal would wait for. */
const TERMINATION = { drainSeconds: 1, gracePeriodSeconds: 5 };
/** Looks often at what starts, and at what runs, and bears with a machine that has more to do. */
export const HEALTH_CHECK = {
  path: '/health',
  initialDelaySeconds: 5,
  periodSeconds: 1,
  timeoutSeconds: 5,
  failureThreshold: 3,
};

export interface AppOptions {
  replicas?: number;
  env?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Further fields of `spec`. */
  spec?: Record<string, unknown>;
  healthCheck?: Record<string, unknown>;
  /** Instead of `replicas`. */
  scaling?: Record<string, unknown>;
}

/** The manifest of an app that runs the test image. */
export function manifestOf(name: string, options: AppOptions = {}): string {
  const { replicas = 1, env = {}, annotations = {}, spec = {}, healthCheck } = options;
  const { scaling = { mode: 'manual', replicas, maxReplicas: 100 } } = options;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'App',
    metadata: { name, annotations },
    spec: {
      image: IMAGE,
      ports: [{ containerPort: 8080 }],
      env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
      termination: TERMINATION,
      ...spec,
    },
    healthCheck,
    scaling,
  });
}
