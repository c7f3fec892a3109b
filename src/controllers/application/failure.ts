import type { Failure, FailureReason } from '../../store/failure.ts';
import type { Desired } from './desired.ts';
import type { Instance } from './instance.ts';

/**
 * How an instance failed; null for one that did not, or has no container that could tell. What somebody did to it is no
 * failure of its own, unless it was unhealthy already.
 */
export function failureOf(instance: Instance, desired: Desired, now: Date): Failure | null {
  const { container, record, health } = instance;
  const reason = reasonOf(instance, desired);
  if (!container || !reason) return null;
  const { startedAt, finishedAt, exitCode, oomKilled } = container;
  const sickSince = reason === 'Unhealthy' ? (health?.since ?? record?.healthSince) : null;
  return {
    reason,
    message: messageOf(instance),
    failedAt: sickSince ?? finishedAt ?? now,
    startedAt,
    exitCode,
    oomKilled,
    probes: health?.probes ?? record?.lastProbes ?? [],
  };
}

function reasonOf(
  { phase, identity, container, record, health }: Instance,
  { manifest, condemned }: Desired,
): FailureReason | null {
  switch (phase) {
    case 'unhealthy':
      return 'Unhealthy';
    case 'drifted':
      return record?.healthStatus === 'unhealthy' ? 'Unhealthy' : null;
    case 'completed':
      return manifest.spec.restartPolicy === 'Always' ? 'Completed' : null;
    case 'crashed':
      if (container?.state === 'created') return 'NotStarted';
      return container?.oomKilled ? 'OutOfMemory' : 'Crashed';
    case 'running':
      return identity.revision === condemned && health && health.status !== 'healthy' ? 'NotReady' : null;
    case 'pending':
    case 'created':
    case 'lost':
    case 'refused':
      return null;
  }
}

function messageOf({ phase, finding }: Instance): string {
  if (phase === 'running') return 'did not become healthy in time';
  return phase === 'drifted' ? `failed its health check and ${finding}` : finding;
}
