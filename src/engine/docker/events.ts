import type Docker from 'dockerode';
import type { Socket } from 'node:net';
import { EngineError } from '../engine.ts';
import { INSTALLATION_LABEL, appOf } from '../labels.ts';
import type { Clock } from '../../clock.ts';
import type { DockerConnection } from './connection.ts';
import { toEngineError } from './errors.ts';

/** Docker drops events now and then, and those of the moment before a connection. */
const OVERLAP_SECONDS = 5;
const KEEP_ALIVE_MS = 15_000;
const BACKOFF_MS = 200;
const BACKOFF_LIMIT_MS = 10_000;

const FILTERS: Exclude<Docker.GetEventsOptions['filters'], string | undefined> = {
  // Networks too: a container that is disconnected says so only there, without the labels to filter by.
  type: ['container', 'network'],
  event: [
    'create',
    'start',
    'kill',
    'die',
    'stop',
    'oom',
    'pause',
    'unpause',
    'rename',
    'update',
    'destroy',
    'disconnect',
  ],
};

interface DockerEvent {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes?: Record<string, string> };
  /** Seconds since 1970. */
  time: number;
  /** Nanoseconds since 1970, to about a microsecond. */
  timeNano: number;
}

/** A container that an event is about; `app` only if the event tells it to be of this installation. */
export interface ContainerEvent {
  id: string;
  /** `start`, `die`, …; `disconnect` of a network. */
  action: string;
  app: string | undefined;
  at: Date;
  /** Of a `die`. */
  exitCode: number;
  /** Of a `kill`: the number of the signal that somebody had Docker send. */
  signal: number;
  /** Happened while the stream was open; what was before may be told without what led to it. */
  live: boolean;
}

export interface EventListener {
  onEvent(event: ContainerEvent): void;
  onReconnect(): void;
  onDisconnect(error: Error): void;
}

/** Follows Docker's events until `close`, connecting again whenever the stream breaks or ends. */
export class EventStream {
  readonly #connection: DockerConnection;
  readonly #installation: string;
  readonly #clock: Clock;
  readonly #listener: EventListener;
  readonly #closing = new AbortController();
  /** Seconds since 1970 of the last event seen. */
  #last: number;
  #failures = 0;
  #cancelRetry: (() => void) | undefined;

  constructor(connection: DockerConnection, installation: string, clock: Clock, listener: EventListener) {
    this.#connection = connection;
    this.#installation = installation;
    this.#clock = clock;
    this.#listener = listener;
    this.#last = Math.floor(clock.now().getTime() / 1000);
    this.#connect();
  }

  close(): void {
    this.#closing.abort();
    this.#cancelRetry?.();
  }

  #connect(): void {
    this.#follow().catch((error: unknown) => {
      if (this.#closing.signal.aborted) return;
      if (this.#failures === 0)
        this.#listener.onDisconnect(toEngineError(error, this.#connection.address, 'follow events'));
      const backoff = Math.min(BACKOFF_MS * 2 ** this.#failures, BACKOFF_LIMIT_MS);
      this.#failures += 1;
      this.#cancelRetry = this.#clock.schedule(backoff, () => this.#connect());
    });
  }

  /** Never resolves while it is open: that a stream ends is a failure, too. */
  async #follow(): Promise<never> {
    const stream = await this.#connection.call('follow events', (docker) =>
      docker.getEvents(this.#options()),
    );
    // Over TCP, a peer that vanished is noticed only by asking.
    (stream as NodeJS.ReadableStream & { socket?: Socket }).socket?.setKeepAlive(true, KEEP_ALIVE_MS);
    const openedAt = this.#clock.now();
    if (this.#failures > 0) this.#listener.onReconnect();
    this.#failures = 0;
    let text = '';
    stream.setEncoding('utf8');
    for await (const chunk of stream) {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) this.#read(line, openedAt);
    }
    throw new EngineError(
      'EngineUnavailable',
      `Docker at ${this.#connection.address} ended the stream of events`,
    );
  }

  #options(): Docker.GetEventsOptions {
    const options = {
      since: this.#last - OVERLAP_SECONDS,
      filters: FILTERS,
      abortSignal: this.#closing.signal,
    };
    return options;
  }

  #read(line: string, openedAt: Date): void {
    if (line.trim() === '') return;
    const event: DockerEvent = JSON.parse(line);
    this.#last = Math.max(this.#last, event.time);
    const attributes = event.Actor.Attributes ?? {};
    const ofNetwork = event.Type === 'network';
    const id = ofNetwork ? attributes['container'] : event.Actor.ID;
    const ours = ofNetwork || attributes[INSTALLATION_LABEL] === this.#installation;
    if (id === undefined || !ours) return;
    const at = new Date(event.timeNano / 1e6);
    this.#listener.onEvent({
      id,
      action: event.Action,
      app: ofNetwork ? undefined : appOf(attributes),
      at,
      exitCode: Number(attributes['exitCode']),
      signal: Number(attributes['signal']),
      live: at >= openedAt,
    });
  }
}
