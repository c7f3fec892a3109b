import type { HealthCheck } from '../../../src/manifest/app.gen.ts';
import type { Probe } from '../../../src/store/instance-health.ts';
import { appOf } from '../../manifest/app.ts';

export const STARTED = new Date('2026-01-01T12:00:00Z');

/** A moment so many seconds into the instance's life. */
export function after(seconds: number): Date {
  return new Date(STARTED.getTime() + seconds * 1_000);
}

/** The default check of port 8080, without an initial delay unless said otherwise. */
export function checkOf(changes: Partial<HealthCheck> = {}): HealthCheck {
  const healthCheck = { port: 8080, initialDelaySeconds: 0, ...changes };
  const app = appOf({ image: 'demo-web:1' }, { healthCheck });
  if (!app.healthCheck) throw new Error('the manifest lost its health check');
  return app.healthCheck;
}

export function probe(ok: boolean, seconds: number): Probe {
  const at = after(seconds).toISOString();
  return ok
    ? { at, ok, code: 200, latencyMs: 3, message: '200' }
    : { at, ok, code: 503, latencyMs: 3, message: '503, expected 200' };
}
