/**
 * How long one thing that is asked of a browser may take, in ms. It is for what hangs: half a minute, which is what drivers
 * wait by themselves, passed on a machine whose time others had taken, and nothing was wrong but that.
 */
export const PATIENCE = 180_000;
