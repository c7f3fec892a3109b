import type { Clock } from '../../clock.ts';
import type { Outbox } from '../../control/outbox.ts';
import type { Engine, ImagePullPolicy } from '../../engine/engine.ts';
import type { RevisionImage } from '../../store/revision-image.ts';
import type { NewEvent } from '../../store/store.ts';

/** How often, at most, those who listen are told how far a pull is; a shorter pull is over before it is told. */
const NOTICE_MS = 1_000;

export interface ImagePullerOptions {
  engine: Engine;
  outbox: Outbox;
  clock: Clock;
}

/** Whose image it is. */
export interface ImageOwner {
  name: string;
  uid: string;
  revision: number;
}

/**
 * Makes images present. How far a long pull is, is said and not written; what the image turned out to be is written once
 * for a revision, and again only when it is another one. Both are written before anything is made of the image, so that
 * a controller that is killed in between leaves nothing behind that has no record.
 */
export class ImagePuller {
  readonly #options: ImagePullerOptions;
  /** What was written last, by application. */
  readonly #recorded = new Map<string, RevisionImage>();

  constructor(options: ImagePullerOptions) {
    this.#options = options;
  }

  /** Throws what `Engine.resolveImage` and `Engine.imageDigest` throw, and what the database refuses. */
  async pull(
    { name, uid, revision }: ImageOwner,
    image: string,
    policy: ImagePullPolicy,
    signal: AbortSignal,
  ): Promise<void> {
    const { engine, outbox, clock } = this.#options;
    const begun = clock.now();
    let told = begun;
    // To ask a registry and hear that nothing is new is no download.
    let isDownloaded = false;
    const imageId = await engine.resolveImage(image, policy, signal, ({ percent }) => {
      isDownloaded ||= percent !== null;
      if (clock.now().getTime() - told.getTime() < NOTICE_MS) return;
      told = clock.now();
      this.#announce(name, image, percent);
    });
    const now = clock.now();
    const known = this.#recorded.get(name);
    const isKnown = known?.appUid === uid && known.revision === revision && known.imageId === imageId;
    if (isKnown && !isDownloaded) return;
    const record = { appUid: uid, revision, imageId, imageDigest: await engine.imageDigest(image) };
    const events = isDownloaded ? [imagePulled(name, image, record, begun, now)] : [];
    await outbox.write(async (store) => {
      await store.recordImage(record);
      await store.appendEvents(events);
    });
    this.#recorded.set(name, record);
  }

  /** There is no such application any more. */
  forget(name: string): void {
    this.#recorded.delete(name);
  }

  /** A courtesy: a pull neither waits for it nor fails by it. */
  #announce(appName: string, image: string, percent: number | null): void {
    this.#options.outbox
      .attempt((store) => store.announce({ appName, image, percent }))
      .catch(() => undefined);
  }
}

function imagePulled(
  appName: string,
  image: string,
  { appUid, revision, imageId, imageDigest }: RevisionImage,
  begun: Date,
  timestamp: Date,
): NewEvent {
  const durationMs = timestamp.getTime() - begun.getTime();
  return {
    eventType: 'deployment',
    eventCategory: 'application',
    reason: 'ImagePulled',
    appName,
    appUid,
    containerId: null,
    message: `image ${image} pulled in ${(durationMs / 1_000).toFixed(1)} s`,
    details: { image, revision, imageId, imageDigest, durationMs },
    severity: 'info',
    timestamp,
    source: 'controller',
  };
}
