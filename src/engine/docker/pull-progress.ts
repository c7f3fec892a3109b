import type { PullProgress } from '../engine.ts';

/** One line of Docker's answer to a pull. */
interface PullMessage {
  status?: string;
  /** Of the layer; missing on lines about the whole image. */
  id?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
}

interface Layer {
  current: number;
  total: number;
}

const DOWNLOADED = new Set(['Download complete', 'Pull complete']);

/**
 * Reads the answer to a pull to its end and reports how far it is, whenever the words or the whole percent change.
 * Throws what Docker says when the pull fails underway: that does not show in the answer's status.
 */
export async function followPull(
  answer: NodeJS.ReadableStream,
  report: (progress: PullProgress) => void,
): Promise<void> {
  const layers = new Map<string, Layer>();
  let last: PullProgress = { status: '', percent: null };
  for await (const message of messages(answer)) {
    if (message.error !== undefined) throw new Error(message.error);
    note(layers, message);
    const now = { status: message.status ?? last.status, percent: percentOf(layers, last.percent) };
    if (now.status === last.status && now.percent === last.percent) continue;
    last = now;
    report(now);
  }
}

async function* messages(answer: NodeJS.ReadableStream): AsyncGenerator<PullMessage> {
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer) {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
}

function note(layers: Map<string, Layer>, { id, status, progressDetail }: PullMessage): void {
  if (id === undefined || status === undefined) return;
  const { current = 0, total = 0 } = progressDetail ?? {};
  if (status === 'Downloading' && total > 0) layers.set(id, { current, total });
  const layer = layers.get(id);
  if (layer && DOWNLOADED.has(status)) layer.current = layer.total;
}

/** Sizes become known layer by layer; what was reported is never taken back. */
function percentOf(layers: ReadonlyMap<string, Layer>, before: number | null): number | null {
  let current = 0;
  let total = 0;
  for (const layer of layers.values()) {
    current += layer.current;
    total += layer.total;
  }
  return total === 0 ? before : Math.max(before ?? 0, Math.floor((100 * current) / total));
}
