import type Docker from 'dockerode';
import { INSTALLATION_LABEL } from '../../src/engine/labels.ts';

export interface EngineWrite {
  action: string;
  id: string;
  name: string;
  /** Of a kill. */
  signal: string | undefined;
  /** When, of Unix time. */
  ms: number;
}

const READS = /^(exec_|attach|top|export)/;

/** What is done to the containers of an installation, as Docker tells it, until `close`. */
export class EngineWrites {
  readonly seen: EngineWrite[] = [];
  readonly #stream: NodeJS.ReadableStream;

  static async record(docker: Docker, installation: string): Promise<EngineWrites> {
    const label = [`${INSTALLATION_LABEL}=${installation}`];
    return new EngineWrites(await docker.getEvents({ filters: { type: ['container'], label } }));
  }

  private constructor(stream: NodeJS.ReadableStream) {
    this.#stream = stream;
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') this.#add(line);
    });
  }

  of(action: string): EngineWrite[] {
    return this.seen.filter((write) => write.action === action);
  }

  close(): void {
    (this.#stream as NodeJS.ReadStream).destroy();
  }

  #add(line: string): void {
    const { Action, Actor, timeNano } = JSON.parse(line) as {
      Action: string;
      Actor: { ID: string; Attributes: { name: string; signal?: string } };
      timeNano: number;
    };
    if (READS.test(Action)) return;
    const { name, signal } = Actor.Attributes;
    this.seen.push({ action: Action, id: Actor.ID, name, signal, ms: timeNano / 1e6 });
  }
}
