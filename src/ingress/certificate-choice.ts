import { createHash } from 'node:crypto';
import { AutoServeError } from '../error.ts';
import type { Certificate } from './certificate.ts';
import type { ConfigurationRefused } from './refusal.ts';

interface Refusal {
  app: string | null;
  error: AutoServeError;
}

/**
 * Which certificates nginx is given: those that are there now, but for each that it has refused the one of its host that
 * was in force before, or none. So one that nginx does not take holds up nothing else.
 */
export class CertificateChoice {
  /** By digest. */
  #refused = new Map<string, Refusal>();
  /** By host. */
  #inForce = new Map<string, Certificate>();

  choose(present: readonly Certificate[]): Certificate[] {
    const known = new Set([...present, ...this.#inForce.values()].map(digestOf));
    for (const digest of this.#refused.keys()) if (!known.has(digest)) this.#refused.delete(digest);
    return present.flatMap((certificate) => {
      const choice = this.#isRefused(certificate) ? this.#inForce.get(certificate.host) : certificate;
      return choice && !this.#isRefused(choice) ? [choice] : [];
    });
  }

  /** Gives up the certificate that nginx named, one of `chosen`. False when it named none of them. */
  giveUp({ app, host, message, cause }: ConfigurationRefused, chosen: readonly Certificate[]): boolean {
    const culprit = chosen.find((certificate) => certificate.host === host);
    if (!culprit) return false;
    const remedy = `${host} is served by the certificate that it had before, or without one; replace ${host}.crt and ${host}.key`;
    const error = new AutoServeError('ConfigurationRefused', message, { cause, remedy });
    this.#refused.set(digestOf(culprit), { app, error });
    return true;
  }

  /** nginx serves by these. */
  accept(chosen: readonly Certificate[]): void {
    this.#inForce = new Map(chosen.map((certificate) => [certificate.host, certificate]));
  }

  /** What is refused now. */
  get refusals(): Refusal[] {
    return [...this.#refused.values()];
  }

  #isRefused(certificate: Certificate): boolean {
    return this.#refused.has(digestOf(certificate));
  }
}

function digestOf({ host, certificate, key }: Certificate): string {
  return createHash('sha256')
    .update(JSON.stringify([host, certificate, key]))
    .digest('hex');
}
