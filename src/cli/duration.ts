const unitMs: Record<string, number> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 };

/** Milliseconds of `60s`, `2m`, `1h30m`, `500ms` or a plain number of seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(text)) return undefined;
  return [...text.matchAll(/([\d.]+)(ms|[smhd])/g)].reduce(
    (total, [, amount, unit]) => total + Number(amount) * (unitMs[unit ?? ''] ?? 0),
    0,
  );
}

/** A stretch of time as people read it, never more than two units: `18s`, `9m41s`, `3h5m`, `3d`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [minutes, hours, days] = [seconds / 60, seconds / 3600, seconds / 86_400].map(Math.floor) as [
    number,
    number,
    number,
  ];
  if (seconds < 60) return `${seconds}s`;
  if (minutes < 10) return pair(`${minutes}m`, seconds % 60, 's');
  if (minutes < 60) return `${minutes}m`;
  if (hours < 10) return pair(`${hours}h`, minutes % 60, 'm');
  if (days < 2) return `${hours}h`;
  if (days < 10) return pair(`${days}d`, hours % 24, 'h');
  return `${days}d`;
}

function pair(large: string, rest: number, unit: string): string {
  return rest === 0 ? large : `${large}${rest}${unit}`;
}

/** How long ago a moment was, given as ISO 8601. */
export function age(since: string, now: Date): string {
  return formatDuration(now.getTime() - Date.parse(since));
}
