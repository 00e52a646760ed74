/** Work that takes long is done in parts, between which the page has its turn. */

/** Lets the browser paint and handle input. A message, not a timer: timers that nest wait 4 ms each. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
