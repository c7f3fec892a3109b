import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import { messageOf } from '../../error.ts';
import type { Connection } from '../../store/database.ts';
import {
  cleanupOldData,
  ensureMetricsPartitions,
  scheduleWithPgCron,
  writeRetentionPeriods,
  type Cleaned,
  type RetentionDays,
} from '../../store/retention.ts';
import { pauseAfter } from './schedule.ts';

export interface RetentionSettings {
  days: RetentionDays;
  intervalMinutes: number;
  /** Leave the cleanup to the extension pg_cron, where the database has it. */
  pgCron: boolean;
}

export interface RetentionOptions extends RetentionSettings {
  connection: Connection;
  clock: Clock;
  logger: Logger;
}

/** Removes what is older than it is kept, in small batches, and makes the partitions of the days to come. */
export class RetentionController {
  readonly #options: RetentionOptions;
  #prepared = false;
  #byCron = false;
  #running: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Finishes the batch in hand. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, logger, intervalMinutes } = this.#options;
    const cleaned = await this.#clean().catch((error: unknown) => {
      logger.warn({ err: error }, `could not remove old data; will try again: ${messageOf(error)}`);
      return 'failed' as const;
    });
    if (this.#stopped) return;
    this.#cancel = clock.schedule(pauseAfter(cleaned, intervalMinutes * 60_000), () => this.start());
  }

  async #clean(): Promise<Cleaned[]> {
    const { connection, logger } = this.#options;
    await this.#prepare();
    await ensureMetricsPartitions(connection);
    if (this.#byCron) return [];
    const cleaned = await cleanupOldData(connection);
    const removed = cleaned.filter(({ deleted_count: count }) => count > 0);
    if (removed.length > 0)
      logger.info(
        Object.fromEntries(removed.map((row) => [row.table_name, row.deleted_count])),
        'removed old data',
      );
    return cleaned;
  }

  async #prepare(): Promise<void> {
    if (this.#prepared) return;
    const { connection, logger, days, pgCron } = this.#options;
    await writeRetentionPeriods(connection, days);
    this.#byCron = pgCron && (await scheduleWithPgCron(connection));
    if (pgCron && !this.#byCron)
      logger.warn('the database has no pg_cron: AutoServe removes old data itself');
    this.#prepared = true;
  }
}
