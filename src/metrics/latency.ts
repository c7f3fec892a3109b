import { build, type Histogram } from 'hdr-histogram-js';

/** Two significant digits: a percentile is at most 1 % above the value it stands for. */
const SIGNIFICANT_DIGITS = 2;
/** An hour; what lasted longer counts as an hour. */
const LONGEST_MS = 3_600_000;

/**
 * A distribution of durations in full milliseconds (as finely as nginx measures), as an HDR histogram (Gil Tene,
 * hdrhistogram.org). Those of several instances or intervals are merged before a percentile is taken, for the mean of
 * percentiles is not a percentile of anything.
 */
export class Latency {
  /** Most of them never get a value: made with the first. */
  #histogram: Histogram | undefined;

  get count(): number {
    return this.#histogram?.totalCount ?? 0;
  }

  record(ms: number, count = 1): void {
    this.#histogram ??= newHistogram();
    this.#histogram.recordValueWithCount(Math.min(Math.round(ms), LONGEST_MS), count);
  }

  add(other: Latency): void {
    if (!other.#histogram) return;
    this.#histogram ??= newHistogram();
    this.#histogram.add(other.#histogram);
  }

  /** In milliseconds, `percent` of 0 to 100; null when nothing was recorded. */
  percentile(percent: number): number | null {
    return this.#histogram?.getValueAtPercentile(percent) ?? null;
  }
}

function newHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    autoResize: true,
    lowestDiscernibleValue: 1,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
  });
}
