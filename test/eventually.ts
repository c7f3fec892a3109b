/** Polls `check` every so often until it stops throwing and returns its value; after `deadlineMs` throws its last error. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  deadlineMs = 20_000,
  everyMs = 25,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}
