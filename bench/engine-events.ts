import type Docker from 'dockerode';
import { Sightings } from './sightings.ts';

export interface ContainerEvent {
  action: string;
  containerId: string;
  name: string;
  image: string;
  /** Milliseconds since the epoch, by Docker's own clock. */
  at: number;
}

interface RawEvent {
  Action: string;
  timeNano: number;
  Actor: { ID: string; Attributes: { name: string; image: string } };
}

/** Docker's own record of what happened to the containers with a label, without asking it over and over. */
export class EngineEvents extends Sightings<ContainerEvent> {
  #stream: NodeJS.ReadableStream | undefined;

  static async open(docker: Docker, label: string): Promise<EngineEvents> {
    const events = new EngineEvents();
    const stream = await docker.getEvents({ filters: { type: ['container'], label: [label] } });
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter(Boolean)) events.add(eventOf(JSON.parse(line) as RawEvent));
    });
    events.#stream = stream;
    return events;
  }

  close(): void {
    if (this.#stream && 'destroy' in this.#stream) (this.#stream as NodeJS.ReadStream).destroy();
  }
}

function eventOf({ Action, timeNano, Actor }: RawEvent): ContainerEvent {
  const { name, image } = Actor.Attributes;
  return { action: Action, containerId: Actor.ID, name, image, at: timeNano / 1e6 };
}
