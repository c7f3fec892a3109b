import type { Config } from '../config.ts';
import { messageOf } from '../error.ts';
import { isUnavailable, type Database } from '../store/database.ts';
import { listen } from '../store/listen.ts';
import { noticeOf, type PullNotice } from '../store/pull-notice.ts';
import { withDatabase } from './database.ts';

/** The net under notifications, which a broken connection or a connection pooler loses. */
const LOOK_MS = 2_000;

/**
 * Looks at the database now and whenever it changes, until `look` returns true or the time is over; returns whether it
 * did. A database that goes away meanwhile is waited for. Throws as `withDatabase` when it is not there at first.
 *
 * @param onPull hears how far the pulls of images are, of which no row tells
 */
export async function follow(
  config: Config,
  timeoutMs: number,
  look: (database: Database) => Promise<boolean>,
  onPull: (notice: PullNotice) => void = () => undefined,
): Promise<boolean> {
  return await withDatabase(config, async (database, url) => {
    const deadline = Date.now() + timeoutMs;
    let wake: () => void = () => undefined;
    let changed = false;
    const listening = listen(url, 'autoserve', (payload) => {
      const notice = noticeOf(payload ?? '');
      if (notice) return onPull(notice);
      changed = true;
      wake();
    });
    try {
      let lookedOnce = false;
      for (;;) {
        changed = false;
        try {
          if (await look(database)) return true;
          lookedOnce = true;
        } catch (error) {
          if (!lookedOnce || !isUnavailable(error)) throw error;
          console.error(`the database does not answer, trying again: ${messageOf(error)}`);
        }
        const rest = deadline - Date.now();
        if (rest <= 0) return false;
        if (!changed) await pause(Math.min(rest, LOOK_MS), (stop) => (wake = stop));
      }
    } finally {
      await listening.close();
    }
  });
}

/** Ends after `ms` or when what `handOver` is given is called. */
async function pause(ms: number, handOver: (stop: () => void) => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    handOver(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
