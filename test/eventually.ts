const LONGEST_PAUSE_MS = 100;

/**
 * Polls `check` until it stops throwing and returns its value; after `deadlineMs` throws its last error. It asks again
 * after `everyMs`, and ever less often, down to ten times a second: who looks takes time from what is looked at.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  deadlineMs = 20_000,
  everyMs = 25,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (let pauseMs = everyMs; ; pauseMs = Math.max(everyMs, Math.min(LONGEST_PAUSE_MS, pauseMs * 1.2))) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
