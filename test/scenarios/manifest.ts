const IMAGE = 'autoserve/demo-web:1';

export interface AppOptions {
  replicas?: number;
  env?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Further fields of `spec`. */
  spec?: Record<string, unknown>;
}

/** The manifest of an app that runs the test image. */
export function manifestOf(name: string, options: AppOptions = {}): string {
  const { replicas = 1, env = {}, annotations = {}, spec = {} } = options;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'App',
    metadata: { name, annotations },
    spec: {
      image: IMAGE,
      ports: [{ containerPort: 8080 }],
      env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
      ...spec,
    },
    scaling: { mode: 'manual', replicas, maxReplicas: 100 },
  });
}
