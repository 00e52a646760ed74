/** How long the page's main thread is held while something runs. */

/** Longer than a frame, and than it takes the browser to tell of a long task. */
const AFTERWARDS_MS = 60;

/** A task of its own, behind those that wait. */
const turn = () => new Promise((resolve) => setTimeout(resolve, AFTERWARDS_MS));

/**
 * Runs `call` while messages to itself keep the thread's time: what is between two of them is one task, or several in a
 * row, so that the longest gap is at least the longest task. The browser tells of tasks from 50 ms on only.
 *
 * @param {() => Promise<unknown>} call
 * @returns {Promise<{ gap: number, task: number }>} In ms; 0 for a task if none was long.
 */
export async function watched(call) {
  let [task, gap] = [0, 0];
  // Whatever made the call ready is of another task.
  await turn();
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) task = Math.max(task, duration);
  });
  observer.observe({ type: "longtask" });

  const { port1, port2 } = new MessageChannel();
  let last = performance.now();
  port1.onmessage = () => {
    const now = performance.now();
    gap = Math.max(gap, now - last);
    last = now;
    port2.postMessage(undefined);
  };
  port2.postMessage(undefined);

  await call();
  await turn();
  port1.close();
  observer.disconnect();
  return { gap, task };
}
