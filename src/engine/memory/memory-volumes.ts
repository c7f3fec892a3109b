import { EngineError, volumeName, type ContainerSpec, type ObservedVolume } from '../engine.ts';
import type { MemoryContainer } from './memory-world.ts';

interface MemoryVolume extends Omit<ObservedVolume, 'inUse'> {
  installation: string;
}

/** The named volumes of a world, by the engine's name. */
export class MemoryVolumes {
  readonly #containers: ReadonlyMap<string, MemoryContainer>;
  readonly #volumes = new Map<string, MemoryVolume>();

  constructor(containers: ReadonlyMap<string, MemoryContainer>) {
    this.#containers = containers;
  }

  /** Makes the volumes that a container needs. */
  addFor(installation: string, { identity: { app }, volumes }: ContainerSpec): void {
    for (const { source } of volumes) {
      if (!('volume' in source)) continue;
      const { volume } = source;
      const name = volumeName(installation, app, volume);
      this.#volumes.set(name, { name, installation, app, volume });
    }
  }

  list(owner: string): ObservedVolume[] {
    return [...this.#volumes.values()]
      .filter(({ installation }) => installation === owner)
      .map(({ name, app, volume }) => ({ name, app, volume, inUse: this.#inUse(name) }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** False when there is no such volume. */
  remove(owner: string, name: string): boolean {
    const volume = this.#volumes.get(name);
    if (volume && (volume.installation !== owner || this.#inUse(name))) {
      throw new EngineError('EngineRefused', `volume "${name}" is in use, or of another installation`);
    }
    return this.#volumes.delete(name);
  }

  #inUse(name: string): boolean {
    return [...this.#containers.values()].some(({ installation, spec }) =>
      spec.volumes.some(
        ({ source }) =>
          installation !== null &&
          'volume' in source &&
          volumeName(installation, spec.identity.app, source.volume) === name,
      ),
    );
  }
}
