import type { ObservedContainer } from '../engine.ts';

/** A container, and what a listing would show of the moment at which it was inspected. */
export interface Inspection {
  container: ObservedContainer;
  signature: string;
}

/** A death as Docker's event tells of it. */
export interface Death {
  at: Date;
  exitCode: number;
  oomKilled: boolean;
}

/** Differs whenever a container was started, stopped or paused: Docker makes a new endpoint at each start. */
export function signatureOf(state: string, endpoint: { EndpointID: string } | undefined): string {
  return `${state} ${endpoint?.EndpointID ?? ''}`;
}

/**
 * What an inspection of before a death makes of the container: the same run, ended. Undefined when the death may be one
 * of an earlier run, for events are repeated after a lost connection.
 */
export function ended({ container, signature }: Inspection, death: Death): Inspection | undefined {
  if (container.startedAt === null || container.finishedAt !== null || death.at <= container.startedAt) {
    return undefined;
  }
  const { at, exitCode, oomKilled } = death;
  return {
    signature,
    container: { ...container, state: 'exited', ip: null, finishedAt: at, exitCode, oomKilled },
  };
}
