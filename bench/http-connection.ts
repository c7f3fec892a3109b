import { connect, type Socket } from 'node:net';

export interface HttpServer {
  /** Of 127.0.0.1. */
  port: number;
  host: string;
  /** Of every answer's body. */
  bodyBytes: number;
}

export interface HttpConnectionOptions extends HttpServer {
  onAnswer: (connection: HttpConnection) => void;
  onError: (error: Error) => void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const CLOSE = Buffer.from('\r\nConnection: close\r\n');
const OK = Buffer.from('HTTP/1.1 200 ');
const MOST_BYTES = 16 * 1_024;

/**
 * One connection that is kept, with one request on it at a time. It makes next to no garbage: what a process takes to
 * collect it would be measured as time of the server's.
 */
export class HttpConnection {
  /** When the request on it should have been sent, in milliseconds of `performance.now()`. */
  due = 0;
  readonly #options: HttpConnectionOptions;
  readonly #request: Buffer;
  readonly #answer = Buffer.alloc(MOST_BYTES);
  #received = 0;
  #busy = false;
  #socket: Socket;

  constructor(options: HttpConnectionOptions) {
    this.#options = options;
    this.#request = Buffer.from(`GET / HTTP/1.1\r\nHost: ${options.host}\r\n\r\n`);
    this.#socket = this.#connect();
  }

  /** Resolves when it is; what keeps it from it goes to `onError`. */
  async connected(): Promise<void> {
    if (this.#socket.connecting) await new Promise((resolve) => this.#socket.once('connect', resolve));
  }

  /** Sends a request; the one before was answered. */
  ask(): void {
    this.#busy = true;
    this.#received = 0;
    if (this.#socket.destroyed) this.#socket = this.#connect();
    this.#socket.write(this.#request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #connect(): Socket {
    const onread = {
      buffer: Buffer.alloc(MOST_BYTES),
      callback: (bytes: number, buffer: Uint8Array): boolean => {
        this.#read(bytes, buffer);
        return true;
      },
    };
    const socket = connect({ host: '127.0.0.1', port: this.#options.port, noDelay: true, onread });
    socket.on('error', (error) => this.#options.onError(error));
    socket.on('close', () => {
      if (socket === this.#socket && this.#busy) this.#fail('closed before an answer');
    });
    return socket;
  }

  #read(bytes: number, buffer: Uint8Array): void {
    if (this.#received + bytes > MOST_BYTES) return this.#fail('too long an answer');
    this.#answer.set(buffer.subarray(0, bytes), this.#received);
    this.#received += bytes;
    // What an earlier answer has left is beyond what was received.
    const headEnd = this.#answer.indexOf(HEAD_END);
    const end = headEnd + HEAD_END.length + this.#options.bodyBytes;
    if (headEnd < 0 || end > this.#received) return;
    if (end < this.#received) return this.#fail('more than one answer');
    if (this.#answer.compare(OK, 0, OK.length, 0, OK.length) !== 0) return this.#fail('not 200');
    this.#busy = false;
    const close = this.#answer.indexOf(CLOSE);
    if (close >= 0 && close < headEnd) this.#renew();
    this.#options.onAnswer(this);
  }

  #renew(): void {
    const before = this.#socket;
    this.#socket = this.#connect();
    before.destroy();
  }

  #fail(what: string): void {
    const answer = this.#answer.toString('latin1', 0, Math.min(this.#received, 200));
    this.#options.onError(new Error(`${this.#options.host}: ${what}: ${answer}`));
  }
}
