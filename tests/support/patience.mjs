/**
 * How long a driver waits for a browser to start, or to do one thing that it is asked, in ms. It is for what hangs: drivers'
 * own half a minute is little where a machine's time is taken by others. Tests that say how soon something is to be there
 * have their own.
 */
export const PATIENCE = 180_000;
