// What both transports share about the event socket: its heartbeat, when to try again, and what a refusal means.

/**
 * A ping each `pingEveryMs`; silence of `silenceMs` is a dead link. Noticed at the latest after both together, below the
 * 5 s that a half-open link may last.
 */
export const HEARTBEAT = { pingEveryMs: 1_000, silenceMs: 3_000, text: 'Asterisk has not answered on the event socket for 3 s' } as const;

/** Quick while it can be a restart of Asterisk (0.6 to 0.8 s), then every 2 s for ever. */
const RECONNECT_MS = [20, 50, 100, 250, 500, 1_000, 2_000] as const;

/** Wait before attempt number `attempt` (0 = first) after a loss. */
export function reconnectDelayMs(attempt: number): number {
  return RECONNECT_MS[Math.min(attempt, RECONNECT_MS.length - 1)] ?? 2_000;
}

/** What an HTTP status in place of the socket says to the operator. */
export function refusalText(status: number): string {
  if (status === 401 || status === 403) return `Asterisk refused the ARI user or password (${status}). Check ARI_USER and ARI_PASSWORD against ari.conf`;
  if (status === 404) return 'The address answers, but has no ARI (404). Check ARI_URL, and enabled=yes in ari.conf';
  return `Asterisk answered ${status} to the event socket`;
}
