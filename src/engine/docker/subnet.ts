/** Arithmetic on IPv4 subnets in CIDR notation: `172.18.0.0/16`. */

interface Range {
  first: number;
  size: number;
}

/** The lower half, left to Docker to hand out at start. */
export function lowerHalf(subnet: string): string {
  const { first, size } = parse(subnet);
  return `${format(first)}/${32 - Math.log2(size / 2)}`;
}

/** The lowest address of the upper half that is not `taken`; undefined when all are. */
export function freeAddress(subnet: string, taken: ReadonlySet<string>): string | undefined {
  const { first, size } = parse(subnet);
  // The last address is the subnet's broadcast address.
  for (let address = first + size / 2; address < first + size - 1; address += 1) {
    const text = format(address);
    if (!taken.has(text)) return text;
  }
  return undefined;
}

function parse(subnet: string): Range {
  const [address = '', prefix = ''] = subnet.split('/');
  const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return { first, size: 2 ** (32 - Number(prefix)) };
}

function format(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
