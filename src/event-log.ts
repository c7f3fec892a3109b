import type { Logger } from 'pino';
import type { EventSeverity, NewEvent } from './store/store.ts';

const LEVELS: Partial<Record<EventSeverity, 'warn' | 'error'>> = {
  warning: 'warn',
  error: 'error',
  critical: 'error',
};

/** Tells of events that went wrong in the log as well, for whoever reads that and not the database. */
export function logEvents(logger: Logger, events: readonly NewEvent[]): void {
  for (const { severity, reason, appName: app, message } of events) {
    const level = LEVELS[severity];
    if (level) logger[level]({ ...(app !== null && { app }), reason }, message);
  }
}
