const memoryUnits: Record<string, number> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/**
 * Billionths of a core: 0.5, "0.5" and "500m" are 500000000. Throws `RangeError` for anything the schema does
 * not allow.
 */
export function cpuToNano(value: number | string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(m?)$/.exec(decimal(value));
  if (!match) throw new RangeError(`not an amount of cpu: ${value}`);
  return Math.round(Number(match[1]) * (match[2] === 'm' ? 1e6 : 1e9));
}

/** Whole bytes: 268435456 and "256Mi" are the same. Throws `RangeError` for anything the schema does not allow. */
export function memoryToBytes(value: number | string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)([KMGT]i|[kMGT])?$/.exec(decimal(value));
  if (!match) throw new RangeError(`not an amount of memory: ${value}`);
  return Math.round(Number(match[1]) * (memoryUnits[match[2] ?? ''] ?? 1));
}

/** Numbers beyond 1e21 or below 1e-6 print with an exponent, which users do not write. */
function decimal(value: number | string): string {
  if (typeof value === 'string') return value;
  return Number.isFinite(value) && value >= 0 ? value.toFixed(9) : String(value);
}
