import { fieldPath, valueAt } from './pointer.ts';
import type { Problem } from './problem.ts';

/** Fields that are stored and that nothing acts on yet; a row goes when the part that acts on it comes. */
const fields = ['/spec/ingress'] as const;

/** The policy of the scaler, which does not decide yet. */
const scalerFields = [
  'targetRPSPerReplica',
  'maxP95LatencyMs',
  'maxCPUPercent',
  'maxMemoryPercent',
  'maxConnPerReplica',
  'scaleOutThresholdPct',
  'scaleInThresholdPct',
  'windowSeconds',
  'cooldownSeconds',
  'maxScaleOutStep',
  'maxScaleInStep',
  'stabilizationWindowSeconds',
  'weights',
].map((name) => `/scaling/${name}`);

/** A warning for everything the user wrote that has no effect yet. `document` is in canonical spelling. */
export function notActedOn(document: unknown): Problem[] {
  const isWritten = (pointer: string) => valueAt(document, pointer) !== undefined;
  const warnings = fields
    .filter(isWritten)
    .map((pointer) => warning(pointer, `${fieldPath(pointer)} is stored, but not acted on yet`));

  const auto = valueAt(document, '/scaling/mode') === 'auto' ? '/scaling/mode' : undefined;
  const policy = auto ?? scalerFields.find(isWritten);
  if (policy === undefined) return warnings;
  const message =
    auto === undefined && valueAt(document, '/scaling/mode') === 'manual'
      ? 'the scaling policy is stored, but not acted on in mode manual'
      : 'the scaling policy is stored, but not acted on yet: mode auto holds minReplicas for now';
  return [...warnings, warning(policy, message)];
}

function warning(pointer: string, message: string): Problem {
  return { severity: 'warning', pointer, on: 'key', message };
}
