import type { Clock } from '../../clock.ts';
import type { Outbox } from '../../control/outbox.ts';
import type { Roster, RosterEntry } from '../../control/roster.ts';
import { httpPortOf } from '../../manifest/http-port.ts';
import type { MetricSample } from '../../store/metrics.ts';
import type { ApplicationRecord } from '../../store/store.ts';
import { desiredOf, wantedReplicas } from '../application/desired.ts';
import type { ScalingAlgorithm, ScalingInput, ScalingMemory } from './algorithm.ts';
import {
  isRecorded,
  ledgerEntry,
  memoryAfterRestart,
  recordedOf,
  type LedgerEntry,
  type Recorded,
} from './ledger.ts';
import { windowOf } from './window.ts';

export interface ScalingControllerOptions {
  algorithm: ScalingAlgorithm;
  outbox: Outbox;
  clock: Clock;
  roster: Roster;
  /** Whether nothing is to be carried out: then nothing is decided either. */
  observing: boolean;
  /** Whether there is an ingress, so that requests can be measured. */
  routed: boolean;
  /** The last decision on each application, for what is still known after a restart. */
  last: readonly LedgerEntry[];
  /** An application's samples of level `app` of the last seconds. */
  samplesOf: (app: string, seconds: number) => readonly MetricSample[];
  /** Called with every evaluation. */
  onDecision: (direction: 'out' | 'in' | 'hold') => void;
  /** Called when the count of an application has changed. */
  onChange: (app: string) => void;
}

interface Past {
  uid: string;
  memory: ScalingMemory;
  recorded: Recorded | null;
  /** A change that was recorded, until the roster shows it. */
  change: { to: number; at: Date } | null;
  /** When the last change was recorded. */
  changedAt: Date | null;
}

/** A change that is not shown by then was overtaken by another one. */
const SHOWN_WITHIN_MS = 60_000;

/** Asks the algorithm about every application in mode auto, and records what it decides. */
export class ScalingController {
  readonly #options: ScalingControllerOptions;
  readonly #pasts = new Map<string, Past>();
  #recording = false;

  constructor(options: ScalingControllerOptions) {
    this.#options = options;
    for (const entry of options.last)
      this.#pasts.set(entry.appName, {
        uid: entry.appUid,
        memory: memoryAfterRestart(entry),
        recorded: recordedOf(entry),
        change: null,
        changedAt: null,
      });
  }

  /** Looks at every application once. What the database does not take now is decided anew at the next look. */
  async evaluate(): Promise<void> {
    const { outbox, roster, observing, onChange } = this.#options;
    if (observing || this.#recording) return;
    const scaled = roster.entries.filter(isScaled);
    const names = new Set(scaled.map(({ application }) => application.name));
    // Before the first pass nobody is there, and what was known before a restart is still to be of use.
    if (roster.entries.length > 0)
      for (const name of this.#pasts.keys()) if (!names.has(name)) this.#pasts.delete(name);
    const entries = scaled.flatMap((entry) => this.#decide(entry));
    if (entries.length === 0) return;
    this.#recording = true;
    const written = await outbox
      .attempt((store) => store.recordScaling(entries))
      .finally(() => {
        this.#recording = false;
      });
    for (const entry of written ? entries : []) {
      const { appName, evaluatedAt: at, decision, desiredReplicas } = entry;
      const past = this.#pasts.get(appName);
      if (!past) continue;
      past.recorded = recordedOf(entry);
      past.change = decision === 'hold' ? null : { to: desiredReplicas, at };
      if (past.change) past.changedAt = at;
    }
    for (const { appName, decision } of entries) if (decision !== 'hold') onChange(appName);
  }

  #decide({ application, members }: RosterEntry): LedgerEntry[] {
    const { algorithm, clock, routed, samplesOf, onDecision } = this.#options;
    const { name, uid, manifest, rollout } = application;
    const ready = members.filter((member) => member.ready).length;
    const policy = manifest.scaling;
    const past = this.#pastOf(application);
    const now = clock.now();
    if (isUnseen(past, application, now)) return [];
    const { revision, manifest: wanted } = desiredOf(application);
    const scope = {
      now,
      windowSeconds: policy.windowSeconds,
      routed: routed && httpPortOf(wanted) !== undefined,
      ready,
    };
    const input: ScalingInput = {
      policy,
      revision,
      current: { desired: countOf(application), ready },
      rollingOut: rollout?.revision !== revision || rollout.outcome === 'progressing',
      lastScaledAt: lastScaled(past, application)?.toISOString() ?? null,
      window: windowOf(samplesOf(name, policy.windowSeconds), scope),
      memory: past.memory,
      now,
    };
    const decision = algorithm(input);
    past.memory = decision.memory;
    onDecision(decision.direction);
    if (!isRecorded(decision, policy, past.recorded, now)) return [];
    return [ledgerEntry({ name, uid }, input, decision)];
  }

  #pastOf({ name, uid }: ApplicationRecord): Past {
    const known = this.#pasts.get(name);
    if (known?.uid === uid) return known;
    const past = {
      uid,
      memory: memoryAfterRestart(undefined),
      recorded: null,
      change: null,
      changedAt: null,
    };
    this.#pasts.set(name, past);
    return past;
  }
}

function isScaled({ application: { manifest, deletionRequestedAt } }: RosterEntry): boolean {
  return manifest.scaling.mode === 'auto' && !manifest.spec.suspend && deletionRequestedAt === null;
}

/** Whether what was decided last is not yet what is known of the application: it would be decided once more. */
function isUnseen({ change }: Past, application: ApplicationRecord, now: Date): boolean {
  if (!change || countOf(application) === change.to) return false;
  return now.getTime() - change.at.getTime() < SHOWN_WITHIN_MS;
}

/** The roster tells of a change one pass after the count. */
function lastScaled({ changedAt }: Past, { lastScaledAt }: ApplicationRecord): Date | null {
  if (!changedAt || !lastScaledAt) return changedAt ?? lastScaledAt;
  return changedAt > lastScaledAt ? changedAt : lastScaledAt;
}

/** The count that was decided on, which a changed policy may have put out of its bounds. */
function countOf(application: ApplicationRecord): number {
  return application.scaledReplicas ?? wantedReplicas(application);
}
