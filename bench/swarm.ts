import type Docker from 'dockerode';
import { EngineEvents } from './engine-events.ts';

const SECOND = 1e9;
const LOOK_MS = 50;

export interface ServiceOptions {
  name: string;
  image: string;
  replicas: number;
  parallelism: number;
  stopGraceSeconds: number;
  /** A program in the image that says by its exit code whether an instance works, and how often it is run. */
  check: { command: readonly string[]; periodSeconds: number } | null;
}

interface Task {
  ID: string;
  Slot: number;
  Status: { State: string; Timestamp: string; ContainerStatus?: { ContainerID: string } };
  Spec: { ContainerSpec: { Image: string } };
}

/** Docker Swarm on one node, as the yardstick of what AutoServe does with an application. */
export class Swarm {
  readonly #docker: Docker;
  #network = '';

  constructor(docker: Docker) {
    this.#docker = docker;
  }

  async start(): Promise<void> {
    await this.#docker.swarmInit({ ListenAddr: '127.0.0.1:2377', AdvertiseAddr: '127.0.0.1' });
    // `docker stack deploy` makes one too: on it services find each other by name, as AutoServe's applications do.
    this.#network = `bench-${process.pid}`;
    await this.#docker.createNetwork({ Name: this.#network, Driver: 'overlay', Attachable: true });
  }

  /** Makes a service and waits until all of its tasks run. */
  async create(options: ServiceOptions): Promise<SwarmService> {
    const { name, replicas } = options;
    const events = await EngineEvents.open(this.#docker, `com.docker.swarm.service.name=${name}`);
    await this.#docker.createService(this.#spec(options));
    const service = new SwarmService(this.#docker, name, events);
    await service.until(async () => (await service.running()).length === replicas);
    return service;
  }

  /** Begins an update and waits until it is over: see `SwarmService.updated`. */
  async update(service: SwarmService, options: ServiceOptions): Promise<number> {
    const handle = this.#docker.getService(service.name);
    const { Version } = (await handle.inspect()) as Docker.Service;
    const spec = this.#spec(options);
    const begin = Date.now();
    await handle.update({ ...spec, version: Version?.Index });
    return (await service.updated(options, begin)) - begin;
  }

  /** Nobody waits for waiting's sake: no delay between tasks, none before a restart, and the shortest monitor. */
  #spec(options: ServiceOptions): Docker.CreateServiceOptions {
    const { name, image, replicas, parallelism, stopGraceSeconds, check } = options;
    const healthcheck = check
      ? {
          Test: ['CMD', ...check.command],
          Interval: check.periodSeconds * SECOND,
          Timeout: 5 * SECOND,
          StartPeriod: 30 * SECOND,
          Retries: 3,
        }
      : { Test: ['NONE'] };
    return {
      Name: name,
      TaskTemplate: {
        ContainerSpec: {
          Image: image,
          Init: true,
          StopGracePeriod: stopGraceSeconds * SECOND,
          HealthCheck: healthcheck,
        },
        RestartPolicy: { Condition: 'any', Delay: 0 },
        Networks: [{ Target: this.#network }],
      },
      Mode: { Replicated: { Replicas: replicas } },
      UpdateConfig: { Parallelism: parallelism, Delay: 0, Monitor: 1, Order: 'start-first' },
    };
  }
}

export class SwarmService {
  readonly name: string;
  readonly events: EngineEvents;
  readonly #docker: Docker;

  constructor(docker: Docker, name: string, events: EngineEvents) {
    this.#docker = docker;
    this.name = name;
    this.events = events;
  }

  /** The tasks that run by Swarm's own word; of a service with a check, those that have passed it. */
  async running(): Promise<Task[]> {
    const filters = { service: [this.name], 'desired-state': ['running'] };
    const tasks = (await this.#docker.listTasks({ filters })) as Task[];
    return tasks.filter(({ Status }) => Status.State === 'running');
  }

  /** When an update was over: Swarm says so, all tasks are of the new image, and no container of the old one runs. */
  async updated({ image, replicas }: ServiceOptions, begin: number): Promise<number> {
    const handle = this.#docker.getService(this.name);
    let completedAt = Number.NaN;
    await this.until(async () => {
      const { UpdateStatus } = (await handle.inspect()) as Docker.Service;
      const { State, CompletedAt, StartedAt } = UpdateStatus ?? {};
      completedAt = Date.parse(CompletedAt ?? '');
      return State === 'completed' && Date.parse(StartedAt ?? '') >= begin - 1;
    });
    await this.until(async () => {
      const listed = await this.#docker.listContainers({
        filters: { label: [`com.docker.swarm.service.name=${this.name}`] },
      });
      const tasks = await this.running();
      return (
        listed.length === replicas &&
        tasks.length === replicas &&
        tasks.every(({ Spec }) => Spec.ContainerSpec.Image === image)
      );
    });
    const deaths = this.events.seen.filter(({ action, at }) => action === 'die' && at >= begin);
    return Math.max(completedAt, ...deaths.map(({ at }) => at));
  }

  /** Milliseconds from the death of a task's container, which is killed, to the moment its replacement runs. */
  async kill(slot: number): Promise<number> {
    const before = (await this.running()).find((task) => task.Slot === slot);
    const containerId = before?.Status.ContainerStatus?.ContainerID ?? '';
    const from = this.events.seen.length;
    await this.#docker.getContainer(containerId).kill();
    const death = await this.events.next(from, ({ action }) => action === 'die');
    let runs = Number.NaN;
    await this.until(async () => {
      const after = (await this.running()).find((task) => task.Slot === slot && task.ID !== before?.ID);
      runs = Date.parse(after?.Status.Timestamp ?? '');
      return after !== undefined;
    });
    return runs - death.at;
  }

  async until(reached: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 180_000;
    while (!(await reached())) {
      if (Date.now() > deadline) throw new Error(`Swarm did not get on with ${this.name}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async remove(): Promise<void> {
    await this.#docker.getService(this.name).remove();
    await this.until(async () => {
      const filters = { label: [`com.docker.swarm.service.name=${this.name}`] };
      return (await this.#docker.listContainers({ all: true, filters })).length === 0;
    });
    this.events.close();
  }
}
