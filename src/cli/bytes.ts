const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A size as people read it, in three digits or so: `512 bytes`, `8.2 MiB`, `120 GiB`. */
export function formatBytes(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1_000 && unit < UNITS.length - 1) {
    amount /= 1_024;
    unit += 1;
  }
  return `${amount < 10 && unit > 0 ? amount.toFixed(1) : amount.toFixed(0)} ${UNITS[unit]}`;
}
