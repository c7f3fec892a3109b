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

/** What is only tried again in vain is told once. */
export function logFailure(log: Logger, error: unknown, state: IngressState, before: IngressState): void {
  const level = isNews(state, before) ? 'warn' : 'debug';
  const detail = error instanceof AutoServeError ? { reason: error.code } : { err: error };
  log[level](detail, `the ingress is not as it should be: ${state.message}`);
}

/**
 * Whether users should hear of it. The engine and nginx say the same with another id or time at every attempt, so that
 * the reason counts; of refusals, which come without, the message does, too.
 */
export function isNews(state: IngressState, before: IngressState): boolean {
  if (state.reason !== before.reason) return true;
  return state.reason === 'ConfigurationRefused' && state.message !== before.message;
}
