import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { EngineError } from '../engine.ts';
import type {
  CommandResult,
  IngressContainer,
  IngressEngine,
  IngressFile,
  IngressProcess,
  IngressSpec,
} from '../ingress-engine.ts';

/** What goes wrong, for simulations to set. */
export interface IngressFaults {
  portTaken?: boolean;
  /** What `nginx -t` says of a configuration; undefined when it passes. */
  refuse?: (config: string) => string | undefined;
  /** A reload has no effect. */
  ignoreReload?: boolean;
}

interface MemoryNginx {
  id: string;
  settings: string;
  /** The file that its command line names. */
  config: string;
  running: boolean;
  files: Map<string, IngressFile>;
  /** The configuration that its workers have. */
  loaded: string;
  /** By which its workers tell whether they are about to be replaced. */
  flag: string;
  workers: number[];
}

/** An ingress container in memory: it keeps files and links, and a reload loads what `current` leads to. */
export class MemoryIngress implements IngressEngine {
  faults: IngressFaults = {};
  /** How many signals were sent. */
  signals = 0;
  #nginx: MemoryNginx | undefined;
  #numbers = 0;
  readonly #watchers = new Set<() => void>();

  /** The configuration by which requests are served; undefined when nginx does not run. */
  get serving(): string | undefined {
    return this.#nginx?.running ? this.#nginx.loaded : undefined;
  }

  /** Whether who is answered is told to connect anew. */
  get parting(): boolean {
    const flag = this.#nginx?.files.get(this.#nginx.flag);
    return flag !== undefined && 'linkTo' in flag;
  }

  /** Somebody kills the container. */
  kill(): void {
    if (this.#nginx) this.#nginx.running = false;
    this.#tell();
  }

  async findIngress(): Promise<IngressContainer | undefined> {
    if (!this.#nginx) return undefined;
    const { id, running, settings } = this.#nginx;
    return {
      id,
      running,
      settings,
      imageId: 'image',
      ip: running ? '10.0.0.2' : null,
      exitCode: running ? null : 137,
    };
  }

  async createIngress({ settings, command }: IngressSpec): Promise<string> {
    if (this.#nginx) throw new EngineError('NameTaken', 'there is an ingress container');
    const id = `ingress-${this.#next()}`;
    this.#nginx = {
      id,
      settings,
      config: configOf(command),
      running: false,
      files: new Map(),
      loaded: '',
      flag: '',
      workers: [],
    };
    return id;
  }

  async startIngress(id: string): Promise<void> {
    const nginx = this.#find(id);
    // As Docker does, in other words each time.
    if (this.faults.portTaken) throw new EngineError('PortTaken', `the port is taken, says ${id}`);
    nginx.running = true;
    this.#load(nginx);
    this.#tell();
  }

  async removeIngress(id: string): Promise<void> {
    if (this.#nginx?.id === id) this.#nginx = undefined;
    this.#tell();
  }

  async putFiles(id: string, files: readonly IngressFile[]): Promise<void> {
    for (const file of files) this.#find(id).files.set(file.path, file);
  }

  async readFile(id: string, path: string): Promise<string | undefined> {
    return read(this.#find(id), path);
  }

  async run(id: string, command: readonly string[]): Promise<CommandResult> {
    const nginx = this.#running(id);
    const config = command.includes('-t') ? read(nginx, configOf(command)) : undefined;
    const said = config === undefined ? undefined : this.faults.refuse?.(config);
    return said === undefined ? { exitCode: 0, output: '' } : { exitCode: 1, output: said };
  }

  /** Answers every question with nothing, as where there are no requests. */
  async *stream(
    id: string,
    _command: readonly string[],
    input: Readable,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer, CommandResult | null, void> {
    this.#running(id);
    const stop = (): void => void input.destroy();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    try {
      for await (const _ of input) yield Buffer.from('\n');
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
    return null;
  }

  async signalIngress(id: string, signal: string): Promise<void> {
    const nginx = this.#running(id);
    this.signals += 1;
    if (signal === 'SIGHUP' && !this.faults.ignoreReload) this.#load(nginx);
    this.#tell();
  }

  async processes(id: string): Promise<IngressProcess[]> {
    const workers = this.#running(id).workers.map((pid) => ({ pid, command: 'nginx: worker process' }));
    return [{ pid: 1, command: 'nginx: master process nginx' }, ...workers];
  }

  async ingressOutput(): Promise<string> {
    return '';
  }

  watchIngress(onChange: () => void): { close(): void } {
    this.#watchers.add(onChange);
    return { close: () => this.#watchers.delete(onChange) };
  }

  #load(nginx: MemoryNginx): void {
    nginx.loaded = read(nginx, nginx.config) ?? '';
    const slot = read(nginx, posix.join(posix.dirname(nginx.config), 'slot.conf'));
    nginx.flag = /^root (.+);$/m.exec(slot ?? '')?.[1] ?? '';
    nginx.workers = [this.#next(), this.#next()];
  }

  #find(id: string): MemoryNginx {
    if (this.#nginx?.id === id) return this.#nginx;
    throw new EngineError('ContainerNotFound', `there is no container ${id}`);
  }

  #running(id: string): MemoryNginx {
    const nginx = this.#find(id);
    if (nginx.running) return nginx;
    throw new EngineError('EngineRefused', `container ${id} is not running`);
  }

  #next(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

function configOf(command: readonly string[]): string {
  return command[command.indexOf('-c') + 1] ?? '';
}

/** A file's content, the link at its directory followed. */
function read({ files }: MemoryNginx, path: string): string | undefined {
  const slash = path.lastIndexOf('/');
  const directory = path.slice(0, slash);
  const link = files.get(directory);
  const target =
    link && 'linkTo' in link ? posix.join(directory, '..', link.linkTo, path.slice(slash)) : path;
  const file = files.get(target);
  return file && 'content' in file ? file.content : undefined;
}
