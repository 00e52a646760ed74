/** What is known of the remote tier. */
import { BytestowError } from "bytestow";

/** How the remote tier does; `code` is that of the error it failed with last. */
export type RemoteState = { is: "sought" | "absent" | "answers" | "retried" } | { is: "down"; code: string };

/** Whether it is the remote tier that failed: only errors of servers tell how often they were asked, or a status. */
export function isOfRemote(error: unknown): boolean {
  if (error instanceof DOMException) return error.name === "TimeoutError";
  return error instanceof BytestowError && (error.attempts !== undefined || error.status !== undefined);
}

/** The code of what the remote tier failed with. */
export function codeOf(error: unknown): string {
  return error instanceof BytestowError ? error.code : "timeout";
}
