import type Docker from 'dockerode';

export interface ContainerEvent {
  action: string;
  containerId: string;
  name: string;
  /** Milliseconds since the epoch, by Docker's own clock. */
  at: number;
}

interface RawEvent {
  Action: string;
  timeNano: number;
  Actor: { ID: string; Attributes: { name: string } };
}

/** Docker's own record of what happened to the containers with a label, without asking it over and over. */
export class EngineEvents {
  readonly seen: ContainerEvent[] = [];
  readonly #waiting = new Set<() => void>();
  #stream: NodeJS.ReadableStream | undefined;

  static async open(docker: Docker, label: string): Promise<EngineEvents> {
    const events = new EngineEvents();
    const stream = await docker.getEvents({ filters: { type: ['container'], label: [label] } });
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter(Boolean)) events.#add(JSON.parse(line) as RawEvent);
    });
    events.#stream = stream;
    return events;
  }

  /** Resolves with the first event from position `from` on that fits; rejects after a minute. */
  async next(from: number, fits: (event: ContainerEvent) => boolean): Promise<ContainerEvent> {
    const [event] = await this.count(1, from, fits);
    if (!event) throw new Error('no such event');
    return event;
  }

  /** Resolves with the first `wanted` events from position `from` on that fit. */
  async count(
    wanted: number,
    from: number,
    fits: (event: ContainerEvent) => boolean,
  ): Promise<ContainerEvent[]> {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`waited two minutes for ${wanted} events`));
      }, 120_000);
      const look = (): void => {
        const found = this.seen.slice(from).filter(fits);
        if (found.length < wanted) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found.slice(0, wanted));
      };
      this.#waiting.add(look);
      look();
    });
  }

  close(): void {
    if (this.#stream && 'destroy' in this.#stream) (this.#stream as NodeJS.ReadStream).destroy();
  }

  #add({ Action, timeNano, Actor }: RawEvent): void {
    this.seen.push({
      action: Action,
      containerId: Actor.ID,
      name: Actor.Attributes.name,
      at: timeNano / 1e6,
    });
    for (const look of this.#waiting) look();
  }
}
