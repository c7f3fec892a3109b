/** The way of an application from one revision to the next, as it is stored. Times are ISO 8601. */
export interface Rollout {
  revision: number;
  startedAt: string;
  /** When more instances of the revision than ever before were available. */
  progressedAt: string;
  /** The most instances of the revision that were available at once. */
  available: number;
  outcome: 'progressing' | 'complete' | 'failed';
  paused: boolean;
  /** Why it failed; empty otherwise. */
  reason: '' | 'ProgressDeadlineExceeded' | 'CrashLoop';
  message: string;
}

export interface RolloutFacts {
  revision: number;
  /** Instances of the revision that are available now. */
  available: number;
  /** Whether all that is desired is available and nothing older is left. */
  complete: boolean;
  /** The instance of the revision that crashed most often in a row, if any did. */
  worst: { name: string; crashes: number; finding: string } | null;
  progressDeadlineSeconds: number;
  paused: boolean;
}

/** So many crashes of an instance in a row condemn a revision that is not complete, or has not been for long. */
const CONDEMNING_CRASHES = 3;
/** A crash loop this soon after the last progress is the release's doing, later it is rather that of the world. */
const TRIAL_MS = 60_000;

/**
 * The rollout after another look. One that fails stays failed; one that is complete fails only if it crash-loops soon
 * after. The deadline counts from the last progress and stands still while the rollout is paused.
 */
export function nextRollout(previous: Rollout | null, facts: RolloutFacts, now: Date): Rollout {
  const at = now.toISOString();
  const base: Rollout =
    previous?.revision === facts.revision
      ? previous
      : {
          revision: facts.revision,
          startedAt: at,
          progressedAt: at,
          available: 0,
          outcome: 'progressing',
          paused: facts.paused,
          reason: '',
          message: '',
        };
  if (base.outcome === 'failed') return base;
  const isCrashLooping = facts.worst !== null && facts.worst.crashes >= CONDEMNING_CRASHES;
  if (base.outcome === 'complete') {
    const onTrial = now.getTime() < Date.parse(base.progressedAt) + TRIAL_MS;
    return isCrashLooping && onTrial ? crashLooping(base, facts) : base;
  }
  const { available, paused } = facts;
  const resumed = base.paused && !paused;
  const moved = available > base.available || resumed ? { progressedAt: at } : {};
  const rollout = { ...base, ...moved, paused, available: Math.max(available, base.available) };
  if (facts.complete) return { ...rollout, outcome: 'complete' };
  if (isCrashLooping) return crashLooping(rollout, facts);
  if (!paused && now >= deadlineOf(rollout, facts.progressDeadlineSeconds))
    return {
      ...rollout,
      outcome: 'failed',
      reason: 'ProgressDeadlineExceeded',
      message: `no progress for ${facts.progressDeadlineSeconds} s: ${rollout.available} available`,
    };
  return rollout;
}

function crashLooping(rollout: Rollout, { worst }: RolloutFacts): Rollout {
  const message = worst ? `${worst.name} ${worst.finding}, crash ${worst.crashes} in a row` : '';
  return { ...rollout, outcome: 'failed', reason: 'CrashLoop', message };
}

/** When a rollout that makes no more progress fails. */
export function deadlineOf({ progressedAt }: Rollout, progressDeadlineSeconds: number): Date {
  return new Date(Date.parse(progressedAt) + progressDeadlineSeconds * 1_000);
}
