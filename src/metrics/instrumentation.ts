/**
 * What the parts of AutoServe tell about their own work. They call it as they go, know nothing of who listens, and lose
 * nothing when nobody does. Durations are in seconds.
 */
export interface Instrumentation {
  /** A pass over what was due ended. */
  reconciled(outcome: Outcome, seconds: number): void;
  /** How many applications are due or being worked on. */
  queueDepth(depth: number): void;
  /** A call of the engine ended; `kind` is the method's name. */
  engineCall(kind: string, outcome: Outcome, seconds: number): void;
  databaseWrite(kind: string, outcome: Outcome, seconds: number): void;
  /** The source was read. */
  synced(outcome: Outcome | 'held'): void;
  /** Something failed; `code` as in `AutoServeError`. */
  error(code: string): void;
  /** The state of all applications, whenever it was looked at. */
  apps(apps: readonly AppState[]): void;
  scalingDecision(direction: 'out' | 'in' | 'hold'): void;
  /** Samples that never reach the database. */
  samplesDropped(count: number): void;
  /** Lines of the ingress's log since the last call. */
  logLines(handled: number, refused: number): void;
}

export type Outcome = 'ok' | 'failed';

export interface AppState {
  app: string;
  status: string;
  ready: number;
  desired: number;
}

export const noInstrumentation: Instrumentation = {
  reconciled() {},
  queueDepth() {},
  engineCall() {},
  databaseWrite() {},
  synced() {},
  error() {},
  apps() {},
  scalingDecision() {},
  samplesDropped() {},
  logLines() {},
};
