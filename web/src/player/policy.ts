// What the player does after a fault. Pure: it is told what happened and when, and says what to do.

export type Fault =
  /** The decoder stumbled; it may be put on its feet again. */
  | { kind: 'media' }
  /** The server did not answer, or not well. */
  | { kind: 'network' }
  /** This browser has no decoder for what is sent. */
  | { kind: 'codec'; codec: string | null };

export type Verdict =
  | { do: 'recover' }
  | { do: 'rebuild'; afterMs: number }
  /** Nothing that the player does will help; it looks again after a while, in case the encoder changes. */
  | { do: 'refuse'; afterMs: number };

export interface RetryPolicy {
  /** A decoder is recovered this often before a new player is built. */
  recoveriesMax: number;
  /** Waits before each new player; the last one stays. */
  rebuildMs: readonly [number, ...number[]];
  /** A picture that played for so long was healthy: the next fault starts from the first wait. */
  healthyMs: number;
  /** Waits are spread by this share, so that viewers do not return all at once. */
  jitter: number;
  refusedMs: number;
}

export const POLICY: RetryPolicy = {
  recoveriesMax: 2,
  rebuildMs: [1000, 2000, 4000, 8000, 16000, 30000],
  healthyMs: 30_000,
  jitter: 0.5,
  refusedMs: 20_000,
};

/** Counts the faults of one picture. */
export class Retries {
  recoveries = 0;
  rebuilds = 0;
  /** Of all time, for the metrics row. */
  total = 0;
  #playingSince: number | null = null;

  constructor(
    private readonly policy: RetryPolicy = POLICY,
    private readonly random: () => number = Math.random,
  ) {}

  playing(now: number): void {
    this.#playingSince ??= now;
  }

  after(fault: Fault, now: number): Verdict {
    const { recoveriesMax, rebuildMs, healthyMs, jitter, refusedMs } = this.policy;
    if (this.#playingSince !== null && now - this.#playingSince > healthyMs) {
      this.recoveries = 0;
      this.rebuilds = 0;
    }
    this.total += 1;
    if (fault.kind === 'codec') return { do: 'refuse', afterMs: refusedMs };
    if (fault.kind === 'media' && this.recoveries < recoveriesMax) {
      this.recoveries += 1;
      return { do: 'recover' };
    }
    this.#playingSince = null;
    const wait = rebuildMs[Math.min(this.rebuilds, rebuildMs.length - 1)] ?? rebuildMs[0];
    this.rebuilds += 1;
    return { do: 'rebuild', afterMs: wait * (1 - jitter + 2 * jitter * this.random()) };
  }

  reset(): void {
    this.recoveries = 0;
    this.rebuilds = 0;
    this.total = 0;
    this.#playingSince = null;
  }
}

/** Calm after a stall before the picture goes back to live, in ms; and at most, where it stalled there again. */
export const CALM_MS = { first: 15_000, most: 240_000 } as const;

/**
 * How long calm must last after a stall. hls.js goes a second farther from live at each stall and stays there, so that
 * one hiccup would be felt to the end of a show. Where going back brought the next stall, the network asks for more patience.
 */
export class Nearness {
  #calmMs: number = CALM_MS.first;
  #backAt: number | null = null;

  /** A stall. How long calm must last from now on. */
  stalled(now: number): number {
    if (this.#backAt !== null) {
      const tooSoon = now - this.#backAt < CALM_MS.most;
      this.#calmMs = tooSoon ? Math.min(this.#calmMs * 2, CALM_MS.most) : CALM_MS.first;
      this.#backAt = null;
    }
    return this.#calmMs;
  }

  /** It lasted, and the picture goes back. */
  back(now: number): void {
    this.#backAt = now;
  }
}
