import type { Logger } from 'pino';
import { AutoServeError, messageOf } from '../error.ts';
import type { IngressEvent } from './event.ts';
import { ConfigurationRefused } from './refusal.ts';

/** Whether nginx serves what was applied last. */
export interface IngressState {
  serving: boolean;
  /** As in `IngressEvent`; `Starting` before the first attempt has ended. */
  reason: string;
  message: string;
  /** The app whose fault it is that it does not; null for nobody's. */
  app: string | null;
}

/** What an attempt leaves that failed. */
export function failureOf(error: unknown): IngressState {
  const known = error instanceof AutoServeError ? error : undefined;
  const remedy = known?.remedy ? `; ${known.remedy}` : '';
  return {
    serving: false,
    reason: known?.code ?? 'InternalError',
    message: `${messageOf(error)}${remedy}`,
    app: error instanceof ConfigurationRefused ? error.app : null,
  };
}

/** What users hear of it. */
export function eventOf({ serving, reason, message, app }: IngressState): IngressEvent {
  return { type: serving ? 'Normal' : 'Warning', reason, message, app };
}

/** Logs a failed attempt: in a line, unless it is a fault of ours. */
export function logFailure(log: Logger, error: unknown, { reason, message }: IngressState): void {
  const detail = error instanceof AutoServeError ? { reason } : { err: error };
  log.warn(detail, `the ingress is not as it should be: ${message}`);
}

/**
 * Whether users should hear of it. The engine and nginx say the same with another id or time at every attempt, so that
 * the reason counts; of refusals, which come without, the message does, too.
 */
export function isNews(state: IngressState, before: IngressState): boolean {
  if (state.reason !== before.reason) return true;
  return state.reason === 'ConfigurationRefused' && state.message !== before.message;
}
