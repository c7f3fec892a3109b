/** Differences shown one by one; of more, the rest is counted. */
const most = 3;

/** Changes as one line: `image "shop:7" => "shop:8", replicas 2 => 3, and 4 more`. */
export function changesInLine(changes: readonly string[]): string {
  const rest = changes.length - most;
  return [...changes.slice(0, most), ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ');
}
