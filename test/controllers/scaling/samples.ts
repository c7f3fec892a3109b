import type { AppSample } from '../../../src/controllers/scaling/window.ts';
import { ago } from './inputs.ts';

/** One sample, so many seconds ago, when so many instances were ready and all but `unmeasured` were measured. */
export function sample(
  metricType: string,
  secondsAgo: number,
  value: number,
  ready = 2,
  unmeasured = 0,
): AppSample {
  const labels = { ready: String(ready), measured: String(ready - unmeasured) };
  return { metricType, timestamp: new Date(ago(secondsAgo)), value, labels };
}

/** Samples of one type every 5 s, the last of them now. */
export function every5s(metricType: string, values: readonly number[], ready = 2): AppSample[] {
  return values.map((value, index) => sample(metricType, 5 * (values.length - 1 - index), value, ready));
}
