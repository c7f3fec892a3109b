import type { Engine } from '../../engine/engine.ts';

export interface StopOptions {
  engine: Pick<Engine, 'stopContainer'>;
  /** Resolves when nothing new reaches a container; the other way round at once. */
  drain: (containerId: string, draining: boolean) => Promise<void>;
  /** Whether it was taken out of service by a step of its own. */
  isDrained: (containerId: string) => boolean;
}

/**
 * Ends an instance, by SIGTERM and after its grace by SIGKILL, once nothing new reaches it: also one that is replaced
 * without a drain, as one that failed its health check, for it may still be asked. Throws what draining and stopping throw.
 */
export async function stopInstance(
  { engine, drain, isDrained }: StopOptions,
  containerId: string,
  graceSeconds: number,
): Promise<void> {
  await drain(containerId, true);
  try {
    await engine.stopContainer(containerId, graceSeconds);
  } catch (error) {
    if (!isDrained(containerId)) await drain(containerId, false);
    throw error;
  }
}
