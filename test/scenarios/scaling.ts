import { expect } from 'chai';
import type { LedgerInputs } from '../../src/controllers/scaling/ledger.ts';
import { ask, sendLoad, type LoadOptions, type LoadReport } from '../../scripts/load.ts';
import { eventually } from '../eventually.ts';
import { eventsOf } from './agreement.ts';
import type { IngressGround } from './ingress.ts';
import type { Installation } from './installation.ts';

/** A row of `scaling_decisions` that changed the count. */
export interface Change {
  evaluated_at: Date;
  decision: 'scale_out' | 'scale_in';
  current_replicas: number;
  desired_replicas: number;
  reason: string;
  message: string;
  inputs: LedgerInputs;
}

/** A measurement is taken every 5 s, and the windows are as short. */
export const SAMPLES_OF_WINDOW = 1;
const LONGEST_LOAD_SECONDS = 120;
/** Two whole windows, and the time that a loaded host takes to start a container. */
const DEADLINE_MS = 60_000;
const ANSWERS_IN_A_ROW = 4;
const BETWEEN_ANSWERS_MS = 250;

/** An app in mode auto behind the ingress, and the load on it. */
export class ScaledApp {
  readonly name: string;
  readonly #installation: Installation;
  readonly #ingress: IngressGround;

  constructor(installation: Installation, ingress: IngressGround, name: string) {
    this.name = installation.nameOf(name);
    this.#installation = installation;
    this.#ingress = ingress;
  }

  /**
   * Waits until it answers through the ingress, time and again: while nginx takes over the route, workers without it still
   * answer some. What is asked here is load, too, and there is to be little of it.
   */
  async isReachable(): Promise<void> {
    let answers = 0;
    await eventually(
      async () => {
        const failure = await ask(this.#target);
        answers = failure === null ? answers + 1 : 0;
        expect(answers, failure ?? 'answers in a row').to.equal(ANSWERS_IN_A_ROW);
      },
      DEADLINE_MS,
      BETWEEN_ANSWERS_MS,
    );
  }

  /** Keeps a load up until it is told to end. */
  load(request: Pick<LoadOptions, 'path' | 'perSecond'>): { end(): Promise<LoadReport> } {
    const aborter = new AbortController();
    const report = sendLoad({
      ...this.#target,
      seconds: LONGEST_LOAD_SECONDS,
      signal: aborter.signal,
      ...request,
    });
    return {
      async end() {
        aborter.abort();
        return await report;
      },
    };
  }

  /** The changes of its count, the first one first. */
  async changes(): Promise<Change[]> {
    return await this.#installation.query<Change>(
      `SELECT evaluated_at, decision, current_replicas, desired_replicas, reason, message, inputs
       FROM scaling_decisions WHERE app_name = $1 AND decision <> 'hold' ORDER BY id`,
      [this.name],
    );
  }

  /** Waits until the scaler wants so many instances, and so many are ready; returns all changes until then. */
  async reaches(replicas: number): Promise<Change[]> {
    return await eventually(async () => {
      const [application] = await this.#installation.query(
        `SELECT replicas, desired_replicas, scaled_replicas FROM applications WHERE name = $1`,
        [this.name],
      );
      const expected = { replicas, desired_replicas: replicas, scaled_replicas: replicas };
      expect(application, await this.#lastReason()).to.deep.equal(expected);
      const containers = await this.#installation.containers.list(this.name);
      expect(containers.map(({ state }) => state)).to.deep.equal(Array(replicas).fill('running'));
      return await this.changes();
    }, DEADLINE_MS);
  }

  /** Waits until each of so many intervals in a row shows that many requests a second, or more. */
  async receives(atLeast: number, intervals: number): Promise<void> {
    await eventually(async () => {
      const values = await this.requestsSince(new Date(0), new Date());
      const last = values.slice(-intervals);
      expect(last).to.have.length(intervals);
      expect(Math.min(...last)).to.be.at.least(atLeast);
    }, DEADLINE_MS);
  }

  /** What was measured of it since a moment, a value for each interval: requests a second. */
  async requestsSince(since: Date, until: Date): Promise<number[]> {
    const rows = await this.#installation.query<{ value: number }>(
      `SELECT value FROM metrics WHERE app_name = $1 AND aggregation_level = 'app' AND metric_type = 'rps'
       AND timestamp > $2 AND timestamp <= $3 ORDER BY timestamp`,
      [this.name, since, until],
    );
    return rows.map(({ value }) => value);
  }

  /** Checks that events and the time of the last change tell the same as the ledger. */
  async expectRecorded(changes: readonly Change[]): Promise<void> {
    for (const { decision, current_replicas: from, desired_replicas: to, message } of changes) {
      const reason = decision === 'scale_out' ? 'ScaledOut' : 'ScaledIn';
      const events = await eventsOf(this.#installation, reason, this.name);
      expect(events.map((event) => event.message)).to.include(`${from} to ${to} instances: ${message}`);
    }
    const [application] = await this.#installation.query<{ last_scaled_at: Date }>(
      'SELECT last_scaled_at FROM applications WHERE name = $1',
      [this.name],
    );
    expect(Number(application?.last_scaled_at)).to.be.at.least(Number(changes.at(-1)?.evaluated_at));
  }

  async #lastReason(): Promise<string> {
    const [last] = await this.#installation.query<{ reason: string; message: string }>(
      'SELECT reason, message FROM scaling_decisions WHERE app_name = $1 ORDER BY id DESC LIMIT 1',
      [this.name],
    );
    return last ? `${last.reason}: ${last.message}` : 'not evaluated yet';
  }

  get #target(): Pick<LoadOptions, 'port' | 'host'> {
    return { port: this.#ingress.port, host: `${this.name}.localhost` };
  }
}
