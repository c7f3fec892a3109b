import type { Scaling } from '../../manifest/app.gen.ts';
import type { Clamp, Factor, ScalingDecision, ScalingInput } from './algorithm.ts';
import { counts } from './factor.ts';
import { figure, instances, listed, nameOf, quantity } from './sentence.ts';

/** Why an application has the count it has: `autoserve why`. Lines of text, and a table of cells to be aligned. */
export interface Explanation {
  headline: string;
  /** The metrics beside their targets, with a header; empty where none is looked at. */
  table: string[][];
  notes: string[];
}

export interface Explained {
  app: string;
  /** The last evaluation; null before the first. */
  last: { input: ScalingInput; decision: ScalingDecision } | null;
  /** The last change of the count. */
  change: { at: string; from: number; to: number; message: string; by: string | null } | null;
  /** Set where a person decided on another count than the manifest's. */
  byHand: string | null;
  /** Why there are to be none, whatever the policy says; null where it is followed. */
  stopped: string | null;
}

const BAR_WIDTH = 20;

/** @param replicas how many there are to be now */
export function explain(
  { app, last, change, byHand, stopped }: Explained,
  policy: Scaling,
  replicas: number,
): Explanation {
  const has = `${app} has ${instances(replicas)}`;
  const changed = change
    ? [
        `last change: ${change.from} to ${change.to} at ${change.at}${change.by === null ? '' : ` by ${change.by}`}: ${change.message}`,
      ]
    : [];
  if (stopped !== null) return { headline: `${has}: ${stopped}`, table: [], notes: changed };
  if (policy.mode === 'manual')
    return {
      headline: byHand === null ? `${has} because its mode is manual` : `${has}: ${byHand}`,
      table: [],
      notes: [...changed, `more or fewer: autoserve scale app ${app} N, or mode: auto in its manifest`],
    };
  if (!last)
    return {
      headline: `${has} and was not evaluated yet`,
      table: [],
      notes: [...changed, `allowed: ${policy.minReplicas} to ${policy.maxReplicas}`],
    };
  const { input, decision } = last;
  return {
    headline: `${app} has ${instances(decision.desired)}: ${decision.message} (${decision.reason})`,
    table: [
      ['METRIC', 'VALUE', 'TARGET', 'OF TARGET', legendOf(policy), 'ASKS FOR'],
      ...decision.factors.filter(({ weight }) => weight > 0).map((factor) => row(factor, policy)),
    ],
    notes: [
      `ready: ${input.current.ready} of ${decision.desired}`,
      `allowed: ${policy.minReplicas} to ${policy.maxReplicas}${stepsOf(policy)}`,
      ...decision.clamps.map(describeClamp),
      ...changed,
      ...moreWhen(decision, policy),
      ...fewerWhen(decision, policy),
    ],
  };
}

function row(factor: Factor, policy: Scaling): string[] {
  const { metric, value, target, asked } = factor;
  const name = nameOf(metric);
  if (!counts(factor)) return [name, '-', quantity(metric, target), 'nothing to measure', '', '-'];
  const share = factor.factor;
  if (value === null || share === null) return [name, '-', quantity(metric, target), factor.state, '', '-'];
  return [
    name,
    quantity(metric, value),
    quantity(metric, target),
    `${figure(share * 100)} %${factor.state === 'measured' ? '' : ` (${factor.state})`}`,
    bar(share, policy),
    asked === null ? '-' : String(asked),
  ];
}

/** Up to 100 % of the target, with `<` at the scale-in threshold and `>` at the scale-out threshold. */
function bar(share: number, policy: Scaling): string {
  const filled = Math.round(Math.min(1, share) * BAR_WIDTH);
  const mark = (percent: number): number => Math.min(BAR_WIDTH - 1, Math.round((percent / 100) * BAR_WIDTH));
  const cells = Array.from({ length: BAR_WIDTH }, (_, index): string => (index < filled ? '#' : '.'));
  cells[mark(policy.scaleInThresholdPct)] = '<';
  cells[mark(policy.scaleOutThresholdPct)] = '>';
  return `[${cells.join('')}]`;
}

function legendOf({ scaleInThresholdPct, scaleOutThresholdPct }: Scaling): string {
  return `< ${scaleInThresholdPct} %, > ${scaleOutThresholdPct} %`;
}

function stepsOf({ maxScaleOutStep, maxScaleInStep }: Scaling): string {
  const out = maxScaleOutStep === 0 ? '' : `, at most ${maxScaleOutStep} more at once`;
  return `${out}${maxScaleInStep === 0 ? '' : `, at most ${maxScaleInStep} fewer at once`}`;
}

function describeClamp({ kind, asked, allowed, secondsLeft }: Clamp): string {
  const time = secondsLeft === undefined ? '' : `, ${secondsLeft} s left`;
  return `${clampWords[kind]}: ${allowed} instead of ${asked}${time}`;
}

const clampWords: Record<Clamp['kind'], string> = {
  MinReplicas: 'minReplicas',
  MaxReplicas: 'maxReplicas',
  ScaleOutStep: 'maxScaleOutStep',
  ScaleInStep: 'maxScaleInStep',
  Cooldown: 'cooldown',
  Rollout: 'rollout under way',
  Stabilization: 'stabilization',
  MissingMetrics: 'metrics missing',
  Projection: 'load on those that stay',
  LatencyFloor: 'too slow before',
};

/** What would have to happen for more instances, unless a metric is high already. */
function moreWhen({ desired, factors }: ScalingDecision, policy: Scaling): string[] {
  if (desired >= policy.maxReplicas) return [`more: maxReplicas is ${policy.maxReplicas}`];
  const [nearest] = known(factors).toSorted((a, b) => b.factor - a.factor);
  if (!nearest || nearest.factor * 100 >= policy.scaleOutThresholdPct) return [];
  const { metric, value, target } = nearest;
  const threshold = quantity(metric, (target * policy.scaleOutThresholdPct) / 100);
  return [
    `more: when ${nameOf(metric)}, the nearest, is above ${threshold}; it is ${quantity(metric, value)}`,
  ];
}

/** What would have to happen for fewer, unless only time is in the way. */
function fewerWhen({ desired, factors }: ScalingDecision, policy: Scaling): string[] {
  if (desired <= policy.minReplicas) return [`fewer: minReplicas is ${policy.minReplicas}`];
  const share = policy.scaleInThresholdPct / 100;
  const conditions = [
    ...known(factors)
      .filter(({ factor }) => factor > share)
      .map(({ metric, target }) => `${nameOf(metric)} is ${quantity(metric, target * share)} or less`),
    ...factors
      .filter((one) => counts(one) && one.state !== 'measured')
      .map(({ metric }) => `${nameOf(metric)} is measured again`),
  ];
  if (conditions.length === 0) return [];
  return [`fewer: when ${listed(conditions)}, for ${policy.stabilizationWindowSeconds} s`];
}

function known(factors: readonly Factor[]): (Factor & { value: number; factor: number })[] {
  return factors.flatMap((one) => {
    const { value, factor } = one;
    return counts(one) && value !== null && factor !== null ? [{ ...one, value, factor }] : [];
  });
}
